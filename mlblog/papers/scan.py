"""Find citations in Markdown: `[@key]`, `[@a; @b, §3]`, `[see @a]`, `[-@a]`.

Ignores what is no text, link texts and link targets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from mlblog.markup import scan

_GROUP = re.compile(r"\[((?:[^\[\]`\n]|\n(?![ \t]*\n))*@(?:[^\[\]`\n]|\n(?![ \t]*\n))*)\]")
_ITEM = re.compile(
    r"\s*(?P<before>(?:[^@]*\s)?)(?P<minus>-?)@(?P<key>[A-Za-z][\w.+-]*\w)(?P<after>(?:[\s,].*)?)", re.DOTALL
)
# a link definition, `[label]: https://example.org "Title"`; with more words it is a sentence
_TARGET = re.compile(
    r""":[ \t]*\n?[ \t]*<?[^\s<>]+>?(?:\s+(?:"[^"\n]*"|'[^'\n]*'|\([^)\n]*\)))?[ \t]*$""",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Item:
    """One work of a citation: its key, text before and after it, and whether authors are omitted."""

    key: str
    before: str
    after: str
    year_only: bool


@dataclass(frozen=True)
class Group:
    """A citation from `start` to `end` of the text; an item is None if a part has no key."""

    start: int
    end: int
    items: tuple[Item | None, ...]


def find_citations(text: str, *, prose: bool = False) -> Iterator[Group]:
    """Yield the citations of a Markdown text, in order.

    Args:
        text: Markdown, which may begin inside of a list item or the like.
        prose: whether it is known to hold no indented code.
    """
    if not _GROUP.search(text):
        return
    live = scan(text, part=True, prose=prose).without()
    at = 0
    while (start := live.find("[", at)) >= 0:
        group = _group(text, start)
        if group:
            yield group
        at = group.end if group else _end_of_link(live, start) or start + 1


def _group(text: str, start: int) -> Group | None:
    found = _GROUP.match(text, start)
    if not found or text[found.end() : found.end() + 1] in ("(", "[") or text[start - 1 : start] == "!":
        return None
    if _TARGET.match(text, found.end()) and not text[text.rfind("\n", 0, start) + 1 : start].strip():
        return None  # a link definition
    items = tuple(_item(part) for part in found[1].split(";"))
    return Group(start, found.end(), items) if any(items) else None


def _item(part: str) -> Item | None:
    found = _ITEM.fullmatch(part)
    if not found:
        return None
    return Item(found["key"], found["before"].lstrip(), found["after"].rstrip(), bool(found["minus"]))


def _end_of_link(text: str, start: int) -> int | None:
    """The end of the link whose text starts at `start`, including its target; None if it is not a link."""
    close = _matching(text, start, "[]")
    if close is None or text[close : close + 1] not in ("(", "["):
        return None
    return _matching(text, close, "()" if text[close] == "(" else "[]")


def _matching(text: str, start: int, pair: str) -> int | None:
    depth = 0
    for at in range(start, len(text)):
        sign = text[at]
        if sign == "\n" and not text[at + 1 : at + 2].strip():
            return None  # the paragraph ends first
        depth += (sign == pair[0]) - (sign == pair[1])
        if depth == 0:
            return at + 1
    return None
