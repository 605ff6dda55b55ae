"""Which ticks are earned: a paper needs a note with a summary, an implementation a fresh record."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlblog.errors import InputError
from mlblog.goals.checklist import Goal, Week
from mlblog.lab import Lab
from mlblog.papers import STATES, read_note

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
#: A point that ends no sentence.
_SHORT = re.compile(r"\b(?:al|e\.g|i\.e|cf|vs|etc|resp|approx|fig|eq|sec|no|[A-Z])\.", re.IGNORECASE)
ENOUGH = 2


@dataclass(frozen=True)
class Unearned:
    """A goal whose tick is not earned, or would not be: where it stands, and what is missing."""

    goal: Goal
    place: str
    why: str

    def __str__(self) -> str:
        return f"{self.place}: ticked, not earned: {self.goal.text}: {self.why}"


def sentences(text: str) -> int:
    """How many sentences of three words or more a text has."""
    text = _SHORT.sub(lambda match: match[0].replace(".", ""), _COMMENT.sub("", text))
    found = re.split(r"(?<=[.!?…])[\"”')\]*_]*(?:\s+|$)", text)
    return sum(len(re.findall(r"\w+", one)) >= 3 and one.rstrip()[-1] in ".!?…" for one in found if one.strip())


class Proof:
    """What a project can show for its goals."""

    def __init__(self, lab: Lab) -> None:
        """Look at the notes and the records of `lab`."""
        self._lab = lab
        self._known: dict[str, str] = {}

    def unearned(self, week: Week) -> list[Unearned]:
        """Return the ticks of `week` that are not earned, in the order of the file."""
        found = ((goal, self.lacks(goal)) for goal in week.goals if goal.done)
        return [Unearned(goal, week.place(goal), why) for goal, why in found if why]

    def lacks(self, goal: Goal) -> str:
        """Return what is missing for a tick of `goal`; empty if nothing is."""
        papers = (self._paper(key) for key in goal.papers)
        return "; ".join(why for why in (*papers, *map(self._experiment, goal.experiments)) if why)

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
            return f"{shown} says: state {note.state}"
        count = sentences(note.summary)
        if count >= ENOUGH:
            return ""
        return f"the summary in {shown} has {('no sentence', 'one sentence')[count]}; two are the least"

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
