"""Parse a weekly checklist from hand-written Markdown. A pure function of the text.

Headings are groups, at any depth; `- [ ]` and `- [x]` are goals, nested or not; text after a goal is its note.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property
from pathlib import PurePath

from mlblog.errors import PostError
from mlblog.files.text import text_of
from mlblog.goals.confidence import parse_item, plain
from mlblog.markup import Scan, frontmatter, scan
from mlblog.markup.fences import find_fences
from mlblog.markup.lines import widened
from mlblog.papers import cited_keys

_BULLET = re.compile(r"([ \t]*)([-*+]|\d{1,9}[.)])(?:[ \t]+(.*))?$")
_BOX = re.compile(r"\[([^\[\]\s]?|\s+)\](?:[ \t]+(.*))?$")
_RULE = re.compile(r" {0,3}([-*_])[ \t]*(?:\1[ \t]*){2,}$")
_BREAK = re.compile(r"\s*(?:<br\s*/?>\s*)+$", re.IGNORECASE)
_EXPERIMENT = re.compile(r"(?<!`)`([a-z_][a-z0-9_]*)`(?!`)")
_WEEK = re.compile(r"(\d{4})-W(\d{2})")
DONE = ("x", "X", "✓", "✔", "☑")


@dataclass(frozen=True)
class Heading:
    """A heading: the name of a group."""

    title: str
    level: int
    line: int


@dataclass(frozen=True)
class Prose:
    """Text outside goals: an introduction, or text between a heading and its first goal."""

    text: str
    line: int


@dataclass(frozen=True)
class Bullet:
    """A list item without a box; goals may be nested in it."""

    markdown: str
    depth: int
    line: int


@dataclass(frozen=True)
class Goal:
    """An item with a box.

    Attributes:
        markdown: the title as written, without its confidence.
        done: whether the box is ticked.
        fifths: the confidence, 0 to 5; None if not given.
        note: paragraphs that follow the title, as written.
        group: the headings above it, outermost first.
        depth: nesting level, 0 at the top.
        line: line of the file, from 1.
    """

    markdown: str
    done: bool
    fifths: float | None
    note: tuple[str, ...]
    group: tuple[str, ...]
    depth: int
    line: int

    @cached_property
    def text(self) -> str:
        """The title without Markdown markup."""
        return plain(self.markdown)

    @property
    def probability(self) -> float | None:
        """The confidence as a probability: 3/5 is 0.6."""
        return None if self.fifths is None else self.fifths / 5

    @cached_property
    def papers(self) -> tuple[str, ...]:
        """Keys of the papers that the title cites: it is done when each has a note."""
        return cited_keys(self.markdown)

    @cached_property
    def experiments(self) -> tuple[str, ...]:
        """Names in backticks: it is done when each is an experiment with a fresh record."""
        return tuple(_EXPERIMENT.findall(self.markdown))


Part = Heading | Prose | Bullet | Goal


@dataclass(frozen=True)
class Week:
    """A checklist: its display path, ISO week, and parts in order."""

    path: str
    name: str
    parts: tuple[Part, ...]

    @property
    def monday(self) -> date:
        """The first day of the week."""
        return monday(self.name, self.path)

    @property
    def sunday(self) -> date:
        """The last day of the week."""
        return self.monday + timedelta(days=6)

    @cached_property
    def goals(self) -> tuple[Goal, ...]:
        """All goals, including nested ones, in file order."""
        return tuple(part for part in self.parts if isinstance(part, Goal))

    def place(self, goal: Goal) -> str:
        """File and line of a goal."""
        return f"{self.path}:{goal.line}"


def monday(name: str, path: str) -> date:
    """The Monday of an ISO week such as `2026-W47`.

    Raises:
        PostError: the week does not exist.
    """
    match = _WEEK.fullmatch(name)
    try:
        if match is None:
            raise ValueError
        return date.fromisocalendar(int(match[1]), int(match[2]), 1)
    except ValueError:
        raise PostError(path, 1, f"{name!r} is not an ISO week; use a file name like 2026-W47.md") from None


def parse_week(data: bytes | str, path: str) -> Week:
    r"""Read a checklist.

    Args:
        data: the file, UTF-8.
        path: its path, for messages; the file name is the ISO week.

    Raises:
        PostError: the checklist is invalid; with the line.

    Example:
        >>> week = parse_week("## Papers\n- [x] Read one, 4/5\n- [ ] Read another\n", "goals/2026-W47.md")
        >>> [(goal.text, goal.done, goal.fifths, goal.group) for goal in week.goals]
        [('Read one', True, 4.0, ('Papers',)), ('Read another', False, None, ('Papers',))]
    """
    name = PurePath(path).stem
    monday(name, path)
    lines = text_of(data, path).split("\n")
    return Week(path, name, _without_title(tuple(_Reader(path, lines).parts())))


def _without_title(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """A single `#` heading above all others is the page title, not a group."""
    headings = [part for part in parts if isinstance(part, Heading)]
    if [heading.level for heading in headings].count(1) != 1 or headings[0].level != 1 or len(headings) == 1:
        return parts
    kept = (part for part in parts if part is not headings[0])
    return tuple(replace(part, group=part.group[1:]) if isinstance(part, Goal) else part for part in kept)


class _Reader:
    def __init__(self, path: str, lines: list[str]) -> None:
        self._path, self._lines = path, lines
        self._headings: list[Heading] = []
        self._indents: list[int] = []  # of the list items that contain this line
        self._parts: list[Part] = []
        self._box: tuple[bool, int, int] | None = None  # the current goal: done, depth, line
        self._text: list[list[str]] = [[]]  # paragraphs of the current goal or prose
        self._prose_line = 1

    def parts(self) -> Iterator[Part]:
        found, first = self._body()
        # items nest by fewer spaces than Markdown asks for, so that what it takes for indented code may be a note
        lines = self._lines[first:]
        fences = [one for one in find_fences(lines, [widened(line) for line in lines]) if one.broken is None]
        fenced = {first + row for fence in fences for row in range(fence.start, fence.end)}
        comments = [(found.row(one.start), found.row(one.end)) for one in found.tokens if one.kind == "comment"]
        comments = [(start, end) for start, end in comments if lines[start].lstrip().startswith("<!--")]
        hidden = {first + row for start, end in comments for row in range(start, end + 1)}
        headings = {first + one.row: one for one in found.headings}
        at = first
        while at < len(self._lines):
            line = self._lines[at].expandtabs(4)
            at += 1
            if at - 1 in hidden:
                continue
            if at - 1 in fenced:
                self._more(line, at)
            elif (heading := headings.get(at - 1)) and not _BULLET.match(line):
                self._end()
                self._indents = []
                self._headings = [one for one in self._headings if one.level < heading.level]
                self._headings.append(Heading(plain(heading.text), heading.level, at))
                at += not line.lstrip().startswith("#")  # its underline
                self._parts.append(self._headings[-1])
            elif not line.strip() or _BREAK.match(line):
                self._text.append([])
            elif _RULE.match(line):
                self._end()
                self._indents = []
            elif bullet := _BULLET.match(line):
                self._item(len(bullet[1]), bullet[3] or "", at, line)
            else:
                self._more(line, at)
        self._end()
        yield from self._parts

    def _body(self) -> tuple[Scan, int]:
        """What is below the front matter, and its first line, from 0."""
        _, body, line = frontmatter.split("\n".join(self._lines), self._path)
        found = scan(body)
        found.refuse_broken(self._path, line)
        return found, line - 1

    def _item(self, indent: int, text: str, at: int, line: str) -> None:
        box = _BOX.match(text)
        if box and box[1].strip() and box[1] not in DONE:
            if box[1].isalnum():
                box = None  # a link, a footnote
            else:
                raise PostError(self._path, at, f"[{box[1]}] is not a valid box; write [ ] or [x]")
        self._end()
        while self._indents and indent < self._indents[-1] + 2:
            self._indents.pop()
        depth = len(self._indents)
        self._indents.append(indent)
        if box is None:
            self._parts.append(Bullet(text, depth, at))
        elif not (box[2] or "").strip():
            raise PostError(self._path, at, "a goal without text; describe it, or delete the line")
        else:
            self._box = box[1] in DONE, depth, at
            self._text = [[box[2]]]

    def _more(self, line: str, at: int) -> None:
        """A continuation line of the current goal, the bullet before, or prose."""
        if self._box is None and self._parts and isinstance(self._parts[-1], Bullet) and self._text == [[]]:
            last = self._parts[-1]
            self._parts[-1] = Bullet(f"{last.markdown}\n{line.strip()}", last.depth, last.line)
            return
        if self._box is None and not any(self._text):
            self._prose_line = at
        self._text[-1].append(line.rstrip() if self._box is None else line)

    def _end(self) -> None:
        """Finish the current goal or prose."""
        paragraphs = [paragraph for paragraph in self._text if paragraph]
        box, self._box, self._text = self._box, None, [[]]
        if box is None:
            if paragraphs:
                self._parts.append(Prose("\n\n".join("\n".join(one) for one in paragraphs), self._prose_line))
            return
        done, depth, line = box
        first = parse_item([text.strip() for text in paragraphs[0]])
        if first.wrong:
            raise PostError(self._path, line, f"{first.wrong} is not a confidence; it ranges from 0/5 to 5/5")
        if not plain(first.markdown):
            raise PostError(self._path, line, "a goal without text; describe it, or delete the line")
        note = tuple(text for text in (first.note, *(_dedented(one) for one in paragraphs[1:])) if text)
        group = tuple(heading.title for heading in self._headings)
        self._parts.append(Goal(first.markdown, done, first.fifths, note, group, depth, line))


def _dedented(lines: list[str]) -> str:
    width = min(len(line) - len(line.lstrip()) for line in lines if line.strip())
    return "\n".join(line[width:].rstrip() for line in lines)
