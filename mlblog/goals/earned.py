"""Decide which ticks are earned, for commands and pages.

A confidence must have been committed while its goal was open. While a week is open, a paper also needs a note with a
summary, and an implementation a fresh record; later changes do not affect closed weeks.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from functools import cached_property

from mlblog.errors import InputError
from mlblog.files.text import text_of
from mlblog.goals.checklist import Goal, Week, parse_week
from mlblog.goals.ledger import Ledger, identity, week_files
from mlblog.lab import Lab, Project
from mlblog.lab.records.former import former_names, with_new_names
from mlblog.lab.records.history import Past
from mlblog.markup import scan
from mlblog.papers import STATES, read_note

#: A full stop that does not end a sentence.
_SHORT = re.compile(r"\b(?:al|e\.g|i\.e|cf|vs|etc|resp|approx|fig|eq|sec|no|[A-Z])\.", re.IGNORECASE)
ENOUGH = 2


@dataclass(frozen=True)
class Unearned:
    """A goal whose tick is not (or would not be) earned, with its place and what is missing."""

    goal: Goal
    place: str
    why: str

    def __str__(self) -> str:
        return f"{self.place}: ticked but not earned: {self.goal.text}: {self.why}"


def sentences(text: str) -> int:
    """The number of sentences with at least three words."""
    text = _SHORT.sub(lambda match: match[0].replace(".", ""), scan(text).without("comment", blank=""))
    found = re.split(r"(?<=[.!?…])[\"”')\]*_]*(?:\s+|$)", text)
    return sum(len(re.findall(r"\w+", one)) >= 3 and one.rstrip()[-1] in ".!?…" for one in found if one.strip())


class Proof:
    """Evidence for goals: notes, records, and the git history of checklists."""

    def __init__(self, lab: Lab) -> None:
        """Use the notes, records and history of `lab`."""
        self._lab = lab
        self._known: dict[str, str] = {}
        self._forecasts: dict[str, set[tuple[str, float | None]]] = {}
        self._past = Past(lab.project, lab.project.posts / "goals")

    def unearned(self, week: Week) -> list[Unearned]:
        """Return the unearned ticks of `week`, in file order."""
        found = ((goal, self.lacks(week, goal)) for goal in week.goals if goal.done)
        return [Unearned(goal, week.place(goal), why) for goal, why in found if why]

    def lacks(self, week: Week, goal: Goal) -> str:
        """Return what is missing for a tick of `goal`; empty if nothing is known to be."""
        found = []
        if week.name == self._open:
            found += [*map(self._paper, goal.papers), *map(self._experiment, goal.experiments)]
        if not self._vouched(week, goal) and not self._past.gap:
            first = "" if goal.done else "commit the list before you tick it, or "
            found.append(f"its confidence is in no commit in which the goal was still open; {first}remove the number")
        return "; ".join(why for why in found if why)

    def unverifiable(self, week: Week) -> str:
        """Return why git cannot show that every confidence in `week` was committed before its tick; empty if it can."""
        if all(self._vouched(week, goal) for goal in week.goals if goal.done) or not self._past.gap:
            return ""
        return f"cannot check that each confidence was committed before its goal was ticked: {self._past.gap}"

    @cached_property
    def _former(self) -> dict[str, str]:
        return former_names(self._lab.store)

    @cached_property
    def _open(self) -> str:
        """The name of the open week."""
        return week_files(self._lab.project)[-1].stem

    def _vouched(self, week: Week, goal: Goal) -> bool:
        return goal.fifths is None or (identity(goal), goal.fifths) in self._committed(week.path)

    def _committed(self, path: str) -> set[tuple[str, float | None]]:
        """Open goals with confidences in any version of a checklist; unreadable versions are skipped."""
        if path not in self._forecasts:
            found = self._forecasts.setdefault(path, set())
            for data in self._past.versions.get(path, ()):
                # the experiment may have been renamed since
                with contextlib.suppress(InputError):
                    text = text_of(data, path)
                    for one in dict.fromkeys((text, with_new_names(text, self._former))):
                        undone = (goal for goal in parse_week(one, path).goals if not goal.done)
                        found |= {(identity(goal), goal.fifths) for goal in undone}
        return self._forecasts[path]

    def _paper(self, key: str) -> str:
        project = self._lab.project
        path = project.root / project.packages[0].replace(".", "/") / "papers" / "notes" / f"{key}.md"
        shown = project.relative(path)
        if not path.is_file():
            return f"there is no note {shown}; write one: mlblog new note {key}"
        try:
            note = read_note(path, shown)
        except InputError as error:
            return str(error)
        if note.state == STATES[0]:
            return f"the state in {shown} is {note.state!r}"
        count = sentences(note.summary)
        if count >= ENOUGH:
            return ""
        return f"the summary in {shown} has {('no sentence', 'one sentence')[count]}; it needs at least two"

    def _experiment(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = self._look_up(name)
        return self._known[name]

    def _look_up(self, name: str) -> str:
        lab = self._lab
        if name not in lab.experiments:
            return f"there is no experiment `{name}`; write it: mlblog new experiment {name}"
        scale = lab.recorded_scale(name)
        if scale is None:
            return f"`{name}` has no record; run it: mlblog run {name}"
        due = [state for state in lab.states(lab.keys_of(name, scale)) if state.why]
        if not due:
            return ""
        return f"`{name}` is {due[0].name} at scale {scale}; see: mlblog why {name}"


def findings(project: Project) -> tuple[list[str], list[str]]:
    """Return problems with weekly goals, and what cannot be checked, one line each."""
    try:
        weeks = Ledger.of(project).weeks
    except InputError as error:
        return [str(error)], []
    proof = Proof(Lab(project))
    unverifiable = dict.fromkeys(filter(None, map(proof.unverifiable, weeks)))
    return [str(one) for week in weeks for one in proof.unearned(week)], list(unverifiable)
