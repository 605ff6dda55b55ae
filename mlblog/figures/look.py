"""Style, bands over seeds, labels at the lines they name."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from cycler import cycler
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.text import Text

#: Okabe and Ito's colours, without yellow (too light on white) and black (kept for baselines).
COLOURS = {
    "blue": "#0072B2",
    "vermilion": "#D55E00",
    "green": "#009E73",
    "purple": "#CC79A7",
    "orange": "#E69F00",
    "sky": "#56B4E9",
}
#: The face of the lettering: that of the pages' labels, Source Sans 3.
FACE = "Lettering"
#: The folder of its files.
LETTERING = Path(__file__).with_name("lettering")
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)), (0, (9, 2)), (0, (3, 3)))


def style() -> None:
    """Set Matplotlib's defaults for the figures of a post; call it once, before the first.

    Example:
        >>> with mpl.rc_context():
        ...     style()
        ...     mpl.rcParams["axes.spines.top"]
        False
    """
    add_lettering()
    mpl.rcParams.update(
        {
            "figure.figsize": (5.6, 3.3),  # inches; the page scales it to its column, where 11 pt are as tall as text
            "figure.constrained_layout.use": True,
            "font.family": [FACE, "DejaVu Sans"],  # for letters that ours lacks; it comes with Matplotlib
            "font.size": 11.0,
            "mathtext.fontset": "custom",
            "mathtext.rm": FACE,
            "mathtext.it": f"{FACE}:italic",
            "mathtext.bf": f"{FACE}:bold",
            "mathtext.sf": FACE,
            "mathtext.tt": "DejaVu Sans Mono",
            "mathtext.cal": f"{FACE}:italic",
            "mathtext.fallback": "stixsans",
            "axes.titlesize": 11.5,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.prop_cycle": cycler(color=list(COLOURS.values())) + cycler(linestyle=_DASHES),
            "grid.color": "#d9d9d9",
            "grid.linewidth": 0.6,
            "lines.linewidth": 2.0,
            "legend.frameon": False,
        }
    )


def add_lettering() -> None:
    """Let Matplotlib find the face of the lettering."""
    if FACE not in font_manager.get_font_names():
        for path in sorted(LETTERING.glob("*.ttf")):
            font_manager.fontManager.addfont(path)


def band(
    ax: Axes,
    x: np.ndarray,
    values: np.ndarray,
    label: str,
    *,
    interval: tuple[np.ndarray, np.ndarray] | None = None,
    **line: object,
) -> Line2D:
    """Draw the mean over seeds as a line and its spread as a band.

    Args:
        ax: where to draw.
        x: shape (n,).
        values: shape (seeds, n); one row a seed.
        label: of the line; `label_lines` writes it at the line's end.
        interval: low and high ends of the band, each of shape (n,), such as `runs.interval(...)`; the band is the range
            from the lowest to the highest seed where none is given. The caption should say which it is.
        line: passed on to `Axes.plot`.

    Returns:
        The line of the mean.

    Raises:
        ValueError: the shapes do not fit.
    """
    x, values = np.asarray(x), np.asarray(values, dtype=float)
    if values.ndim != 2 or x.shape != values.shape[1:]:
        raise ValueError(f"band needs x of shape (n,) and values of shape (seeds, n), got {x.shape} and {values.shape}")
    low, high = interval if interval is not None else (values.min(axis=0), values.max(axis=0))
    if np.shape(low) != x.shape or np.shape(high) != x.shape:
        raise ValueError(f"the interval must have the shape of x, {x.shape}, got {np.shape(low)} and {np.shape(high)}")
    (drawn,) = ax.plot(x, values.mean(axis=0), label=label, **line)  # type: ignore[arg-type]
    ax.fill_between(x, low, high, color=drawn.get_color(), alpha=0.2, linewidth=0)
    return drawn


def label_lines(ax: Axes, *, gap: float = 1.4) -> list[Text]:
    """Write each line's label at its right end, in its colour, in place of a legend.

    Labels that would overlap are moved apart vertically. Call it when limits and scales are set.

    Args:
        ax: its lines with a label are labelled; those without, or with one that starts with `_`, are not.
        gap: least distance between two labels, in heights of the text.

    Returns:
        The labels, from the lowest to the highest.
    """
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.draw_without_rendering()  # lays the axes out: distances are those of the page
    ends: list[tuple[float, np.ndarray, Line2D]] = []  # height in pixels, point in data, line
    for line in ax.get_lines():
        points = np.asarray(line.get_xydata(), dtype=float)
        points = points[np.isfinite(points).all(axis=1)]
        if len(points) and not str(line.get_label()).startswith("_"):
            end = points[np.argmax(points[:, 0])]
            ends.append((float(ax.transData.transform(end)[1]), end, line))
    ends.sort(key=lambda end: end[0])
    height = gap * float(mpl.rcParams["font.size"]) * figure.dpi / 72
    at = spread(np.array([pixel for pixel, _, _ in ends]), height)
    return [
        ax.annotate(
            str(line.get_label()),
            xy=(end[0], end[1]),
            xytext=(6, (y - pixel) * 72 / figure.dpi),
            textcoords="offset points",
            color=line.get_color(),
            va="center",
            annotation_clip=False,
        )
        for (pixel, end, line), y in zip(ends, at, strict=True)
    ]


def spread(at: np.ndarray, gap: float) -> np.ndarray:
    """Move ascending positions apart until neighbours are `gap` apart, each group about its own centre.

    Args:
        at: shape (n,), ascending.
        gap: least distance.

    Returns:
        Shape (n,), ascending.

    Example:
        >>> spread(np.array([0.0, 1.0, 9.0]), 2.0).tolist()
        [-0.5, 1.5, 9.0]
    """
    groups = [[float(y)] for y in at]

    def placed(group: list[float]) -> np.ndarray:
        return np.mean(group) + gap * (np.arange(len(group)) - (len(group) - 1) / 2)

    i = 0
    while i < len(groups) - 1:
        low, high = placed(groups[i]), placed(groups[i + 1])
        if high[0] - low[-1] < gap - 1e-9:
            groups[i : i + 2] = [groups[i] + groups[i + 1]]
            i = max(0, i - 1)  # the larger group may now touch the one below
        else:
            i += 1
    return np.concatenate([placed(group) for group in groups]) if groups else np.zeros(0)


def reference(ax: Axes, y: float, label: str) -> Text:
    """Draw a level to compare with, such as a baseline or an exact value, and name it above its right end."""
    ax.axhline(y, color="black", linewidth=1.0, linestyle=(0, (2, 2)), label=f"_{label}")
    return ax.annotate(
        label, (1.0, y), xycoords=("axes fraction", "data"), xytext=(0, 3), textcoords="offset points", ha="right"
    )
