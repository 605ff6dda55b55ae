"""What each part of a Markdown text is to the page: one reading for all who look for something in it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal, NamedTuple

from mlblog.errors import PostError
from mlblog.markup.blocks import FENCE, RAW, find_blocks
from mlblog.markup.fences import Fence, find_fences
from mlblog.markup.inline import find_spans
from mlblog.markup.lines import Line, index_at, widened
from mlblog.markup.raw import find_raw

Kind = Literal["fence", "indented", "comment", "html", "formula", "code", "maths", "escape", "tag"]
#: What shows its source, or nothing.
VERBATIM: tuple[Kind, ...] = ("fence", "indented", "comment", "html", "code")

_WIDE = re.compile("[\t\x02\x03]")


class Token(NamedTuple):
    """A part of the text from `start` to `end` that is not plain text.

    Attributes:
        kind: `indented` and `code` are blocks and spans of code, `formula` and `maths` of mathematics; `html` is an
            element that starts a line, `tag` a tag within text, or a link or the like written in HTML.
        content: of a span of code, what is between the backticks.
    """

    kind: Kind
    start: int
    end: int
    content: str = ""


class Heading(NamedTuple):
    """A heading on line `row`, from 0; its text is not converted."""

    row: int
    level: int
    text: str


@dataclass(frozen=True)
class Scan:
    """A text, read.

    Attributes:
        text: Markdown.
        tokens: what is not plain text, in order; none overlap.
        fences: the fences, in order, as lines.
        defined: the first lines of fences in definition lists.
        headings: the headings, in order.
        starts: where each line starts, and the end.
        broken: the first fence that is none: not closed, or in the same paragraph as indented code; or None.
    """

    text: str
    tokens: tuple[Token, ...]
    fences: tuple[Fence, ...]
    defined: frozenset[int]
    headings: tuple[Heading, ...]
    starts: Sequence[int]
    broken: Fence | None

    def without(self, *kinds: Kind, blank: str = "\x00") -> str:
        """The text with tokens of these kinds (if none are given, of all) blanked out, sign by sign; line ends stay."""
        pieces, at = [], 0
        for token in self.tokens:
            if not kinds or token.kind in kinds:
                hidden = self.text[token.start : token.end].split("\n")
                pieces += [self.text[at : token.start], "\n".join(blank * len(line) for line in hidden)]
                at = token.end
        return "".join([*pieces, self.text[at:]]) if pieces else self.text

    def row(self, offset: int) -> int:
        """The line of an offset, from 0."""
        return bisect_right(self.starts, offset) - 1

    def refuse_broken(self, path: str, first_line: int) -> None:
        """Raise an error if a fence is broken.

        Args:
            path: of the file.
            first_line: the line of the file, from 1, where the text starts.

        Raises:
            PostError: with the line.
        """
        fence = self.broken
        if fence is None:
            return
        start = first_line + fence.start
        if fence.broken is None:
            raise PostError(path, start, "this fence is read as part of the indented code above; add a blank line")
        if fence.broken > self.row(len(self.text)):
            close = fence.prefix + fence.marks
            raise PostError(path, start, f"this fence is not closed; end it with a line {close!r}")
        line = first_line + fence.broken
        raise PostError(path, line, f"this line is indented less than its fence, opened on line {start}")


def scan(text: str, *, part: bool = False, prose: bool = False) -> Scan:
    """Read Markdown as Python-Markdown does with the extensions of `mkdocs.yml`.

    Args:
        text: the Markdown.
        part: whether it may begin inside of a list item, an admonition or the like; then what is indented from the
            first line on is no code.
        prose: whether it is known to hold no indented code.

    Example:
        >>> [(token.kind, token.start, token.end) for token in scan("a `b` $c$ `` ` ``").tokens]
        [('code', 2, 5), ('maths', 6, 9), ('code', 10, 17)]
    """
    raw = text.split("\n")
    wide = [widened(line) for line in raw] if _WIDE.search(text) else raw
    starts = [0, *accumulate(len(line) + 1 for line in raw)]
    candidates = find_fences(raw, wide) if "```" in text or "~~~" in text else []
    closed = {fence.start: fence for fence in candidates if fence.broken is None}
    shown = _with_places(wide, closed.values())
    tokens: list[Token] = []
    fences: list[Fence] = []
    headings: list[Heading] = []
    defined: set[int] = set()
    texts: set[int] = set()  # rows

    def offset(row: int, column: int) -> int:
        return starts[row] + index_at(raw[row], column)[0]

    lines: list[Line] = []
    row = 0
    for kind, (first, start), (last, end) in _elements(shown):
        lines += [Line(at, 0, shown[at]) for at in range(row, first)]
        lines += [Line(first, 0, ""), Line(first, 0, RAW), Line(first, 0, ""), Line(last, end, shown[last][end:])]
        row = last + 1
        at = offset(first, start)
        for fence in [closed[place] for place in range(first, row) if place in closed and kind == "html"]:
            tokens += [Token("html", at, starts[fence.start]), _fence(fence, starts)]
            fences.append(fence)
            at = starts[fence.end] - 1
        tokens.append(Token(kind, at, offset(last, end)))
    lines += [Line(at, 0, shown[at]) for at in range(row, len(shown))]
    if closed:
        inner = {place for fence in closed.values() for place in range(fence.start + 1, fence.end)}
        lines = [line for line in lines if line.row not in inner]

    def lines_of(row: int) -> list[Line]:
        return [Line(at, 0, wide[at]) for at in range(row, closed[row].end)]

    for leaf in find_blocks(lines, lines_of, part=part, prose=prose):
        head, tail = leaf.lines[0], leaf.lines[-1]
        if leaf.kind == "indented":
            end = closed[tail.row].end if FENCE in tail.text else tail.row + 1
            tokens.append(Token("indented", starts[head.row], starts[end] - 1))
        elif leaf.kind == "fence":
            fences.append(closed[head.row])
            tokens.append(_fence(fences[-1], starts))
            if leaf.in_definition:
                defined.add(head.row)
        elif leaf.kind == "formula":
            tokens.append(Token("formula", offset(*head[:2]), offset(tail.row, tail.column + len(tail.text))))
        else:
            if leaf.level:
                headings.append(Heading(head.row, leaf.level, head.text.strip()))
            if candidates:
                texts.update([line.row for line in leaf.lines])
            tokens += _spans(leaf.lines, offset)
    tokens.sort(key=lambda token: token.start)
    fences.sort(key=lambda fence: fence.start)
    broken = next((fence for fence in candidates if fence.start in texts), None)
    return Scan(text, tuple(tokens), tuple(fences), frozenset(defined), tuple(headings), starts, broken)


def _with_places(wide: list[str], fences: Iterable[Fence]) -> list[str]:
    """The lines, with a place in each fence's first line and nothing in the others."""
    shown = wide
    for fence in fences:
        line = wide[fence.start]
        if shown is wide:
            shown = list(wide)
        inside = [""] * (fence.end - fence.start - 1)
        shown[fence.start : fence.end] = [line[: line.index(fence.marks)] + FENCE, *inside]
    return shown


