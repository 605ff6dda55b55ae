"""An SVG by Vega with its letters as outlines, so that it looks the same everywhere, as Matplotlib's do.

Runs in the kernel process; imports Matplotlib.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.textpath import TextPath, text_to_path

_SVG = "{http://www.w3.org/2000/svg}"
_STEPS = {Path.MOVETO: "M", Path.LINETO: "L", Path.CURVE3: "Q", Path.CURVE4: "C", Path.CLOSEPOLY: "Z"}
_SHARES = {"start": 0.0, "middle": 0.5, "end": 1.0}
_KEPT = ("fill", "opacity", "fill-opacity")
_UNITS = 100  # of letters; as in the drawings of Matplotlib, whose letters are scaled to their size
ElementTree.register_namespace("", _SVG[1:-1])


def outlined(svg: str, face: str) -> tuple[str, str]:
    """Outline the letters of an SVG.

    Args:
        svg: as Vega writes it, in pixels, which are taken as points: a page gives figures its own width.
        face: the family of the letters.

    Returns:
        The SVG, its size in points, and the size of its smallest text in points; empty if it has none.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314  # Vega's own
    for side in ("width", "height"):
        root.set(side, f"{root.get(side)}pt")
    sizes = []
    for parent in list(root.iter()):
        for name in [name for name in parent.attrib if name.startswith("aria-") or name in ("role", "class")]:
            del parent.attrib[name]
        for place, child in enumerate(list(parent)):
            if child.tag == f"{_SVG}text":
                sizes.append(float(child.get("font-size", "11px").removesuffix("px")))
                parent[place] = _outline(child, sizes[-1], face)
    return ElementTree.tostring(root, encoding="unicode"), f"{min(sizes):g}" if sizes else ""


def _outline(text: Element, size: float, face: str) -> Element:
    weight = text.get("font-weight", "normal")
    style: Any = text.get("font-style", "normal")
    font = FontProperties(
        family=[face, "DejaVu Sans"], size=_UNITS, style=style, weight=int(weight) if weight.isdigit() else weight
    )
    share, scale = _SHARES[text.get("text-anchor", "start")], size / _UNITS
    steps = [step for line, down in _lines(text) for step in _steps(line, font, share, down / scale)]
    kept = {name: text.attrib[name] for name in _KEPT if name in text.attrib}
    moved = f"{text.get('transform', 'translate(0,0)')} scale({scale:g} -{scale:g})"
    return Element(f"{_SVG}path", {**kept, "transform": moved, "d": "".join(steps)})


def _lines(text: Element) -> Iterator[tuple[str, float]]:
    """The lines of a text, and how far each is below the first."""
    down = 0.0
    if text.text:
        yield text.text, down
    for line in text:
        down += float(line.get("dy", "0"))
        yield line.text or "", down


def _steps(line: str, font: FontProperties, share: float, down: float) -> Iterator[str]:
    width = text_to_path.get_text_width_height_descent(line, font, ismath=False)[0]
    path = TextPath((0, 0), line.replace("$", r"\$"), prop=font)
    for points, code in path.iter_segments(simplify=False):
        pairs = points.reshape(-1, 2)
        at = " ".join(f"{x - share * width:.0f} {y - down:.0f}" for x, y in pairs)
        yield "Z" if code == Path.CLOSEPOLY else f"{_STEPS[code]}{at}"
