"""Find fences in Markdown as Material renders them: also nested in admonitions, tabs, lists and quotes.

A fence counts where Python-Markdown would open one: at most three spaces deeper than the surrounding content. Four or
more make an indented code block. Fences in comments and in longer fences are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mlblog.errors import PostError

_FENCE = re.compile(r"(?P<prefix>[ \t>]*)(?P<marks>`{3,}(?=[^`]*$)|~{3,})[ \t]*(?P<info>.*?)[ \t]*")
_CONTAINER = re.compile(r"(?:!!!|\?\?\?\+?|===[!+]*|\[\^[^\]]+\]:|[-*+](?=\s)|\d+[.)](?=\s)|:(?=\s))")
_QUOTE = re.compile(r"[ \t>]*>[ \t]?")


@dataclass(frozen=True)
class Fence:
    """One fence: lines `start` to `end` (from 0, `end` exclusive), its marks, info and content.

    `in_definition` says whether it is in a definition list.
    """

    start: int
    end: int
    prefix: str
    marks: str
    info: str
    content: tuple[str, ...]
    in_definition: bool = False


@dataclass(frozen=True)
class Text:
    """Lines `start` to `end` (from 0) between fences; `verbatim` for comments and indented code."""

    start: int
    end: int
    verbatim: bool = False


def find_fences(lines: list[str], path: str, first_line: int) -> Iterator[Fence | Text]:
    """Split lines into fences and the text between them, in order and without gaps.

    Args:
        lines: body of the post, without newlines.
        path: path of the post, for messages.
        first_line: line of the file where the body starts (from 1).

    Raises:
        PostError: a fence is not closed, or its content is indented less than the fence.
    """
    containers: list[tuple[int, bool]] = []  # content column of each open container; whether it is a definition
    at, blank_before = 0, True
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            yield Text(at, at + 1)
            at, blank_before = at + 1, True
            continue
        if line.lstrip().startswith("<!--") and "-->" not in line:
            end = next((i + 1 for i in range(at, len(lines)) if "-->" in lines[i]), len(lines))
            yield Text(at, end, verbatim=True)
            at = end
            continue
        quote = _QUOTE.match(line)
        bare = line[quote.end() :] if quote else line
        column = len(bare.expandtabs(4)) - len(bare.expandtabs(4).lstrip())
        while containers and containers[-1][0] > column:
            containers.pop()
        base = containers[-1][0] if containers else 0
        match = _FENCE.fullmatch(line)
        if match and column - base < 4:
            fence = _close(lines, at, match, path, first_line)
            yield replace(fence, in_definition=any(defines for _, defines in containers))
            at, blank_before = fence.end, True
            continue
        indented = column - base >= 4 and blank_before
        yield Text(at, at + 1, verbatim=indented)
        if not indented and _CONTAINER.match(bare.lstrip()):
            containers.append(((column // 4 + 1) * 4, bare.lstrip().startswith(":")))
        at, blank_before = at + 1, indented


def _close(lines: list[str], start: int, match: re.Match[str], path: str, first_line: int) -> Fence:
    prefix, marks = match["prefix"], match["marks"]
    content: list[str] = []
    for at in range(start + 1, len(lines)):
        line = lines[at]
        if line.startswith(prefix):
            inner = line[len(prefix) :]
        elif not line.strip() or line.rstrip() == prefix.rstrip():
            inner = ""
        else:
            raise PostError(
                path, first_line + at, f"this line is indented less than its fence, opened on line {first_line + start}"
            )
        closing = inner.rstrip()
        if len(closing) >= len(marks) and set(closing) == {marks[0]}:
            return Fence(start, at + 1, prefix, marks, match["info"], tuple(content))
        content.append(inner)
    raise PostError(path, first_line + start, f"this fence is not closed; end it with a line {prefix + marks!r}")
