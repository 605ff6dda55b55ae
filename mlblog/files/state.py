"""The state of a file: what tells whether it has changed since it was read."""

from __future__ import annotations

import os
from collections.abc import Iterable

#: Nanoseconds within which a file may change twice unnoticed: one tick of a coarse clock.
TICK = 2_000_000_000

#: Times of the last write and of the last change, size and inode, in a list as JSON has it.
Mark = list[int]


def mark_of(stat: os.stat_result) -> Mark:
    """The mark of a file with this `stat`. The time of writing can be set back, but not the time of doing so."""
    return [stat.st_mtime_ns, stat.st_size, stat.st_ino, stat.st_ctime_ns]


def mark(path: str | os.PathLike[str]) -> Mark | None:
    """The mark of a file; None if it is missing or out of reach."""
    try:
        return mark_of(os.stat(path))
    except OSError:
        return None


def marks(paths: Iterable[str | os.PathLike[str]]) -> dict[str, Mark]:
    """The marks of those of `paths` that are there, by path."""
    found = ((os.fspath(path), mark(path)) for path in paths)
    return {path: mark for path, mark in found if mark is not None}


def is_settled(mark: Mark, moment: int) -> bool:
    """Whether a file with this mark was left alone for so long before `moment` that a later change shows in its mark.

    Args:
        mark: taken at `moment` or later.
        moment: in nanoseconds, before the file was read.
    """
    return max(mark[0], mark[3]) < moment - TICK
