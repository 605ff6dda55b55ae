"""Snapshots of posts during live preview: after an edit, only the units that follow it run.

A snapshot replaces a fresh run of the units before it, so it is used only if such a run would give the same state:
the units have the same keys, their inputs are unchanged, and so are the modules they imported. Or it can
be brought to that state by rerunning some of them (see `replay`).
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mlblog.files.state import Mark, marks
from mlblog.lab import Project
from mlblog.press.kernel.job import Rerun
from mlblog.press.kernel.output import Ran
from mlblog.press.runner.conversation import Snapshot
from mlblog.press.runner.replay import Replay, replay
from mlblog.press.source.document import Post, Unit

MOST_POSTS = 8
#: Seconds of work that justify a snapshot; faster units are cheaper to rerun.
WORTH = 0.02
_LEAST_MEMORY = 0.1  # share of free memory below which no snapshots are kept

Stamps = dict[str, Mark]


@dataclass(frozen=True)
class Asleep:
    """A process asleep before a unit of `post`, with the results of the units before it."""

    snapshot: Snapshot
    post: Post
    keys: Sequence[str]
    ran: tuple[Ran, ...]

    def is_of(self, keys: Sequence[str]) -> bool:
        """Whether it has run units with these keys."""
        return list(self.keys[: self.snapshot.unit]) == list(keys[: self.snapshot.unit])


@dataclass(frozen=True)
class Plan:
    """A plan to run a post: the snapshot to start from, and the units to rerun first."""

    asleep: Asleep
    replay: Replay

    def before(self, again: Mapping[int, Ran]) -> tuple[Ran, ...]:
        """Results of all units before the first one to run in order, given the results of rerun units."""
        was = self.asleep.ran
        found = []
        for number, of in enumerate(self.replay.came_from):
            mine = [was[of]] if of is not None else []
            # it still depends on what it imported or read in its first run
            mine += [was[left] for left in self.replay.left] if number == 0 else []
            found.append(_resting_on(again[number], mine) if number in again else _resting_on(mine[0], mine[1:]))
        return tuple(found)

    def rerun(self, post: Post) -> Rerun:
        """The units to rerun before the rest of `post`."""
        old, replay = self.asleep.post.units, self.replay
        was = [old[number].code for number in replay.were]
        again = [(number, post.units[number].code) for number in replay.again]
        return Rerun(was, again, list(replay.fresh), list(replay.forget), replay.first)

    def has_moved(self, post: Post) -> bool:
        """Whether units that are not rerun have moved to other lines, or have other text."""
        old, again = self.asleep.post.units, set(self.replay.again)
        return any(
            _place(post.units[number]) != _place(old[of])
            for number, of in enumerate(self.replay.came_from)
            if of is not None and number not in again
        )


@dataclass
class Chain:
    """The snapshots of a post, each the parent of the next."""

    path: str
    stamps: Stamps  # of project modules when they were imported
    asleep: list[Asleep] = field(default_factory=list)

    def close(self) -> None:
        """Stop the processes."""
        self.cut(None)

    def cut(self, after: Asleep | None) -> None:
        """Stop the snapshots after `after`."""
        kept = self.asleep.index(after) + 1 if after is not None else 0
        for one in reversed(self.asleep[kept:]):
            one.snapshot.control.close()
        del self.asleep[kept:]

    def plans(self, post: Post, keys: Sequence[str], now: Stamps, holds: Callable[[Ran], bool]) -> Iterator[Plan]:
        """Yield plans to run `post`, shortest first; the last one reruns nothing."""
        known: dict[int, bool] = {}

        def all_hold(units: Iterable[Ran]) -> bool:
            return all(known.setdefault(id(ran), holds(ran)) for ran in units)

        usable = [one for one in self.asleep if all(self.stamps.get(p) == now.get(p) for p in one.snapshot.modules)]
        as_they_are = [one for one in usable if one.is_of(keys) and all_hold(one.ran)]
        first = as_they_are[-1].snapshot.unit if as_they_are else 0
        for one in reversed(usable):
            if as_they_are and one is as_they_are[-1]:
                yield Plan(one, Replay(first, came_from=tuple(range(first))))
                return
            same_limits = one.post.limits == post.limits
            found = replay(one.post.units, post.units, one.snapshot.unit) if same_limits else None
            if found is not None and found.spares(first):
                kept = [one.ran[of] for of in found.came_from if of is not None]
                run = [one.ran[number] for number in found.were]
                if all_hold(kept) and not any(ran.lines or ran.opaque for ran in kept) and not any(map(_warns, run)):
                    yield Plan(one, found)


class Chains:
    """The chains of recently run posts."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._chains: dict[str, Chain] = {}

    def take(self, path: str) -> Chain | None:
        """Hand out the chain of a post; the caller closes it or puts one back."""
        with self._lock:
            return self._chains.pop(path, None)

    def put(self, chain: Chain) -> None:
        """Keep a chain; drop the oldest if there are too many, and all if memory is short."""
        with self._lock:
            self._chains[chain.path] = chain
            most = 0 if _memory_is_short() else MOST_POSTS
            while len(self._chains) > most:
                self._chains.pop(next(iter(self._chains))).close()

    def close(self) -> None:
        """Stop all."""
        with self._lock:
            for chain in self._chains.values():
                chain.close()
            self._chains.clear()

    def stamps(self, more: Iterable[str] = ()) -> Stamps:
        """File states of all project modules and of `more` project files."""
        root = self._project.root
        folders = (root.joinpath(*package.split(".")) for package in self._project.packages)
        paths = [path for folder in folders for path in folder.rglob("*.py")]
        found = marks([*paths, *(root / name for name in more)])
        return {os.path.relpath(path, root): mark for path, mark in found.items()}


def _resting_on(ran: Ran, others: Iterable[Ran]) -> Ran:
    for other in others:
        ran = dataclasses.replace(
            ran,
            rests=other.rests | ran.rests,
            modules=other.modules | ran.modules,
            calls={
                path: sorted({*other.calls.get(path, ()), *ran.calls.get(path, ())}) for path in other.calls | ran.calls
            },
        )
    return ran


def _warns(ran: Ran) -> bool:
    """Whether a unit has shown a warning, which might not appear again."""
    return any(output.get("name") == "stderr" for output in ran.outputs)


def _place(unit: Unit) -> tuple[int, str]:
    return unit.code_line, unit.code


def _memory_is_short() -> bool:
    try:
        pages, free, size = (os.sysconf(f"SC_{name}") for name in ("PHYS_PAGES", "AVPHYS_PAGES", "PAGE_SIZE"))
    except (ValueError, OSError):
        return False
    with contextlib.suppress(OSError, StopIteration), open("/proc/meminfo") as file:  # includes reclaimable caches
        line = next(line for line in file if line.startswith("MemAvailable:"))
        free = int(line.split()[1]) * 1024 // size
    return free < _LEAST_MEMORY * pages
