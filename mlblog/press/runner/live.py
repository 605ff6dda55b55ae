"""Posts as they were before each unit, kept asleep while pages are served: an edit runs what follows it, no more.

A snapshot stands for a fresh run of the units before it, so it is used only while such a run would do the same: these
units have the same keys, what they read holds, and every module that they imported has the text that it had.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from mlblog.lab import Project
from mlblog.lab.fingerprint.sources import Mark, mark_of
from mlblog.press.kernel.output import Ran
from mlblog.press.runner.conversation import Snapshot
from mlblog.press.source.document import Cell, Doctest, Post, Unit

MOST_POSTS = 8
#: Seconds that units must have taken for a snapshot after them: what is faster is run again sooner than kept.
WORTH = 0.02
_LEAST_MEMORY = 0.1  # share of the machine's memory below which nothing is kept

Stamps = dict[str, Mark]


@dataclass
class Chain:
    """The snapshots of one run of a post, and what its units left."""

    path: str
    keys: Sequence[str]
    places: list[tuple[int, str]]  # line and text of each unit, as the processes know them
    stamps: Stamps  # of the project's modules, when the processes imported them
    ran: list[Ran] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)

    @classmethod
    def of(cls, post: Post, keys: Sequence[str], stamps: Stamps) -> Chain:
        """The chain of a run that starts now."""
        return cls(post.path, keys, [_place(unit) for unit in post.units], stamps)

    def followed_by(self, post: Post, keys: Sequence[str], now: Stamps, snapshot: Snapshot) -> Chain:
        """The chain of a run of `post` that goes on from `snapshot`, the last of this one."""
        places = [*self.places[: snapshot.unit], *(_place(unit) for unit in post.units[snapshot.unit :])]
        stamps = now | {path: self.stamps[path] for path in snapshot.modules if path in self.stamps}
        return Chain(post.path, keys, places, stamps, self.ran, self.snapshots)

    def close(self) -> None:
        """End the processes."""
        self.cut(-1)

    def cut(self, unit: int) -> None:
        """End those that sleep behind the start of unit number `unit`, and forget what came of them."""
        for snapshot in reversed(self.snapshots):
            if snapshot.unit > unit:
                snapshot.control.close()
        self.snapshots = [snapshot for snapshot in self.snapshots if snapshot.unit <= unit]
        del self.ran[max(unit, 0) :]

    def place(self, keys: Sequence[str], now: Stamps, holds: Callable[[Ran], bool]) -> Snapshot | None:
        """The last snapshot that is in the state of a fresh run of a post with `keys`, if there is one."""
        same = 0
        for mine, theirs, ran in zip(self.keys, keys, self.ran, strict=False):
            if mine != theirs or not holds(ran):
                break
            same += 1
        for snapshot in reversed(self.snapshots):
            if snapshot.unit <= same and all(self.stamps.get(path) == now.get(path) for path in snapshot.modules):
                return snapshot
        return None

    def has_moved(self, post: Post, before: int) -> bool:
        """Whether units before `before` stand on other lines now, or read otherwise."""
        return self.places[:before] != [_place(unit) for unit in post.units[:before]]


class Chains:
    """The chains of the posts that ran last."""

    def __init__(self, project: Project) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._chains: dict[str, Chain] = {}

    def take(self, path: str) -> Chain | None:
        """Hand out the chain of a post; who has it closes it or puts one back."""
        with self._lock:
            return self._chains.pop(path, None)

    def put(self, chain: Chain) -> None:
        """Keep a chain; the oldest goes when there are too many, all go when memory is short."""
        with self._lock:
            self._chains[chain.path] = chain
            most = 0 if _memory_is_short() else MOST_POSTS
            while len(self._chains) > most:
                self._chains.pop(next(iter(self._chains))).close()

    def close(self) -> None:
        """End all."""
        with self._lock:
            for chain in self._chains.values():
                chain.close()
            self._chains.clear()

    def stamps(self, more: Iterable[str] = ()) -> Stamps:
        """The mark of every module of the project's packages, and of `more` files of the project."""
        root, found = self._project.root, {}
        for package in self._project.packages:
            for path in root.joinpath(*package.split(".")).rglob("*.py"):
                with contextlib.suppress(FileNotFoundError):
                    found[path.relative_to(root).as_posix()] = mark_of(path.stat())
        for name in more:
            with contextlib.suppress(FileNotFoundError):
                found[name] = mark_of((root / name).stat())
        return found


def _place(unit: Unit) -> tuple[int, str]:
    return (unit.code_line if isinstance(unit, (Cell, Doctest)) else unit.line), unit.code


def _memory_is_short() -> bool:
    try:
        pages, free, size = (os.sysconf(f"SC_{name}") for name in ("PHYS_PAGES", "AVPHYS_PAGES", "PAGE_SIZE"))
    except (ValueError, OSError):
        return False
    with contextlib.suppress(OSError, StopIteration), open("/proc/meminfo") as file:  # what caches hold is free too
        line = next(line for line in file if line.startswith("MemAvailable:"))
        free = int(line.split()[1]) * 1024 // size
    return free < _LEAST_MEMORY * pages
