"""Fences in Markdown, as SuperFences finds them: before all else, and without regard to what they are nested in.

Those in indented code and in comments are no fences after all, which `blocks` and `raw` know.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mlblog.markup.lines import index_at

_OPENING = re.compile(r"(?P<prefix>[ >]*)(?P<marks>`{3,}(?=[^`]*$)|~{3,}) *(?P<info>.*?) *")


@dataclass(frozen=True)
class Fence:
    """Lines `start` to `end` (from 0, `end` exclusive), with their marks, info and content.

    Attributes:
        prefix: indentation and quote marks before it.
        broken: the line that is indented less than the fence, or the end of the text; None if the fence is closed.
            A broken fence is one line of text.
    """

    start: int
    end: int
    prefix: str
    marks: str
    info: str
    content: tuple[str, ...]
    broken: int | None = None


def find_fences(raw: Sequence[str], wide: Sequence[str]) -> list[Fence]:
    """The fences of a text, in order.

    Args:
        raw: its lines.
        wide: the same lines, widened.
    """
    found: list[Fence] = []
    row = 0
    while row < len(wide):
        line = wide[row]
        opening = _OPENING.fullmatch(line) if "```" in line or "~~~" in line else None
        row += 1
        if opening is None:
            continue
        start, marks, width = row - 1, opening["marks"], len(opening["prefix"])
        row, closed = _end(wide, row, opening["prefix"], marks)
        prefix = raw[start][: index_at(raw[start], width)[0]]
        if closed:
            content = tuple(_dedented(line, width) for line in raw[start + 1 : row])
            row += 1
            found.append(Fence(start, row, prefix, marks, opening["info"], content))
        else:
            found.append(Fence(start, start + 1, prefix, marks, opening["info"], (), broken=row))
            row += 1
    return found


def _end(wide: Sequence[str], row: int, prefix: str, marks: str) -> tuple[int, bool]:
    """The line that closes a fence, and True; or the line that breaks it, and False."""
    width, quotes = len(prefix), prefix.count(">")
    if not prefix:
        closing = (at for at in range(row, len(wide)) if wide[at].startswith(marks) and wide[at].rstrip(" ") == marks)
        return next(((at, True) for at in closing), (len(wide), False))
    blank = False  # whether a blank line came before
    for at in range(row, len(wide)):
        line = wide[at]
        content = line[:width].lstrip(" >") + line[width:]
        margin = line[: len(line) - len(content)]
        level = margin.count(">")
        if level > quotes:
            return at, False
        if not (content if quotes else line.strip()):
            blank = True
        elif len(margin) < width or (blank and level < quotes):
            return at, False
        elif content.rstrip(" ") == marks:
            return at, True
        else:
            blank = False
    return len(wide), False


def _dedented(line: str, width: int) -> str:
    index, between = index_at(line, width)
    return " " * between + line[index:]
