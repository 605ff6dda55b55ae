"""Snapshots: a post's process as it was before a unit, asleep until that unit is edited.

The process goes to sleep and a forked child continues; the last in the chain is running. No snapshot is taken where
a child would differ: threads and child processes are not inherited, and files open for writing are shared.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import os
import socket
import stat
import threading
from collections.abc import Iterable

from mlblog.press.kernel.forks import Line, Sleeper
from mlblog.press.kernel.job import Job
from mlblog.press.kernel.watch import Watch

#: Most snapshots per post.
MOST = 24


class Snapshots:
    """Takes snapshots of the post in this process."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._inherited = set(_descriptors())
        self._kept = 0

    def is_possible(self, line: Line, own: Iterable[int]) -> bool:
        """Whether a fork of this process would have the same state; `own` are descriptors that a child reopens."""
        if self._kept == MOST or _threads() > 1 or _has_children():
            return False
        opened = set(_descriptors()) - self._inherited - {line.end.fileno(), *own}
        return all(_is_read_only_file(descriptor) for descriptor in opened)

    def keep(self, line: Line, unit: int) -> tuple[Line, Job] | None:
        """Sleep before `unit` and continue in a child.

        Returns:
            None in the child that continues; the line and the job in a child that was woken later.
        """
        offsets = {}
        for descriptor in _descriptors():
            with contextlib.suppress(OSError):  # a pipe, or already closed
                offsets[descriptor] = os.lseek(descriptor, 0, os.SEEK_CUR)
        ours, theirs = socket.socketpair()
        line.say(attached=[theirs.fileno()], event="asleep", unit=unit, pid=os.getpid(), modules=self._watch.modules())
        theirs.close()
        self._kept += 1
        sleeper = Sleeper(ours, above=self._kept)
        if sleeper.fork(line.end):
            return None
        end = sleeper.sleep()
        if end is None:
            os._exit(0)
        for descriptor, offset in offsets.items():  # offsets are shared with earlier children
            with contextlib.suppress(OSError):
                os.lseek(descriptor, offset, os.SEEK_SET)
        importlib.invalidate_caches()
        woken = Line(end)
        return woken, woken.job()


def _descriptors() -> list[int]:
    for folder in ("/proc/self/fd", "/dev/fd"):
        with contextlib.suppress(OSError):
            return [int(name) for name in os.listdir(folder)]
    return []


def _is_read_only_file(descriptor: int) -> bool:
    try:
        mode = os.fstat(descriptor).st_mode
        access = fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE
    except OSError:
        return True  # already closed: it was the listing's own
    return stat.S_ISREG(mode) and access == os.O_RDONLY


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def _has_children() -> bool:
    if not hasattr(os, "waitid"):  # macOS before Python 3.13: no way to ask without reaping one
        return True
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
