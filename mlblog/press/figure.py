"""A Matplotlib figure as two SVGs, for a light and for a dark ground, from one figure object.

Ink (black, white and greys) is mapped to the ground's own ink; colours keep their hue and are moved towards black or
white only as far as contrast needs. What is coloured by data (images, colour maps) is left as it is.

Runs in the process of the cells: imports Matplotlib.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.collections import Collection
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

# Ground and ink of Material's two schemes; text on them must reach 4.5:1, lines 3:1 (WCAG 2.1, 1.4.3 and 1.4.11).
GROUND = {"light": np.array([1.0, 1.0, 1.0]), "dark": np.array([0x1E, 0x21, 0x29]) / 255}
INK = {"light": np.array([0.0, 0.0, 0.0]), "dark": np.array([0xE8, 0xEA, 0xEE]) / 255}
_GREY = 0.08  # largest spread of the channels that still counts as ink


def draw(figure: Figure) -> dict[str, str]:
    """Draw `figure` for both schemes.

    Returns:
        `{"light": svg, "dark": svg, "data": csv}`; `data` is empty where the figure has no lines or bars.
    """
    figure.draw_without_rendering()  # makes ticks and labels, so that they can be recoloured
    return {**{scheme: _svg(figure, scheme) for scheme in GROUND}, "data": _data(figure)}


def warm_up() -> None:
    """Draw once what every figure has, so that fonts and backends are read before the first fork."""
    figure = Figure()
    axes = figure.add_subplot(title="0", xlabel="0", ylabel="0")
    axes.plot([0.0, 1.0], [0.0, 1.0], label="0")
    axes.legend()
    draw(figure)


def _svg(figure: Figure, scheme: str) -> str:
    restore = _recolour(figure, scheme)
    file = io.BytesIO()
    try:
        # The same bytes for the same figure: no date, no version, no random ids.
        with mpl.rc_context({"svg.hashsalt": "mlblog", "svg.fonttype": "none"}):
            figure.savefig(
                file, format="svg", transparent=True, bbox_inches="tight", metadata={"Date": None, "Creator": None}
            )
    finally:
        for setter, value in reversed(restore):
            setter(value)
    return file.getvalue().decode()


def _recolour(figure: Figure, scheme: str) -> list[tuple[Callable[[Any], Any], Any]]:
    restore: list[tuple[Callable[[Any], Any], Any]] = []

    def swap(get: Callable[[], Any], put: Callable[[Any], Any], minimum: float) -> None:
        old = get()
        if isinstance(old, str) and old in ("none", "auto"):
            return
        rgba = to_rgba_array(old)
        new = np.array([on_ground(colour, scheme, minimum) for colour in rgba])
        if len(new) and not np.array_equal(new, rgba):
            restore.append((put, old))
            put(new if np.ndim(old) == 2 else tuple(new[0]))

    artists = figure.findobj()
    # the arrow of an annotation is nobody's child
    arrows = [arrow for artist in artists if (arrow := getattr(artist, "arrow_patch", None)) is not None]
    for artist in [*artists, *arrows]:
        if isinstance(artist, Text):
            swap(artist.get_color, artist.set_color, 4.5)
        elif isinstance(artist, Line2D):
            # as they were set: the getters resolve "auto", which follows the line and must go on to
            markers = artist._markerfacecolor, artist._markeredgecolor  # type: ignore[attr-defined]
            swap(lambda found=markers[0]: found, artist.set_markerfacecolor, 3.0)  # type: ignore[misc]
            swap(lambda found=markers[1]: found, artist.set_markeredgecolor, 3.0)  # type: ignore[misc]
            swap(artist.get_color, artist.set_color, 3.0)
        elif isinstance(artist, Patch) or (isinstance(artist, Collection) and artist.get_array() is None):
            swap(artist.get_facecolor, artist.set_facecolor, 1.0)
            swap(artist.get_edgecolor, artist.set_edgecolor, 1.0)
    return restore


def on_ground(rgba: np.ndarray, scheme: str, minimum: float) -> np.ndarray:
    """The colour that does on a scheme's ground what `rgba` does on white.

    Args:
        rgba: shape (4,), each in [0, 1].
        scheme: `light` or `dark`.
        minimum: contrast with the ground that a colour (not a grey) must reach.

    Returns:
        Shape (4,); alpha is kept.
    """
    colour, ground, ink = rgba[:3], GROUND[scheme], INK[scheme]
    if np.ptp(colour) <= _GREY:
        if scheme == "light":
            return rgba
        level = colour.mean()  # black → ink, white → ground, greys between
        return np.append(ink + (ground - ink) * level, rgba[3])
    for share in np.linspace(0, 1, 41):
        mixed = colour + (ink - colour) * share
        if contrast(mixed, ground) >= minimum:
            break
    return np.append(mixed, rgba[3])


def contrast(a: np.ndarray, b: np.ndarray) -> float:
    """Contrast ratio of two sRGB colours, shape (3,), between 1 and 21 (WCAG 2.1)."""

    def luminance(colour: np.ndarray) -> float:
        linear = np.where(colour <= 0.04045, colour / 12.92, ((colour + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _data(figure: Figure) -> str:
    """Lines and bars as CSV (panel, series, x, y); numbers in full precision."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    rows = 0
    writer.writerow(["panel", "series", "x", "y"])
    for panel, axes in enumerate(figure.axes, 1):
        titles = (axes.get_title(loc) for loc in ("left", "center", "right"))
        name = next(filter(None, titles), str(panel))
        for line in axes.get_lines():
            label = str(line.get_label())
            if line.get_transform() != axes.transData or (label.startswith("_") and not label.startswith("_child")):
                continue  # a rule across the axes, not data
            for x, y in np.asarray(line.get_xydata(), dtype=float):
                rows += 1
                writer.writerow([name, label.removeprefix("_child"), float(x), float(y)])
        for bars in axes.containers:
            for bar in getattr(bars, "patches", ()):
                rows += 1
                writer.writerow([name, bars.get_label(), bar.get_x() + bar.get_width() / 2, bar.get_height()])
    return file.getvalue() if rows else ""
