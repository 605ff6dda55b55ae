"""Attributes of images: fetched when they are near, with room reserved, and legible on a phone."""

from __future__ import annotations

import math
import re
import struct

#: Least size of lettering on a screen, in pixels.
LEGIBLE = 10
_SVG = re.compile(rb'<svg\b[^>]*? width="([\d.]+)pt" height="([\d.]+)pt"')
_PNG = b"\x89PNG\r\n\x1a\n"


def image_attributes(content: bytes = b"", lettering: str = "") -> str:
    """The attributes of an image, for Python-Markdown's attribute lists.

    `--legible` is the width at which the smallest text of a drawing has `LEGIBLE` pixels; the style sheet lets it
    scroll on screens that are narrower.

    Args:
        content: the image, if it is known.
        lettering: size of its smallest text in points, or empty.
    """
    found = ["loading=lazy"]
    found += [f"{name}={length}" for name, length in room(content).items()]
    if lettering and (size := _size(content)):
        found.append(f"style='--legible: {math.ceil(size[0] * LEGIBLE / float(lettering))}px'")
    return f"{{ {' '.join(found)} }}"


def room(content: bytes) -> dict[str, int]:
    """Width and height of an image in CSS pixels, by attribute; empty if they are unknown."""
    if not (size := _size(content)):
        return {}
    return {name: round(length * 4 / 3) for name, length in zip(("width", "height"), size, strict=True)}


def _size(content: bytes) -> tuple[float, float] | None:
    """Width and height in points; of a picture of pixels, 96 to the inch."""
    if match := _SVG.search(content[:2000]):
        return float(match[1]), float(match[2])
    if content.startswith(_PNG):
        width, height = struct.unpack(">II", content[16:24])
        return width * 0.75, height * 0.75
    return None
