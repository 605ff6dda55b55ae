"""Processes that cells start with `os.fork` or `multiprocessing`; they must not continue running the post."""

from __future__ import annotations

import contextlib
import multiprocessing.spawn
import os
import sys
import time
import traceback
from pathlib import Path
from typing import Any

from mlblog.press.kernel import spawned
from mlblog.press.kernel.failure import without_machine

#: Seconds to wait at the end of a cell for its remaining forks, so that what they print is in its outputs.
_PATIENCE = 1.0


class Workers:
    """Distinguishes the process of the post from forks made by its cells."""

    def __init__(self) -> None:
        self._post = os.getpid()
        self._root = Path(os.environ.get("MLBLOG_ROOT", ""))
        self._forked: list[int] = []
        self._partial: dict[int, str] = {}  # partial line of a worker, by descriptor
        #: Whether a cell, or a library it called, has forked.
        self.were_forked = False

    def adopt(self) -> None:
        """Make this the process that runs the post."""
        self._post = os.getpid()

    @property
    def is_one(self) -> bool:
        """Whether this process was forked by a cell."""
        return os.getpid() != self._post

    def watch(self) -> None:
        """Track forks, and give spawned processes an importable `__main__` module."""
        fork, prepare = os.fork, multiprocessing.spawn.get_preparation_data

        def noted() -> int:
            pid = fork()
            self.were_forked = True
            if not pid:
                self._partial.clear()
            elif sys._getframe(1).f_globals.get("__name__") == "__main__":
                self._forked.append(pid)
            return pid

        def prepared(name: str) -> dict[str, Any]:
            found: dict[str, Any] = prepare(name)
            found.pop("init_main_from_name", None)
            return found | {"init_main_from_path": spawned.__file__}

        os.fork = noted
        multiprocessing.spawn.get_preparation_data = prepared

    def write(self, descriptor: int, text: str) -> None:
        """Write `text` from a worker to the shared descriptor, by whole lines; empty text flushes."""
        pending = self._partial.pop(descriptor, "") + text
        end = pending.rfind("\n") + 1 if text else len(pending)
        self._partial[descriptor] = pending[end:]
        data = pending[:end].encode(errors="replace")
        while data:
            data = data[os.write(descriptor, data) :]

    def leave(self, error: BaseException | None) -> None:
        """Exit if this is a worker that has reached the end of its cell."""
        if not self.is_one:
            return
        status = 0
        if isinstance(error, SystemExit):
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            status = 1
            text = "".join(traceback.format_exception(error))
            sys.stderr.write(without_machine(text, self._root))
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)

    def settle(self) -> None:
        """Wait briefly for remaining forks of the unit."""
        deadline = time.monotonic() + _PATIENCE
        for pid in self._forked:
            with contextlib.suppress(ChildProcessError):  # the cell has already waited for it
                while _is_running(pid):
                    if time.monotonic() > deadline:
                        return
                    time.sleep(0.002)
        self._forked.clear()


def _is_running(child: int) -> bool:
    """Whether a child is running.

    Raises:
        ChildProcessError: someone has waited for it.
    """
    if hasattr(os, "waitid"):
        return os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    return os.waitpid(child, os.WNOHANG) == (0, 0)  # macOS before Python 3.13; reaps it
