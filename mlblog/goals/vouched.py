"""Whether git vouches for a confidence: it must have been committed while its goal was still open."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping

from mlblog.errors import InputError
from mlblog.goals.checklist import Week, parse_week
from mlblog.goals.earned import Proof, Unearned
from mlblog.goals.ledger import Ledger, identity
from mlblog.lab import Lab, Project
from mlblog.lab.former import former_names, with_new_names
from mlblog.lab.history import Revision
from mlblog.lab.stores import project_store
from mlblog.lab.text import text_of

_LATE = "its confidence is in no commit in which it was still open; take the number out"


def late(project: Project, week: Week) -> list[Unearned]:
    """Return the ticked goals of `week` whose confidence was written, or changed, when they were ticked already.

    Where there is no repository there is nobody to vouch, and nothing is said.
    """
    ticked = [goal for goal in week.goals if goal.done and goal.fifths is not None]
    if not ticked:
        return []
    try:
        vouched = _vouched(project, week.path, {})
        if any((identity(goal), goal.fifths) not in vouched for goal in ticked):
            vouched |= _vouched(project, week.path, former_names(project_store(project)))
    except InputError:
        return []
    return [Unearned(goal, week.place(goal), _LATE) for goal in ticked if (identity(goal), goal.fifths) not in vouched]


def _vouched(project: Project, path: str, names: Mapping[str, str]) -> set[tuple[str, float | None]]:
    """Goals that were open in some commit, with their confidence; experiments in them by their names of now."""
    weeks = _versions(project, path, names)
    return {(identity(goal), goal.fifths) for week in weeks for goal in week.goals if not goal.done}


def findings(project: Project) -> list[str]:
    """Return what is wrong with weekly goals, a line each: a week that cannot be read, ticks that are not earned."""
    try:
        week = Ledger.of(project).current
    except InputError as error:
        return [str(error)]
    return [] if week is None else [str(one) for one in wrong(project, Proof(Lab(project)), week)]


def wrong(project: Project, proof: Proof, week: Week) -> list[Unearned]:
    """Return the ticks of `week` that are not earned, and those whose confidence came too late."""
    return [*proof.unearned(week), *late(project, week)]


def _versions(project: Project, path: str, names: Mapping[str, str]) -> Iterator[Week]:
    """A week as each commit that changed it left it; those that could not be read vouch for nothing."""
    Revision(project, "HEAD")  # says so where there is no repository
    command = ["git", "-C", str(project.root), "log", "--format=%H", "--", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for commit in done.stdout.split():
        data = Revision(project, commit).read(path)
        if data is None:  # the commit that deleted it
            continue
        try:
            yield parse_week(with_new_names(text_of(data, path), names), path)
        except InputError:
            continue