def _elements(shown: list[str]) -> Iterator[tuple[Kind, tuple[int, int], tuple[int, int]]]:
    """Comments and elements that start a line: kind, and row and column of start and end."""
    text = "\n".join(shown)
    if "<" not in text:
        return
    starts = [0, *accumulate(len(line) + 1 for line in shown)]
    for raw in find_raw(text):
        (first, start), (last, end) = ((row := bisect_right(starts, at) - 1, at - starts[row]) for at in raw[:2])
        yield "comment" if raw.comment else "html", (first, start), (last, end)


def _fence(fence: Fence, starts: list[int]) -> Token:
    return Token("fence", starts[fence.start], starts[fence.end] - 1)


def _spans(lines: tuple[Line, ...], offset: Callable[[int, int], int]) -> Iterator[Token]:
    """The spans of a paragraph, whose lines may have been cut."""
    text = "\n".join([line.text for line in lines])
    spans = find_spans(text)
    if not spans:
        return
    starts = [0, *accumulate(len(line.text) + 1 for line in lines)]
    for span in spans:
        start, end = (
            offset(lines[at].row, lines[at].column + place - starts[at])
            for place in (span.start, span.end)
            for at in [bisect_right(starts, place) - 1]
        )
        yield Token(span.kind, start, end, span.content)
