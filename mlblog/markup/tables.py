"""The cells of a table: pipes that are not in code part them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mlblog.markup.lines import Line

_SIGNS = re.compile(r"\\\\|(\\?)(`+)|\\\||(\|)")


def cells(block: Sequence[Line]) -> list[Line] | None:
    """The cells of a table without those of the line of dashes; None if the block is no table."""
    if len(block) < 2 or ("|" not in block[1].text and "|" not in block[0].text):
        return None
    head, dashes = block[0].text.strip(" "), block[1].text.strip(" ")
    if not set(dashes) <= set("|:- "):
        return None
    left, right = head.startswith("|"), _ends_in_pipe(head)
    bordered = left or right
    count = len(_row(block[0], bordered))
    if count == 1 and not (
        bordered and all(line.text.strip(" ")[0] == "|" or _ends_in_pipe(line.text.strip(" ")) for line in block[1:])
    ):
        return None
    if len(_row(block[1], bordered)) != count:
        return None
    return [cell for line in (block[0], *block[2:]) for cell in _row(line, bordered)[:count]]


def _ends_in_pipe(row: str) -> bool:
    return bool(re.search(r"(?<!\\)(?:\\\\)*\|$", row))


def _row(line: Line, bordered: bool) -> list[Line]:
    text = line.text.rstrip(" ")
    start = len(text) - len(text.lstrip(" "))
    if bordered:
        start += text[start : start + 1] == "|"
        text = text[:-1] if _ends_in_pipe(text[start:]) else text
    return [Line(line.row, line.column + at, text[at:end]) for at, end in _parts(text, start)]


def _parts(text: str, start: int) -> list[tuple[int, int]]:
    signs = [sign for sign in _SIGNS.finditer(text, start) if sign[2] or sign[3]]
    found, at = [], 0
    while at < len(signs):
        sign = signs[at]
        at += 1
        if sign[3]:
            found.append((start, sign.start()))
            start = sign.end()
        elif size := len(sign[2]) - len(sign[1]):
            # of the signs behind, the first that closes this run
            closing = next((i for i in range(at, len(signs)) if len(signs[i][2] or "") == size), None)
            at = at if closing is None else closing + 1
    return [*found, (start, len(text))]
