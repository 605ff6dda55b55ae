"""Comments and HTML elements that start a line, which Markdown passes on unread, blank lines and all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_OPENING = re.compile(r"^ {0,3}<(?=(?P<comment>!--)|(?P<name>[A-Za-z][\w-]*))", re.MULTILINE)
_CLOSING = re.compile(r"--!?>")
TAG = re.compile(
    r"<(?P<closing>/?)(?P<name>[A-Za-z][\w:-]*)(?P<rest>(?:\s+[^\s\"'=<>`/]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'=<>`]+))?)*"
    r"\s*(?P<empty>/?))>"
)
_INSIDE = re.compile(rf"<!--.*?--!?>|{TAG.pattern}", re.DOTALL)
_AS_MARKDOWN = re.compile(r"\bmarkdown\b")
_BLOCK = re.compile(
    r"address|article|aside|blockquote|center|details|div|dl|fieldset|figcaption|figure|footer|form|"
    r"h1|h2|h3|h4|h5|h6|header|hgroup|hr|li|main|menu|nav|ol|p|pre|script|section|style|"
    r"summary|table|ul|canvas|colgroup|dd|body|dt|group|html|iframe|legend|math|map|noscript|"
    r"object|option|output|progress|tbody|td|textarea|tfoot|th|thead|tr|video",
    re.IGNORECASE,
)


class Raw(NamedTuple):
    """A comment or element from `start` to `end` of the text."""

    start: int
    end: int
    comment: bool


def find_raw(text: str) -> Iterator[Raw]:
    """Yield the comments and elements that start a line, in order. What is not closed is text."""
    at = 0
    while opening := _OPENING.search(text, at):
        start, at = opening.end() - 1, opening.end()
        if opening["comment"]:
            closing = _CLOSING.search(text, at + 3)
            if closing:
                at = closing.end()
                yield Raw(start, at, comment=True)
        elif _BLOCK.fullmatch(opening["name"]) and (tag := TAG.match(text, start)):
            at = tag.end()
            if not (tag["empty"] or tag["name"].lower() == "hr" or _AS_MARKDOWN.search(tag["rest"])):
                at = _end(text, at, tag["name"].lower())
            yield Raw(start, at, comment=False)


def _end(text: str, at: int, name: str) -> int:
    """The end of an element whose first tag ends at `at`; the end of the text if it is not closed."""
    if name in ("script", "style"):
        closing = re.compile(rf"</{name}\s*>", re.IGNORECASE).search(text, at)
        return closing.end() if closing else len(text)
    open_names = [name]
    for tag in _INSIDE.finditer(text, at):
        inner = (tag["name"] or "").lower()
        if tag["closing"] and inner in open_names:
            while open_names.pop() != inner:
                pass
            if not open_names:
                return tag.end()
        elif inner and not (tag["closing"] or tag["empty"]):
            open_names.append(inner)
    return len(text)
