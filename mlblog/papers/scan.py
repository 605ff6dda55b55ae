"""Find citations in Markdown: `[@key]`, `[@a; @b, §3]`, `[see @a]`, `[-@a]`.

Ignores fences, indented code, inline code, mathematics, comments, raw HTML, link texts and link targets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_SKIPPED = re.compile(
    r"""
      (?P<fence>^[ \t>]*(?P<marks>`{3,}(?=[^`\n]*$)|~{3,})[^\n]*\n(?:.*?\n)??[ \t>]*(?P=marks)[`~]*[ \t]*$)
    | (?P<indented>^[ \t]*\n(?:(?:[ ]{4}|\t)[^\n]*(?:\n|\Z)|[ \t]*\n)+)
    | <!--.*?-->
    | <(?P<raw>pre|code|script|style|a|svg|math)\b[^<>]*>.*?</(?P=raw)\s*>
    | </?[A-Za-z][^<>]*>
    | \\begin\{(?P<env>[^}\n]+)\}.*?\\end\{(?P=env)\}
    | \\\[.*?\\\] | \\\(.*?\\\)
    | \\.
    | \$\$.*?\$\$
    | \$(?=[^\s$])[^$\n]*(?:\n(?![ \t]*\n)[^$\n]*)*?(?<=[^\s$])\$(?!\d)
    | (?P<ticks>`+)
    | (?P<opening>\[)
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)
_GROUP = re.compile(r"\[((?:[^\[\]`\n]|\n(?![ \t]*\n))*@(?:[^\[\]`\n]|\n(?![ \t]*\n))*)\]")
_ITEM = re.compile(
    r"\s*(?P<before>(?:[^@]*\s)?)(?P<minus>-?)@(?P<key>[A-Za-z][\w.+-]*\w)(?P<after>(?:[\s,].*)?)", re.DOTALL
)
# a link definition, `[label]: https://example.org "Title"`; with more words it is a sentence
_TARGET = re.compile(
    r""":[ \t]*\n?[ \t]*<?[^\s<>]+>?(?:\s+(?:"[^"\n]*"|'[^'\n]*'|\([^)\n]*\)))?[ \t]*$""",
    re.MULTILINE,
)
_CONTAINER = re.compile(r"[ \t>]*(?:!!!|\?\?\?\+?|===[!+]*|\[\^[^\]]+\]:|[-*+](?=\s)|\d+[.)](?=\s)|:(?=\s))")


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


def find_citations(text: str) -> Iterator[Group]:
    """Yield the citations of a Markdown text, in order."""
    if "@" not in text:
        return
    at = 0
    while found := _SKIPPED.search(text, at):
        at = found.end()
        if found["indented"] is not None:
            if not _is_code(text, found.start(), found["indented"]):
                at = found.start() + found["indented"].index("\n") + 1
        elif found["ticks"]:
            at = _end_of_code(text, at, found["ticks"])
        elif found["opening"]:
            group = _group(text, found.start())
            if group:
                yield group
            at = group.end if group else _end_of_link(text, found.start()) or at


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


def _end_of_code(text: str, at: int, ticks: str) -> int:
    """The end of the code span opened by `ticks`, within its paragraph; `at` if there is none."""
    paragraph = re.compile(r"\n[ \t]*\n").search(text, at)
    limit = paragraph.start() if paragraph else len(text)
    closing = re.compile(rf"(?<!`){ticks}(?!`)").search(text, at, limit)
    return closing.end() if closing else at


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
        if text[at - 1 : at] == "\\":
            continue
        depth += (sign == pair[0]) - (sign == pair[1])
        if depth == 0:
            return at + 1
    return None


def _is_code(text: str, start: int, block: str) -> bool:
    """Whether an indented block is code: it does not continue a list, an admonition or the like.

    A text that begins inside of one cannot tell; then it is none.
    """
    depth = min(_depth(line) for line in block.split("\n") if line.strip()) if block.strip() else 0
    above = text[:start].split("\n")
    while above and (not above[-1].strip() or _depth(above[-1]) >= depth):
        above.pop()
    if not above:
        return False
    while len(above) > 1 and above[-2].strip() and not _CONTAINER.match(above[-1]):
        above.pop()
    return not _CONTAINER.match(above[-1])


def _depth(line: str) -> int:
    wide = line.expandtabs(4)
    return len(wide) - len(wide.lstrip())
