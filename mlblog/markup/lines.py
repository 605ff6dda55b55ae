"""Lines of Markdown, whose tabs reach to every fourth column."""

from __future__ import annotations

from typing import NamedTuple


class Line(NamedTuple):
    """What is left of a line inside of its containers: the row, from 0, the column where it starts, and the text."""

    row: int
    column: int
    text: str

    def cut(self, width: int) -> Line:
        """The line without its first `width` signs."""
        return Line(self.row, self.column + width, self.text[width:])


def widened(line: str) -> str:
    """The line as Markdown sees it: tabs expanded, and no signs that stand for something in `blocks`."""
    line = line.expandtabs(4) if "\t" in line else line
    return line.translate(_RESERVED) if "\x02" in line or "\x03" in line else line


_RESERVED = {2: "\ufffd", 3: "\ufffd"}


def index_at(line: str, column: int) -> tuple[int, int]:
    """Where a column is in a line with tabs: an index, and the columns between, if the column is within a tab."""
    if "\t" not in line[:column]:
        return min(column, len(line)), 0
    reached = 0
    for index, sign in enumerate(line):
        if reached >= column:
            return index, reached - column
        reached += 4 - reached % 4 if sign == "\t" else 1
    return len(line), max(0, reached - column)
