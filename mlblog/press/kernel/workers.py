"""Processes that cells start with `os.fork` or `multiprocessing`: none of them goes on to run the post."""

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

#: Seconds that a cell waits for the forks that it has not waited for itself: what they print is then in its outputs.
_PATIENCE = 1.0


class Workers:
    """Tells the process of the post from those that its cells have forked."""

    def __init__(self) -> None:
        self._post = os.getpid()
        self._root = Path(os.environ.get("MLBLOG_ROOT", ""))
        self._forked: list[int] = []
        self._held: dict[int, str] = {}  # the begun line of a worker, by descriptor
        #: Whether a cell, or a library for it, has forked this process.
        self.were_forked = False

    def adopt(self) -> None:
        """This process runs the post from now on."""
        self._post = os.getpid()

    @property
    def is_one(self) -> bool:
        """Whether this process was forked by a cell."""
        return os.getpid() != self._post

    def watch(self) -> None:
        """Note what cells fork themselves, and give processes that they spawn a main module that can be imported."""
        fork, prepare = os.fork, multiprocessing.spawn.get_preparation_data

        def noted() -> int:
            pid = fork()
            self.were_forked = True
            if not pid:
                self._held.clear()
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
        """Show `text` from a worker, whose memory the post does not see: whole lines, or all if it is empty."""
        held = self._held.pop(descriptor, "") + text
        end = held.rfind("\n") + 1 if text else len(held)
        self._held[descriptor] = held[end:]
        data = held[:end].encode(errors="replace")
        while data:
            data = data[os.write(descriptor, data) :]

    def leave(self, error: BaseException | None) -> None:
        """End this process, unless it is the post's: it has come to the end of the cell that forked it."""
        if not self.is_one:
            return
        status = 0
        if isinstance(error, SystemExit):
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            status = 1
            said = "".join(traceback.format_exception(error))
            sys.stderr.write(without_machine(said, self._root))
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(status)

    def settle(self) -> None:
        """Wait a little for what the unit has forked and not waited for."""
        deadline = time.monotonic() + _PATIENCE
        for pid in self._forked:
            with contextlib.suppress(ChildProcessError):  # the cell has waited for it
                while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
                    if time.monotonic() > deadline:
                        return
                    time.sleep(0.002)
        self._forked.clear()
