"""Printed text as a terminal would show it: carriage returns overwrite, colours become CSS classes.

Pages have two schemes, so a colour is one of eight names with a shade for each scheme; of 256 colours, or of
16 million, the nearest one is used.
"""

from __future__ import annotations

import colorsys
import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
# by sixths of the hue circle, each centred on its colour
_HUES = ("red", "yellow", "green", "cyan", "blue", "magenta")
#: Escape sequences; links (OSC 8) keep their text.
_ORDER = re.compile(r"\x1b(?:\[(?P<given>[0-?]*)[ -/]*(?P<order>[@-~])|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")


@dataclass(frozen=True)
class Style:
    """Text style. Colours are names; empty means the ink or background of the page."""

    ink: str = ""
    ground: str = ""
    bold: bool = False
    italic: bool = False
    underlined: bool = False
    struck: bool = False
    inverse: bool = False

    @property
    def classes(self) -> str:
        """CSS classes: on a coloured background the ink is the page's, which is legible on all of them."""
        ground = (self.ink or "grey") if self.inverse else self.ground
        found = [f"mlblog-on-{ground}" if ground else f"mlblog-in-{self.ink}" if self.ink else ""]
        marks = ("bold", "italic", "underlined", "struck")
        return " ".join(filter(None, [*found, *(f"mlblog-{mark}" for mark in marks if getattr(self, mark))]))


Line = list[tuple[str, str]]  # pieces of text with CSS classes


def lines(text: str) -> list[Line]:
    """The lines on a terminal after writing `text`, without leading and trailing empty lines."""
    style, found = Style(), []
    for line in text.split("\n"):
        kept, style = _line(line.rstrip("\r"), style)
        found.append(kept)
    while found and not found[-1]:
        found.pop()
    start = next((number for number, line in enumerate(found) if line), 0)
    return found[start:]


def plain(shown: list[Line]) -> str:
    """Lines without their colours."""
    return "\n".join("".join(piece for piece, _ in line) for line in shown)


def coloured(shown: list[Line]) -> str:
    """Lines as HTML; empty if they have no colours."""
    if not any(classes for line in shown for _, classes in line):
        return ""
    return "\n".join("".join(_marked(piece, classes) for piece, classes in line) for line in shown)


def _marked(piece: str, classes: str) -> str:
    text = html.escape(piece, quote=False)
    return f'<span class="{classes}">{text}</span>' if classes else text


def _line(text: str, style: Style) -> tuple[Line, Style]:
    """One line after overwriting, and the style at its end."""
    if "\x1b" not in text:
        text = text.rpartition("\r")[2].rstrip()
        return ([(text, style.classes)] if text else []), style
    last, at, kept = text.rfind("\r"), 0, []
    for match in [*_ORDER.finditer(text), None]:
        end = len(text) if match is None else match.start()
        if piece := text[max(at, last + 1) : end]:  # text before the last return is overwritten
            kept.append((piece, style.classes))
        if match is not None:
            at = match.end()
            style = _styled(style, match["given"]) if match["order"] == "m" else style
    while kept and not kept[-1][0].rstrip():
        kept.pop()
    if kept:
        kept[-1] = (kept[-1][0].rstrip(), kept[-1][1])
    return kept, style


def _styled(style: Style, given: str) -> Style:
    """The style after an SGR sequence (ECMA-48, 8.3.117)."""
    codes = [int(code) if code.isdigit() else 0 for code in re.split("[;:]", given)]
    while codes:
        code = codes.pop(0)
        if code in (38, 48):
            part = "ink" if code == 38 else "ground"
            style = replace(style, **{part: _extended(codes)})  # type: ignore[arg-type]  # a name of a colour
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = replace(style, ink=_named(code % 10, is_bright=code >= 90))
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = replace(style, ground="" if code % 10 == 0 and code < 100 else _NAMES[code % 10])
        else:
            style = _CHANGES[code](style) if code in _CHANGES else style
    return style


_CHANGES: dict[int, Callable[[Style], Style]] = {
    0: lambda _: Style(),
    1: lambda style: replace(style, bold=True),
    3: lambda style: replace(style, italic=True),
    4: lambda style: replace(style, underlined=True),
    7: lambda style: replace(style, inverse=True),
    9: lambda style: replace(style, struck=True),
    22: lambda style: replace(style, bold=False),
    23: lambda style: replace(style, italic=False),
    24: lambda style: replace(style, underlined=False),
    27: lambda style: replace(style, inverse=False),
    29: lambda style: replace(style, struck=False),
    39: lambda style: replace(style, ink=""),
    49: lambda style: replace(style, ground=""),
}


def _named(number: int, *, is_bright: bool) -> str:
    """A colour's name; black and white map to the ink, since one of them is the background."""
    name = _NAMES[number]
    return "grey" if name == "black" and is_bright else "" if name in ("black", "white") else name


def _extended(codes: list[int]) -> str:
    """The name of a colour given as `5;n` or `2;r;g;b`, consumed from `codes`."""
    kind = codes.pop(0) if codes else 0
    if kind == 2:
        red, green, blue = (*codes, 0, 0, 0)[:3]
        del codes[:3]
        return _nearest(red, green, blue)
    number = codes.pop(0) if codes and kind == 5 else 0
    if number < 16:
        return _named(number % 8, is_bright=number >= 8)
    if number >= 232:
        return _nearest(*[8 + 10 * (number - 232)] * 3)
    levels = (0, 95, 135, 175, 215, 255)  # a 6 × 6 × 6 cube
    return _nearest(levels[(number - 16) // 36], levels[(number - 16) // 6 % 6], levels[(number - 16) % 6])


def _nearest(red: int, green: int, blue: int) -> str:
    hue, saturation, value = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    if saturation < 0.25 or value < 0.2:
        return "grey" if 0.3 < value < 0.75 else ""
    return _HUES[round(hue * 6) % 6]
