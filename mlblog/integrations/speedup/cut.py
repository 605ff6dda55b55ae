"""The part of a post's Markdown that its excerpt needs: text above the separator, and definitions below it.

Converting a whole post to keep its first paragraphs gives the same HTML but takes several times as long. If the text
above might depend on more than definitions below, nothing is cut.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

from mlblog.markup.fences import find_fences
from mlblog.markup.lines import widened

_DEFINITION = re.compile(r"(\s*)(?:\[[^\]]+\]|\*\[[^\]]+\]):")
_BLOCK = re.compile(r"\s*(/{3,})\s*(\S.*)?$")
_TAG = re.compile(r"<(/?)([A-Za-z][\w-]*)([^<>]*?)(/?)>")
_HTML = re.compile(r"\s*<[A-Za-z/!?]")
_VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# file includes, or tables of contents
_REACHES_BELOW = ("8<-", "[TOC]", "[toc]")


class Cut(NamedTuple):
    """The Markdown of an excerpt: `text`, including the separator; `below` was left out."""

    text: str
    below: str


def cut(markdown: str, separator: str) -> Cut | None:
    """Cut a post's Markdown at the first `separator`; None if the whole post must be converted.

    The separator must be alone between blank lines, outside of fences, blocks and HTML elements.
    """
    lines = markdown.split("\n")
    at = next((i for i, line in enumerate(lines) if separator in line), None)
    if at is None or lines[at].rstrip() != separator:
        return None
    above, below = lines[:at], lines[at + 1 :]
    if (above and above[-1].strip()) or (below and below[0].strip()) or not (_is_whole(above) and _is_whole(below)):
        return None
    if any(line.lstrip().startswith(":") and not before.strip() for before, line in pairwise(["", *below])):
        return None  # in a definition list, the separator may be a term
    definitions = _definitions(below)
    rest = "\n".join(below)
    if definitions is None or any(sign in markdown for sign in _REACHES_BELOW):
        return None
    return Cut("\n".join([*above, separator, "", *definitions]), rest)


def shares_ids(html: str, below: str) -> bool:
    """Whether an id in an excerpt may also occur below the cut, which would change the ids above."""
    ids = set(re.findall(r'\sid="([^"]+)"', html))
    given = re.findall(r"""#([\w:.-]+)|\bid\s*=\s*["']?([\w:.-]+)""", below)
    return not ids.isdisjoint(name for pair in given for name in pair if name)


def _is_whole(lines: list[str]) -> bool:
    """Whether no fence, block or HTML element is open at the end of `lines`."""
    outside, open_fence = _outside_fences(lines)
    depth: list[str] = []
    for line in outside:
        if found := _BLOCK.match(line):
            marks, name = found[1], found[2]
            if name:
                depth.append(marks)
            elif depth and depth[-1] == marks:
                depth.pop()
            else:
                return False
    text = "\n".join(outside)
    balance: dict[str, int] = {}
    for closing, name, _, empty in _TAG.findall(text):
        if name.lower() not in _VOID and not empty:
            balance[name.lower()] = balance.get(name.lower(), 0) + (-1 if closing else 1)
    return not (open_fence or depth or any(balance.values()) or text.count("<!--") != text.count("-->"))


def _definitions(lines: list[str]) -> list[str] | None:
    """Definitions of links, footnotes and abbreviations, with their content; None if uncertain."""
    kept: list[str] = []
    inside = False
    outside, _ = _outside_fences(lines)
    for line in outside:
        if found := _DEFINITION.match(line):
            if len(found[1]) > 3:
                return None
            inside = True
            kept.append("")
        elif inside and line.strip() and not line.startswith((" ", "\t")) and not (kept and kept[-1].strip()):
            inside = False
        if inside:
            kept.append(line)
    # in HTML, what looks like a definition may not be one
    return None if kept and any(_HTML.match(line) for line in outside) else kept


def _outside_fences(lines: list[str]) -> tuple[list[str], bool]:
    """The lines outside of fences, and whether one is not closed."""
    found = find_fences(lines, [widened(line) for line in lines])
    inside = {row for fence in found if fence.broken is None for row in range(fence.start, fence.end)}
    return [line for row, line in enumerate(lines) if row not in inside], any(one.broken is not None for one in found)
