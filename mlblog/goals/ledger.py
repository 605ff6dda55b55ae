"""All weeks of a project: carried-over goals, and resolved forecasts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlblog.goals.calibrate import Forecast
from mlblog.goals.checklist import Goal, Week, parse_week
from mlblog.lab import Project


@dataclass(frozen=True)
class Progress:
    """Progress of a group: its headings, goals reached, total."""

    group: tuple[str, ...]
    done: int
    count: int


@dataclass(frozen=True)
class Carried:
    """A goal carried over from earlier weeks: the first of them, and its age in weeks."""

    goal: Goal
    since: str
    age: int


@dataclass(frozen=True)
class Ledger:
    """Weeks in order. The last one is open, the others are closed."""

    weeks: tuple[Week, ...]

    @classmethod
    def of(cls, project: Project) -> Ledger:
        """Read the weeks of `project`.

        Raises:
            PostError: a week cannot be read; with file and line.
        """
        return cls(tuple(parse_week(path.read_bytes(), project.relative(path)) for path in week_files(project)))

    @property
    def current(self) -> Week | None:
        """The open week."""
        return self.weeks[-1] if self.weeks else None

    @cached_property
    def forecasts(self) -> list[Forecast]:
        """Every confidence in a closed week, with its outcome. Open weeks do not count yet."""
        return [
            (goal.probability, goal.done)
            for week in self.weeks[:-1]
            for goal in week.goals
            if goal.probability is not None
        ]

    def carried(self, week: Week) -> list[Carried]:
        """Return the goals of `week` carried over from earlier weeks, oldest first."""
        found = []
        for goal in week.goals:
            since = self._since(week, goal)
            if since is not week:
                found.append(Carried(goal, since.name, (week.monday - since.monday).days // 7))
        return sorted(found, key=lambda one: -one.age)

    def _since(self, week: Week, goal: Goal) -> Week:
        """The first week in which the goal appeared unfinished, allowing for gaps."""
        first = week
        for earlier in reversed(self.weeks[: self.weeks.index(week)]):
            match = _match(goal, earlier)
            if match is not None and match.done:
                break
            first = earlier if match is not None else first
        return first


def week_files(project: Project) -> list[Path]:
    """The weekly checklists of a project, in order."""
    found = (project.posts / "goals").glob("*.md")
    return sorted(path for path in found if path.is_file() and not path.name.startswith("."))


def identity(goal: Goal) -> str:
    """Normalised title that identifies a goal across weeks: lower-case letters and digits."""
    text = unicodedata.normalize("NFKC", goal.text).casefold()
    return " ".join(re.findall(r"[\w@]+", text)) or text


def _match(goal: Goal, week: Week) -> Goal | None:
    """The same goal in `week`; if there are several, the one in the same group."""
    found = [other for other in week.goals if identity(other) == identity(goal)]
    same = [other for other in found if other.group == goal.group]
    return same[0] if same else found[0] if len(found) == 1 else None


def progress(goals: Iterable[Goal]) -> list[Progress]:
    """Return the progress of each group, in order of first appearance."""
    groups: dict[tuple[str, ...], list[Goal]] = {}
    for goal in goals:
        groups.setdefault(goal.group, []).append(goal)
    return [Progress(group, reached(found), len(found)) for group, found in groups.items()]


def reached(goals: Sequence[Goal]) -> int:
    """How many goals are ticked."""
    return sum(goal.done for goal in goals)
