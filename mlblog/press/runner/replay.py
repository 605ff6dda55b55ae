"""Which units to rerun, out of order, so that a process that ran a post before an edit matches a fresh run.

A process sleeps before some unit of the old version. Units were edited, inserted or removed before that place. The
others need not be rerun if the edit does not affect them, and the process reaches the state of a fresh run
once the affected ones have been rerun. This holds if all of those, in the old and the new version, are plain
(see `kernel.plain`) and their names satisfy:

- a unit that looks up a name bound by an edited unit is rerun as well, and so on transitively;
- no function looks such a name up, since it could be called at any time;
- a rerun unit uses no name that was bound later, and binds none that was bound later by a unit that is not rerun.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from mlblog.press.kernel.plain import is_plain
from mlblog.press.source.document import Doctest, Unit
from mlblog.press.source.names import Names, names

_LAST = {"_", "__", "___"}  # IPython's last displayed values


@dataclass(frozen=True)
class Replay:
    """What to do in a process that sleeps before a unit of the old version.

    Attributes:
        start: the first unit of the new version to run in order.
        again: earlier units to rerun first.
        came_from: for each unit before `start`, its number in the old version; None if new.
        left: units of the old version that were removed or changed.
        fresh: names bound by `again` and `left`.
        forget: those among them that are no longer bound.
    """

    start: int
    again: tuple[int, ...] = ()
    came_from: tuple[int | None, ...] = ()
    left: tuple[int, ...] = ()
    fresh: tuple[str, ...] = ()
    forget: tuple[str, ...] = ()

    @property
    def were(self) -> list[int]:
        """Units of the old version whose results are superseded."""
        return [*self.left, *(of for number in self.again if (of := self.came_from[number]) is not None)]

    @property
    def first(self) -> int:
        """The first unit of the old version that was removed, runs again, or follows a new one."""
        same = 0
        while same < len(self.came_from) and self.came_from[same] == same and same not in self.again:
            same += 1
        return same

    def spares(self, first: int) -> bool:
        """Whether any unit from `first` on need not run."""
        return not set(range(first, self.start)).issubset(self.again)


def replay(old: Sequence[Unit], new: Sequence[Unit], before: int) -> Replay | None:
    """Return how to bring a process that ran `old` up to unit `before` to the state of `new`; None if unknown."""
    came_from = _matched(old, new, before)
    kept = {number for number in came_from if number is not None}
    left = [number for number in range(before) if number not in kept]
    was, now = [_names(unit) for unit in old[:before]], [_names(unit) for unit in new[: len(came_from)]]
    if not kept or any(one.is_opaque for one in (*was, *now)):
        return None
    edit = _Edit(was, now, left, came_from)
    if edit.imports_differ() or any(edit.fresh & one.late for one in (*was, *now)):
        return None
    if any(_LAST & (one.taken | one.late) for one in map(_names, new)):
        return None
    if not all(map(_may_be_plain, (*(old[number] for number in left), *(new[number] for number in edit.again)))):
        return None
    if not edit.is_sound():
        return None
    names_of = tuple(sorted(edit.fresh)), tuple(sorted(edit.forget))
    return Replay(len(came_from), tuple(edit.again), tuple(came_from), tuple(left), *names_of)


def _may_be_plain(unit: Unit) -> bool:
    return not unit.options.may_raise and is_plain(unit.code)


def _matched(old: Sequence[Unit], new: Sequence[Unit], before: int) -> list[int | None]:
    """Map the units of `new`, up to the last one found in `old[:before]`, to their old numbers."""
    before_edit, after_edit = [_identity(unit) for unit in old], [_identity(unit) for unit in new]
    found: dict[int, int] = {}
    for block in SequenceMatcher(None, before_edit, after_edit, autojunk=False).get_matching_blocks():
        found.update({block.b + step: block.a + step for step in range(block.size) if block.a + step < before})
    return [found.get(number) for number in range(max(found, default=-1) + 1)]


def _identity(unit: Unit) -> tuple[Any, ...]:
    """Everything about a unit that determines its effect."""
    return unit.kind, unit.code, unit.options.raster, unit.options.timeout, unit.options.may_raise


def _names(unit: Unit) -> Names:
    return Names(is_opaque=True) if isinstance(unit, Doctest) else names(unit.code)


@dataclass(frozen=True)
class _Edit:
    """The names of the old and the new version up to some unit, and how their units correspond."""

    was: Sequence[Names]
    now: Sequence[Names]
    left: Sequence[int]
    came_from: Sequence[int | None]

    @cached_property
    def again(self) -> list[int]:
        """New units, and those that look up or rebind names bound by them or by `left`."""
        new = {number for number, of in enumerate(self.came_from) if of is None}
        again, touched = set(new), self._left_bound.union(*(self.now[number].bound for number in new))
        while True:
            bound_before: set[str] = set()
            more = set()
            for number, one in enumerate(self.now):
                if number in again:
                    bound_before |= one.bound
                elif touched & (one.taken | one.words) or bound_before & one.bound:
                    more.add(number)
                    bound_before |= one.bound
                    touched |= one.bound
            if not more:
                return sorted(again)
            again |= more

    @cached_property
    def fresh(self) -> set[str]:
        """Names bound by `again` and `left`."""
        return self._left_bound.union(*(self.now[number].bound for number in self.again))

    @cached_property
    def forget(self) -> set[str]:
        """Names that are no longer bound."""
        return self._left_bound.difference(*(one.bound for one in self.now))

    @cached_property
    def _left_bound(self) -> set[str]:
        return {name for number in self.left for name in self.was[number].bound}

    def imports_differ(self) -> bool:
        """Whether the edit changes imports, or different imports bind the same name."""
        gone = {one for number in self.left for one in self.was[number].imported}
        come = {one for number, of in enumerate(self.came_from) if of is None for one in self.now[number].imported}
        every = {one for each in (*self.was, *self.now) for one in each.imported}
        bound = frozenset[str]().union(*(each.bound for each in (*self.was, *self.now)))
        by_import = [name for name, _ in every]
        return gone != come or len(set(by_import)) < len(by_import) or not bound.isdisjoint(by_import)

    def is_sound(self) -> bool:
        """Whether rerun units use, and names finally have, the values of a fresh run."""
        return (
            all(map(self._took_what_is_there, self.left))
            and all(map(self._takes_the_same, self.again))
            and all(map(self._ends_the_same, self.fresh - self.forget))
        )

    def _took_what_is_there(self, number: int) -> bool:
        """Whether a unit of `left` used values that its names still have, or that came from plain units."""
        plain = {of for again in self.again if (of := self.came_from[again]) is not None}.union(self.left)
        for name in self.was[number].taken:
            before = [earlier for earlier in range(number) if name in self.was[earlier].bound]
            if before and before[-1] in plain:
                continue
            if any(name in self.was[later].bound for later in range(number, len(self.was))):
                return False
        return True

    def _takes_the_same(self, number: int) -> bool:
        """Whether a rerun unit uses the values that it would use in order."""
        for name in self.now[number].taken:
            binders = [earlier for earlier in range(number) if name in self.now[earlier].bound]
            if binders and binders[-1] in self.again:
                continue
            last = max((of for earlier in binders if (of := self.came_from[earlier]) is not None), default=-1)
            since = [other for other in range(last + 1, len(self.was)) if name in self.was[other].bound]
            if since or name in self._left_bound or set(binders) & set(self.again):
                return False
        return True

    def _ends_the_same(self, name: str) -> bool:
        """Whether a name finally has the value that a fresh run gives it."""
        last = max(number for number, one in enumerate(self.now) if name in one.bound)
        if last in self.again:
            return True
        then = max(number for number, one in enumerate(self.was) if name in one.bound)
        return self.came_from[last] == then and not any(name in self.now[number].bound for number in self.again)
