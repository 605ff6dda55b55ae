"""`mkdocs serve` while cells run: saves are noticed, the old pages served, and Ctrl-C goes to the cells first.

Of MkDocs' server four private names are used, those of 1.6.1; where one is missing, it serves and waits as it would.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

#: Seconds within which a second Ctrl-C ends the preview, whatever runs.
_TWICE = 2.0


class Preview:
    """What live preview has of its host."""

    def __init__(self, server: Any = None) -> None:
        """`server` is the host's; there is none yet while the first pages are made."""
        self._server = server

    def is_superseded(self) -> bool:
        """Whether files were saved since this build began."""
        return bool(getattr(self._server, "_want_rebuild", False))

    def ask_again(self) -> None:
        """Have another build made after this one."""
        condition = getattr(self._server, "_rebuild_cond", None)
        if condition is not None:
            with condition:
                self._server._want_rebuild = True
                condition.notify_all()

    @contextlib.contextmanager
    def old_pages(self) -> Iterator[None]:
        """Serve the pages that are there, which the host holds back from the start of a build."""
        condition = getattr(self._server, "_epoch_cond", None)
        if condition is None or not hasattr(self._server, "_wanted_epoch"):
            yield
            return
        with condition:
            wanted, self._server._wanted_epoch = self._server._wanted_epoch, self._server._visible_epoch
            condition.notify_all()
        try:
            yield
        finally:
            with condition:
                self._server._wanted_epoch = wanted


class Keyboard:
    """Ctrl-C interrupts the cells that run; where none does, or at the second, it ends the preview."""

    def __init__(self, interrupt: Callable[[], bool]) -> None:
        """Take Ctrl-C; `interrupt` interrupts cells, and says whether there were any."""
        self._interrupt, self._last = interrupt, -_TWICE
        self._before = signal.signal(signal.SIGINT, self._pressed)

    def release(self) -> None:
        """Give Ctrl-C back."""
        signal.signal(signal.SIGINT, self._before)

    def _pressed(self, number: int, frame: FrameType | None) -> None:
        last, self._last = self._last, time.monotonic()
        if self._last - last < _TWICE or not self._interrupt():
            signal.default_int_handler(number, frame)
        # not by the log, which may be writing at this moment
        os.write(2, b"mlblog: the cell that ran was interrupted; Ctrl-C again ends the preview\n")
