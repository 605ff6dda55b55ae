"""Changes to a checklist: opening a week with carried-over goals, and ticking a goal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from mlblog.errors import InputError
from mlblog.files.atomic import write_atomically
from mlblog.goals.checklist import Bullet, Goal, Heading, Week, monday, parse_week
from mlblog.goals.earned import Proof
from mlblog.goals.ledger import Ledger, identity
from mlblog.lab import Project

_BOX = re.compile(rb"\[\s*\]")

_NOTHING_LEFT = """## First group

<!-- A goal is a line with a box and your confidence:
- [ ] What is to be done, 3/5
-->"""


def name_of(day: date) -> str:
    """The ISO week of a day, as `2026-W47`."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def start(project: Project, proof: Proof, today: date, name: str = "") -> tuple[Path, int]:
    """Open a week: write its checklist with the unfinished goals of the last one, without confidences.

    Args:
        project: the project.
        proof: checks ticks; a week with unearned ticks cannot be closed.
        today: determines the default week: this one, or the next if this one is already open.
        name: the week, as in `2026-W47`.

    Returns:
        The file, and the number of goals carried over.

    Raises:
        InputError: that week exists or is before the last one, or the last one has unearned ticks.
        PostError: a week cannot be read, or `name` is not a week.
    """
    ledger, this = Ledger.of(project), monday(name_of(today), "")
    last = ledger.current
    if not name:
        name = name_of(this if last is None or last.monday < this else last.monday + timedelta(days=7))
        if monday(name, "") > this + timedelta(days=7):
            raise InputError(f"{last.path if last else name}: next week is already open; {name} is too far ahead")
    path = project.posts / "goals" / f"{name}.md"
    shown = project.relative(path)
    begins = monday(name, shown)
    if path.exists():
        raise InputError(f"{shown}: that week is already open; nothing was written")
    if last is not None:
        if begins < last.monday:
            raise InputError(f"{shown}: {last.name} is already open; weeks cannot be added retroactively")
        if unearned := proof.unearned(last):
            told = "".join(f"\n  {one}" for one in unearned)
            raise InputError(f"{last.path}: this week cannot be closed, because it has unearned ticks:{told}")
    left = [] if last is None else leftover(last)
    text = "\n".join(_lines(left)) or _NOTHING_LEFT
    parse_week(text, shown)  # verify that it parses
    write_atomically(path, f"{text}\n".encode())
    return path, sum(isinstance(part, Goal) for part in left)


def leftover(week: Week) -> list[Heading | Bullet | Goal]:
    """Return what is left to do: unfinished goals, the items they are nested in, and their headings.

    A finished goal with unfinished ones nested in it becomes a plain item. Notes are not carried over.
    """
    kept: list[Heading | Bullet | Goal] = []
    around: list[Bullet | Goal] = []
    headings: list[Heading] = []
    for part in week.parts:
        if isinstance(part, Heading):
            headings = [*(one for one in headings if one.level < part.level), part]
            around = []
        elif isinstance(part, Bullet | Goal):
            around = [*around[: part.depth], part]
            if isinstance(part, Goal) and not part.done:
                kept += [one for one in (*headings, *around) if one not in kept]
    return [Bullet(one.markdown, one.depth, one.line) if isinstance(one, Goal) and one.done else one for one in kept]


def _lines(parts: list[Heading | Bullet | Goal]) -> Iterator[str]:
    before: Heading | Bullet | Goal | None = None
    for part in parts:
        if isinstance(part, Heading):
            yield from [""] * (before is not None)
            yield f"{'#' * part.level} {part.title}"
        else:
            yield from [""] * isinstance(before, Heading)
            box = "[ ] " if isinstance(part, Goal) else ""
            yield f"{'    ' * part.depth}- {box}{' '.join(part.markdown.split())}"
        before = part


def tick(project: Project, proof: Proof, words: str) -> Goal:
    """Tick the goal of the open week whose title contains `words`, if it is earned.

    Raises:
        InputError: no week is open, no goal or several match, or it is already ticked or not earned.
        PostError: the week cannot be read.
    """
    week = Ledger.of(project).current
    if week is None:
        raise InputError("posts_src/goals: no week is open; open one: mlblog goals start")
    goal = find(week, words)
    if why := proof.lacks(week, goal):
        raise InputError(f"{week.place(goal)}: {goal.text}: not earned yet: {why}")
    path = project.root / week.path
    lines = path.read_bytes().splitlines(keepends=True)
    lines[goal.line - 1] = _BOX.sub(b"[x]", lines[goal.line - 1], count=1)
    write_atomically(path, b"".join(lines))
    return goal


def find(week: Week, words: str) -> Goal:
    """Return the only unfinished goal of `week` whose title contains `words`, ignoring case.

    Raises:
        InputError: none or several match, or it is already ticked.
    """
    wanted = " ".join(re.findall(r"[\w@]+", words.casefold()))
    found = [goal for goal in week.goals if wanted and wanted in identity(goal)]
    exact = [goal for goal in found if identity(goal) == wanted]
    still_open = [goal for goal in exact or found if not goal.done]
    if not found:
        raise InputError(f"{week.path}: no goal contains {words!r}")
    if not still_open:
        raise InputError(f"{week.place(found[0])}: {found[0].text}: already ticked")
    if len(still_open) > 1:
        told = "".join(f"\n  {week.place(goal)}: {goal.text}" for goal in still_open)
        raise InputError(f"{week.path}: {len(still_open)} goals contain {words!r}; use more words:{told}")
    return still_open[0]
