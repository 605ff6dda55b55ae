"""A post's process as it was before a unit, asleep until that unit is edited.

The process goes to sleep and a child of it runs on: a chain whose last link runs. It is not done where a child would
not be what its parent was: threads and processes stay with the parent, and files open for writing are shared.
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
from typing import Any

from mlblog.press.kernel.forks import Line, Sleeper
from mlblog.press.kernel.watch import Watch

#: Snapshots of one post at most.
MOST = 24


class Snapshots:
    """Keeps the starts of the units of this process's post."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._inherited = set(_descriptors())
        self._kept = 0

    def is_possible(self, line: Line, own: Iterable[int]) -> bool:
        """Whether a fork of this process would be in the same state; `own` are descriptors that are made anew in it."""
        if self._kept == MOST or _threads() > 1 or _has_children():
            return False
        opened = set(_descriptors()) - self._inherited - {line.end.fileno(), *own}
        return all(_is_read_only_file(descriptor) for descriptor in opened)

    def keep(self, line: Line, unit: int) -> tuple[Line, dict[str, Any]] | None:
        """Go to sleep before `unit` and run on in a child.

        Returns:
            None in the child that runs on at once; in one that was woken later, its line and its job.
        """
        offsets = {}
        for descriptor in _descriptors():
            with contextlib.suppress(OSError):  # a pipe, or closed by now
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
        for descriptor, offset in offsets.items():  # files are shared with the children before
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
        return True  # closed by now: it was the listing's own
    return stat.S_ISREG(mode) and access == os.O_RDONLY


def _threads() -> int:
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


def _has_children() -> bool:
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    return True
