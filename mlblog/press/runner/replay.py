"""Which units must run again, out of turn, so that a process that ran a post before an edit is as if it ran it now.

A process sleeps before some unit of the post as it was. Units were edited, inserted or removed before that place. The
others need not run again if nothing that the edit changed reaches them, and the process is in the state of a fresh run
once those that it does reach have run again. That is so where all of these, as they were and as they are, are plain
(see `kernel.plain`) and the names bear it out:

- what an edited unit binds, no other unit looks up, or it runs again, too; and so on with what that one binds;
- no function looks it up either, since nobody knows when it is called;
- what runs again takes no name that was bound since, and binds none that was bound since by a unit that does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from mlblog.press.kernel.plain import is_plain
from mlblog.press.source.document import Cell, Doctest, Unit
from mlblog.press.source.names import Names, names

_LAST = {"_", "__", "___"}  # the last values that were shown
_ENDING = {"raises-exception", "skip-execution"}


@dataclass(frozen=True)
class Replay:
    """What is to be done in a process that sleeps before a unit of the post as it was.

    Attributes:
        start: the unit of the post as it is from which all run in their turn.
        again: the units before that which run again first.
        came_from: for each unit before `start`, which one it was; None if it is new.
        left: the units of the post as it was that are no more, or not so.
        fresh: the names that `again` and `left` bind.
        forget: of these, those that nobody binds any more.
    """

    start: int
    again: tuple[int, ...] = ()
    came_from: tuple[int | None, ...] = ()
    left: tuple[int, ...] = ()
    fresh: tuple[str, ...] = ()
    forget: tuple[str, ...] = ()

    @property
    def were(self) -> list[int]:
        """The units of the post as it was whose runs are to count no more."""
        return [*self.left, *(of for number in self.again if (of := self.came_from[number]) is not None)]

    def spares(self, first: int) -> bool:
        """Whether a unit from `first` on need not run."""
        return not set(range(first, self.start)).issubset(self.again)


def replay(old: Sequence[Unit], new: Sequence[Unit], before: int) -> Replay | None:
    """What brings a process that has run `old` up to unit `before` to where `new` would be; None if unknown."""
    came_from = _matched(old, new, before)
    pairs = {theirs: mine for mine, theirs in enumerate(came_from) if theirs is not None}
    left = [number for number in range(before) if number not in pairs]
    was, now = [_names(unit) for unit in old[:before]], [_names(unit) for unit in new[: len(came_from)]]
    if not pairs or any(one.is_opaque for one in (*was, *now)) or _imports_differ(was, now, left, came_from):
        return None
    again = _reached(was, now, left, came_from)
    fresh = {name for number in left for name in was[number].bound} | {n for number in again for n in now[number].bound}
    forget = {name for number in left for name in was[number].bound}.difference(*(one.bound for one in now))
    if any(fresh & one.late for one in (*was, *now)) or any(_LAST & (one.taken | one.late) for one in map(_names, new)):
        return None
    if not all(map(_may_be_plain, (*(old[number] for number in left), *(new[number] for number in again)))):
        return None
    plain = {of for number in again if (of := came_from[number]) is not None}.union(left)
    if not all(_took_what_is_there(number, was, plain) for number in left):
        return None
    if not all(_takes_the_same(number, was, now, again, left, came_from) for number in again):
        return None
    if not all(_ends_the_same(name, was, now, again, left, came_from) for name in fresh - forget):
        return None
    names_of = tuple(sorted(fresh)), tuple(sorted(forget))
    return Replay(len(came_from), tuple(again), tuple(came_from), tuple(left), *names_of)


def _may_be_plain(unit: Unit) -> bool:
    return not (isinstance(unit, Cell) and unit.options.tags & _ENDING) and is_plain(unit.code)


def _matched(old: Sequence[Unit], new: Sequence[Unit], before: int) -> list[int | None]:
    """For the units of `new` up to the last that is one of `old[:before]`: which one it is."""
    said, say = [_said(unit) for unit in old], [_said(unit) for unit in new]
    found: dict[int, int] = {}
    for block in SequenceMatcher(None, said, say, autojunk=False).get_matching_blocks():
        found.update({block.b + step: block.a + step for step in range(block.size) if block.a + step < before})
    return [found.get(number) for number in range(max(found, default=-1) + 1)]


def _said(unit: Unit) -> tuple[Any, ...]:
    """What of a unit decides what it does."""
    if isinstance(unit, Cell):
        return Cell, unit.code, unit.options.raster, unit.options.timeout, "raises-exception" in unit.options.tags
    return type(unit), unit.code


def _names(unit: Unit) -> Names:
    return Names(is_opaque=True) if isinstance(unit, Doctest) else names(unit.code)


def _imports_differ(
    was: Sequence[Names], now: Sequence[Names], left: Sequence[int], came_from: Sequence[int | None]
) -> bool:
    """Whether an edit imports otherwise, or a name is not always bound by the same import."""
    gone = {one for number in left for one in was[number].imported}
    come = {one for number, of in enumerate(came_from) if of is None for one in now[number].imported}
    every = {one for each in (*was, *now) for one in each.imported}
    bound = frozenset[str]().union(*(each.bound for each in (*was, *now)))
    by_import = [name for name, _ in every]
    return gone != come or len(set(by_import)) < len(by_import) or not bound.isdisjoint(by_import)


def _reached(
    was: Sequence[Names], now: Sequence[Names], left: Sequence[int], came_from: Sequence[int | None]
) -> list[int]:
    """The units that are new, and those that take, or bind again, what these bind or have bound."""
    touched = {name for number in left for name in was[number].bound}
    touched |= {name for number, of in enumerate(came_from) if of is None for name in now[number].bound}
    again = {number for number, of in enumerate(came_from) if of is None}
    while True:
        bound_before: set[str] = set()
        more = set()
        for number, one in enumerate(now):
            if number in again:
                bound_before |= one.bound
            elif touched & (one.taken | one.words) or bound_before & one.bound:
                more.add(number)
                bound_before |= one.bound
                touched |= one.bound
        if not more:
            return sorted(again)
        again |= more


def _takes_the_same(
    number: int,
    was: Sequence[Names],
    now: Sequence[Names],
    again: Sequence[int],
    left: Sequence[int],
    came_from: Sequence[int | None],
) -> bool:
    """Whether each name that a unit takes has, when it runs again, the value that it would have in its turn."""
    for name in now[number].taken:
        binders = [earlier for earlier in range(number) if name in now[earlier].bound]
        if binders and binders[-1] in again:
            continue
        last = max((of for earlier in binders if (of := came_from[earlier]) is not None), default=-1)
        since = [other for other in range(last + 1, len(was)) if name in was[other].bound]
        if since or any(name in was[other].bound for other in left) or set(binders) & set(again):
            return False
    return True


def _took_what_is_there(number: int, was: Sequence[Names], plain: set[int]) -> bool:
    """Whether the values that a unit took are those that its names have now, or were made by a plain one."""
    for name in was[number].taken:
        before = [earlier for earlier in range(number) if name in was[earlier].bound]
        if before and before[-1] in plain:
            continue
        if any(name in was[later].bound for later in range(number, len(was))):
            return False
    return True


def _ends_the_same(
    name: str,
    was: Sequence[Names],
    now: Sequence[Names],
    again: Sequence[int],
    left: Sequence[int],
    came_from: Sequence[int | None],
) -> bool:
    """Whether a name has, after all, the value that the last unit which binds it gives it in a fresh run."""
    last = max(number for number, one in enumerate(now) if name in one.bound)
    if last in again:
        return True
    then = max(number for number, one in enumerate(was) if name in one.bound)
    return came_from[last] == then and not any(name in now[number].bound for number in again)
