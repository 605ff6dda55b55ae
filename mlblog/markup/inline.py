"""What a paragraph holds that is not text: code, formulas, escaped signs and HTML, as Python-Markdown finds them."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Literal, NamedTuple

from mlblog.markup.raw import TAG

# an even number of backslashes escapes only itself
_EVEN = r"(?<!\\)(?:\\\\)*"
_TICKS = re.compile(rf"{_EVEN}(`+)")
_RUN = re.compile(r"`+")
_MATHS = re.compile(rf"{_EVEN}(\$(?!\s)(?:\\.|[^\\$\x00])+?(?<!\s)\$|\\\((?:\\[^)]|[^\\\x00])+?\\\))", re.DOTALL)
# a display formula with a label, which the press takes out of its paragraph
_LABELLED = re.compile(
    r"(?:\$\$(?:\\.|[^\\\x00])+?\$\$|\\\[(?:\\[^\]]|[^\\\x00])+?\\\]|\\begin\{(\w+\*?)\}(?:\\.|[^\\\x00])+?\\end\{\1\})"
    r"(?= *\{:? *#eq-)",
    re.DOTALL,
)
_REST = re.compile(
    # Markdown in these would be converted, but nests a link in a link
    r"<(?P<whole>a|code|svg|math)\b[^<>]*>.*?</(?P=whole)\s*>|"
    rf"(?P<escape>\\[^\w\s\x00])|<(?:(?P<comment>!--(?:(?!<!--|-->).)*--)|[A-Za-z][A-Za-z0-9+.-]*://[^<>]*)>|{TAG.pattern}",
    re.DOTALL,
)


_Kind = Literal["code", "maths", "escape", "comment", "tag"]


class Span(NamedTuple):
    """A part of a paragraph; of code, `content` is what is between the backticks."""

    kind: _Kind
    start: int
    end: int
    content: str = ""


def find_spans(text: str) -> list[Span]:
    """The spans of a paragraph, in order; none overlap."""
    found: list[Span] = []
    if "`" in text:
        found += _code(text)
        text = _without(text, found)
    if "#eq-" in text:
        labelled = [Span("maths", *one.span()) for one in _LABELLED.finditer(text)]
        text = _without(text, labelled)
        found += labelled
    if "$" in text or "\\(" in text:
        maths = [Span("maths", *one.span(1)) for one in _MATHS.finditer(text)]
        text = _without(text, maths)
        found += maths
    if "\\" in text or "<" in text:
        rest: list[Span] = []
        for one in _REST.finditer(text):
            kind: _Kind = "escape" if one["escape"] else "comment" if one["comment"] else "tag"
            rest.append(Span(kind, *one.span()))
        # code in a comment is not shown
        found = [one for one in found if not any(outer.start < one.start < outer.end for outer in rest)] + rest
    return sorted(found, key=lambda span: span.start)


def _code(text: str) -> Iterator[Span]:
    runs = [run.span() for run in _RUN.finditer(text)]
    at = 0
    while opening := _TICKS.search(text, at):
        at, size = opening.end(), len(opening[1])
        first = bisect_left(runs, (at, at))
        closing = next((i for i in range(first, len(runs)) if runs[i][1] - runs[i][0] == size), None)
        if closing is None and runs[first:]:  # the longest run closes it, if that is shorter
            longest = max(range(first, len(runs)), key=lambda i: runs[i][1] - runs[i][0])
            closing = longest if runs[longest][1] - runs[longest][0] < size else None
        if closing is None:
            at += size  # Python-Markdown skips as many signs again
        else:
            end, at = runs[closing]
            yield Span("code", opening.start(1), at, text[opening.start(1) + at - end : end])


def _without(text: str, spans: list[Span]) -> str:
    """The text with spans blanked, at the same length."""
    pieces, at = [], 0
    for span in spans:
        pieces += [text[at : span.start], "\x00" * (span.end - span.start)]
        at = span.end
    return "".join([*pieces, text[at:]])
