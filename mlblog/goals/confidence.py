"""Parse an item of a checklist: title, confidence and note.

People write `Read the paper, 3/5`, `**Read the paper (3/5)** *It says …*`, or no number at all. All are accepted.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlblog.markup.inline import Span, find_spans

_DASHES = "\u2013\u2014-"
_NUMBER = r"(\d+(?:\.\d+)?)\s*/\s*5"
_BEFORE = r"(?<![\w/.])"  # not the end of a URL or date
_AFTER = r"(?![\w/]|\.\d)"
_LEAD = rf"[\s,;:{_DASHES}]*(?:\bconfidence:?\s*)?"
#: `(3/5)`, `[3/5]`, anywhere.
_BRACKETED = re.compile(rf"[\s,;:{_DASHES}]*[(\[]\s*(?:confidence:?\s*)?{_BEFORE}{_NUMBER}\s*[)\]]", re.IGNORECASE)
#: `, 3/5` at the end, possibly followed by emphasis marks and line breaks.
_TRAILING = re.compile(rf"{_LEAD}{_BEFORE}{_NUMBER}{_AFTER}[\s.*_]*(?:<br\s*/?>\s*)*$", re.IGNORECASE)
_BOLD = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?:\*(?!\*)|_(?!_))\S")
_BREAKS = re.compile(r"(?:<br\s*/?>\s*)+", re.IGNORECASE)
_LINK = re.compile(r"!?\[([^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*(?:\s+\"[^\"]*\")?\)")
_CITATION = re.compile(r"\[@[^\[\]]*\]")


@dataclass(frozen=True)
class ParsedItem:
    """A parsed item.

    Attributes:
        markdown: the title as written, without confidence.
        fifths: the confidence, 0 to 5; None if not given.
        note: text after the title, as written; often empty.
        wrong: a confidence above 5/5 in brackets, as written, or empty.
    """

    markdown: str
    fifths: float | None
    note: str
    wrong: str = ""


def parse_item(lines: list[str]) -> ParsedItem:
    """Parse the lines of an item's first paragraph.

    Example:
        >>> parse_item(["**Image transformer (4/5)** *It works block by block.*"])
        ParsedItem(markdown='**Image transformer**', fifths=4.0, note='*It works block by block.*', wrong='')
    """
    text = "\n".join(lines)
    hidden = _hidden(text)
    for start, end, number, tail in _places(text, hidden):
        if float(number) > 5:
            if float(number) < 10 and hidden[start:end].rstrip().endswith((")", "]")):
                return ParsedItem(text.strip(), None, "", hidden[start:end].strip(f" \t,;:{_DASHES}"))
            continue
        title = _title(text[:start] + tail)
        if plain(title):
            return ParsedItem(title, float(number), _note(text[end:]))
    cut = _cut(text, hidden)
    return ParsedItem(_title(text[:cut]), None, _note(text[cut:]))


def _places(text: str, hidden: str) -> list[tuple[int, int, str, str]]:
    """Candidate positions of a confidence, most likely first: start, end, number, and marks that close the title."""
    found = []
    bold = _BOLD.match(text)
    if bold is not None:
        inside = _TRAILING.search(hidden, bold.start(2), bold.end(2)) or _last_bracketed(hidden, *bold.span(2))
        if inside is not None:
            found.append((inside.start(), bold.end(), inside[1], bold[1]))
        behind = _BRACKETED.match(hidden, bold.end())
        if behind is not None:
            found.append((*behind.span(), behind[1], ""))
    start = 0
    for line in hidden.split("\n"):
        end = start + len(line)
        if (at := _TRAILING.search(hidden, start, end) or _last_bracketed(hidden, start, end)) is not None:
            closing = "".join(mark for mark in ("**", "__") if text.count(mark, 0, at.start()) % 2)
            rest = re.match(r"[\s.]*(?:\*\*|__)?", text[at.end() :])
            found.append((at.start(), at.end() + (rest.end() if rest and closing else 0), at[1], closing))
        start = end + 1
    return found


def _last_bracketed(hidden: str, start: int, end: int) -> re.Match[str] | None:
    """A confidence in brackets may precede a note on the same line; the last one counts."""
    return max(_BRACKETED.finditer(hidden, start, end), key=lambda match: match.start(), default=None)


def _cut(text: str, hidden: str) -> int:
    """The start of a note: emphasis after a bold title."""
    bold = _BOLD.match(text)
    if bold is None:
        return len(text)
    rest = re.match(r"[\s.]*(?:<br\s*/?>\s*)*", hidden[bold.end() :])
    start = bold.end() + (rest.end() if rest else 0)
    return start if _EMPHASIS.match(hidden, start) else len(text)


def _hidden(text: str) -> str:
    """The text with code, URLs and citations blanked out, same length."""
    for code in _codes(text):
        text = text[: code.start] + "\x00" * (code.end - code.start) + text[code.end :]
    text = _CITATION.sub(lambda match: "\x00" * len(match[0]), text)
    return re.sub(r"\]\([^()\s]*\)|https?://\S+", lambda match: "\x00" * len(match[0]), text)


def _codes(text: str) -> list[Span]:
    return [one for one in find_spans(text) if one.kind == "code"]


def _title(text: str) -> str:
    one = _BREAKS.sub(" ", " ".join(text.split("\n")))
    one = re.sub(r"(?:\*\*\s*\*\*|__\s*__)\s*$", "", one)  # if only the confidence was bold
    return re.sub(rf"[\s,;:{_DASHES}]+((?:\*\*|__)?)$", r"\1", " ".join(one.split()))


def _note(text: str) -> str:
    return re.sub(rf"^(?:[\s.:;,{_DASHES}]|<br\s*/?>)+", "", text).strip()


def plain(markdown: str) -> str:
    """Markdown without markup, for comparisons and tables.

    Example:
        >>> plain("**Finish** the [app](https://example.org), `walk` [@vaswani2017attention]")
        'Finish the app, walk [@vaswani2017attention]'
    """
    text = _BREAKS.sub(" ", markdown)
    kept = _CITATION.findall(text)
    text = _CITATION.sub("\x00", text)
    for _ in range(2):  # a link inside brackets: [[link]](…)
        text = _LINK.sub(r"\1", text)
    for code in reversed(_codes(text)):
        text = text[: code.start] + code.content + text[code.end :]
    text = re.sub(r"(\*\*|__|~~)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<![\w*_])([*_])(?=\S)([^*_]+?)(?<=\S)\1(?![\w*_])", r"\2", text)
    for citation in kept:
        text = text.replace("\x00", citation, 1)
    return " ".join(text.split())
