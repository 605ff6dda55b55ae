"""A Matplotlib figure as two SVGs, for light and dark backgrounds.

Ink (black, white and greys) is mapped to the ink of the scheme; colours keep their hue and are moved towards black or
white only as far as contrast requires. Colours that encode data (images, colour maps) are unchanged, and so is text on
them.

Runs in the kernel process; imports Matplotlib.
"""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import Collection, QuadMesh
from matplotlib.colors import to_hex, to_rgba_array
from matplotlib.contour import ContourSet
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from mlblog.press.kernel.plotted import readings, table

# Background and ink of Material's two schemes; text on them must reach 4.5:1, lines 3:1 (WCAG 2.1, 1.4.3 and 1.4.11).
GROUND = {"light": np.array([1.0, 1.0, 1.0]), "dark": np.array([0x1E, 0x21, 0x29]) / 255}
INK = {"light": np.array([0.0, 0.0, 0.0]), "dark": np.array([0xE8, 0xEA, 0xEE]) / 255}
#: From a colour, shape (4,), and its required contrast to another colour.
Recolour = Callable[[np.ndarray, float], np.ndarray]
#: Resolution (dpi) of rasterised data: two pixels per screen pixel.
RASTER_DPI = 200
_GEOMETRY = re.compile(r' (?:d|x|y|points)="[^"]*"')
_LONG_NUMBER = re.compile(r"\d+\.\d{3,}")
_GREY = 0.08  # largest spread of the channels that still counts as ink


def draw(figure: Figure, *, raster: bool = False, within: Bbox | None = None) -> dict[str, Any]:
    """Draw `figure` for both schemes.

    Args:
        figure: what to draw.
        raster: whether to rasterise lines, points and areas; axes, labels and legends stay vectors.
        within: the box, in inches, that the picture shows; by default the one that holds what is drawn.

    Returns:
        `{"light": svg, "dark": svg, "data": csv, "lettering": points}`. `data` is empty if the figure has no lines or
        bars; `lettering` is the size of its smallest text, empty if it has none. A figure with lines has
        `interactive`, too: what the page reads out at the pointer.
    """
    before, canvas = figure.canvas, _Grounds(figure)
    data = [one for axes in figure.axes for one in (*axes.lines, *axes.collections, *axes.patches)] if raster else []
    were = [one.get_rasterized() for one in data]
    for one in data:
        one.set_rasterized(True)
    try:
        # The same bytes for the same figure: no date, no version, no random ids. Outlines look the same everywhere.
        with mpl.rc_context({"svg.hashsalt": "mlblog", "svg.fonttype": "path"}):
            figure.savefig(
                io.BytesIO(), format="svg", transparent=True, bbox_inches=within or "tight",
                metadata={"Date": None, "Creator": None}, dpi=RASTER_DPI if raster else "figure",
            )  # fmt: skip
    finally:
        figure.set_canvas(before)
        for one, was in zip(data, were, strict=True):
            one.set_rasterized(was)
    made: dict[str, Any] = {**canvas.drawn, "data": table(figure), "lettering": _lettering(figure)}
    if canvas.readings is not None:
        text = json.dumps(canvas.readings, ensure_ascii=False, separators=(",", ":"))
        made["interactive"] = {"kind": "lines", "files": {"values.json": text}}
    return made


def warm_up() -> None:
    """Draw a figure once, to load fonts and backends before the first fork."""
    figure = Figure()
    axes = figure.add_subplot(title="0", xlabel="0", ylabel="0")
    axes.plot([0.0, 1.0], [0.0, 1.0], label="0")
    axes.legend()
    draw(figure)


class _Grounds(FigureCanvasSVG):
    """Writes a figure for each background from a single layout pass; `savefig` would lay out again every time.

    Attributes:
        drawn: SVG by scheme.
        readings: what `plotted.readings` finds in the layout that is drawn.
    """

    def __init__(self, figure: Figure) -> None:
        super().__init__(figure)
        self.drawn: dict[str, str] = {}
        self.readings: dict[str, Any] | None = None

    def print_svg(self, filename: Any, *, bbox_inches_restore: Any = None, metadata: Any = None, **_: Any) -> None:
        """Called by `savefig`: first to find the drawing function, then to draw, when ticks and labels exist."""
        if bbox_inches_restore is None:
            super().print_svg(filename)  # type: ignore[no-untyped-call]  # untyped in Matplotlib
        options = {"bbox_inches_restore": bbox_inches_restore, "metadata": metadata}
        dpi, self.figure.dpi = self.figure.dpi, 72
        self.readings = readings(self.figure)
        self.figure.dpi = dpi
        if _has_pixels(self.figure):  # pixel colours cannot be replaced in the SVG
            for scheme in GROUND:
                self.drawn[scheme] = self._printed(functools.partial(on_ground, scheme), options)
        else:
            stand_ins = _StandIns()
            svg = self._printed(stand_ins.stand_in, options)
            self.drawn = {scheme: stand_ins.replaced(svg, scheme) for scheme in GROUND}

    def _printed(self, colour: Recolour, options: dict[str, Any]) -> str:
        dpi, self.figure.dpi = self.figure.dpi, 72  # SVG is drawn at 72 dpi, which affects the number of ticks
        restore = _recolour(self.figure, colour)
        self.figure.dpi = dpi  # for rasterised artists
        file = io.BytesIO()
        try:
            super().print_svg(file, **options)  # type: ignore[no-untyped-call]  # untyped in Matplotlib
        finally:
            self.figure.dpi = dpi  # `print_svg` sets it to 72
            for setter, value in reversed(restore):
                setter(value)
        return _short(file.getvalue().decode())


class _StandIns:
    """Placeholder colours, replaced for each background, so that the SVG is drawn only once."""

    def __init__(self) -> None:
        self._meant: dict[str, tuple[np.ndarray, float]] = {}
        self._found: dict[tuple[bytes, float], np.ndarray] = {}

    def stand_in(self, rgba: np.ndarray, minimum: float) -> np.ndarray:
        """The placeholder for `rgba`, with the same alpha."""
        key = rgba[:3].tobytes(), minimum
        if key not in self._found:
            # a step coprime to 2²⁴ visits each colour once; the start is an unlikely colour
            number = (0x5B2F11 + 0x9E3779 * len(self._found)) % (1 << 24)
            self._found[key] = np.array([number >> 16, number >> 8 & 255, number & 255]) / 255
            self._meant[f"#{number:06x}"] = (rgba, minimum)
        return np.append(self._found[key], rgba[3])

    def replaced(self, svg: str, scheme: str) -> str:
        """The SVG with each placeholder replaced by its colour in `scheme`."""
        meant = {name: to_hex(tuple(on_ground(scheme, rgba, minimum))) for name, (rgba, minimum) in self._meant.items()}
        return re.sub("#[0-9a-f]{6}", lambda found: meant.get(found[0], found[0]), svg)


def _short(svg: str) -> str:
    """The SVG with its geometry to a hundredth of a point: half as large, and no eye sees it."""
    return _GEOMETRY.sub(lambda found: _LONG_NUMBER.sub(lambda number: f"{float(number[0]):.2f}", found[0]), svg)


def _has_pixels(figure: Figure) -> bool:
    return any(axes.get_rasterization_zorder() is not None for axes in figure.axes) or any(
        artist.get_rasterized() or artist.get_agg_filter() is not None for artist in figure.findobj()
    )


def _recolour(figure: Figure, colour: Recolour) -> list[tuple[Callable[[Any], Any], Any]]:
    """Recolour each artist that adapts to the background; return undo steps, to be applied in reverse."""
    restore: list[tuple[Callable[[Any], Any], Any]] = []

    def swap(get: Callable[[], Any], put: Callable[[Any], Any], minimum: float) -> None:
        old = get()
        if isinstance(old, str) and old in ("none", "auto"):
            return
        rgba = to_rgba_array(old)
        new = np.array([colour(one, minimum) for one in rgba])
        if len(new) and not np.array_equal(new, rgba):
            restore.append((put, old))
            put(new if np.ndim(old) == 2 else tuple(new[0]))

    def recolour_area(area: Patch | Collection) -> None:
        edges = getattr(
            area, "_edgecolors", None
        )  # raw: the getter resolves "face", which must keep following the face
        swap(area.get_facecolor, area.set_facecolor, 1.0)
        if not (isinstance(edges, str) and edges == "face"):
            swap(area.get_edgecolor, area.set_edgecolor, 1.0)

    artists = figure.findobj()
    # `findobj` does not reach the arrow of an annotation
    arrows = [arrow for artist in artists if (arrow := getattr(artist, "arrow_patch", None)) is not None]
    for artist in [*artists, *arrows]:
        if isinstance(artist, Text):
            if _is_on_data(artist):
                continue
            swap(artist.get_color, artist.set_color, 4.5)
        elif isinstance(artist, Line2D):
            # raw values: the getters resolve "auto", which must keep following the line
            markers = artist._markerfacecolor, artist._markeredgecolor  # type: ignore[attr-defined]
            swap(lambda found=markers[0]: found, artist.set_markerfacecolor, 3.0)  # type: ignore[misc]
            swap(lambda found=markers[1]: found, artist.set_markeredgecolor, 3.0)  # type: ignore[misc]
            swap(artist.get_color, artist.set_color, 3.0)
        elif isinstance(artist, ContourSet) and artist.colors is not None:
            restore.append((artist.set_array, artist.get_array()))
            artist.set_array(None)  # its levels, which would bring back the colours that were given for them
            recolour_area(artist)
        elif isinstance(artist, Patch) or (isinstance(artist, Collection) and artist.get_array() is None):
            recolour_area(artist)
    return restore


def _is_on_data(text: Text) -> bool:
    """Whether a text lies on opaque cells or pixels, which have the same colours in both schemes."""
    axes = text.axes
    if axes is None or text not in axes.texts or not text.get_text():
        return False
    box = text.get_window_extent()
    centre = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    cells = [one for one in axes.collections if isinstance(one, QuadMesh) and one.get_alpha() in (None, 1)]
    grounds = [*cells, *(image for image in axes.images if _is_opaque(image))]
    return any(one.get_visible() and one.get_window_extent().contains(*centre) for one in grounds)


def _is_opaque(image: AxesImage) -> bool:
    shades = image.get_array()
    if shades is None or image.get_alpha() not in (None, 1):
        return False
    has_alpha = shades.ndim == 3 and shades.shape[2] == 4
    return not has_alpha or bool(shades[..., 3].min() == (255 if shades.dtype == np.uint8 else 1))


def on_ground(scheme: str, rgba: np.ndarray, minimum: float) -> np.ndarray:
    """The counterpart of `rgba` on a scheme's background.

    Args:
        scheme: `light` or `dark`.
        rgba: shape (4,), each in [0, 1].
        minimum: contrast with the background that a colour (not a grey) must reach.

    Returns:
        Shape (4,); alpha is kept.
    """
    colour, ground, ink = rgba[:3], GROUND[scheme], INK[scheme]
    if np.ptp(colour) <= _GREY:
        if scheme == "light":
            return rgba
        level = colour.mean()  # black → ink, white → background, greys between
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


def _lettering(figure: Figure) -> str:
    sizes = [text.get_fontsize() for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return f"{min(sizes):g}" if sizes else ""
