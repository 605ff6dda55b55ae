"""`mkdocs serve` while cells run: notice saves, keep serving the old pages, pass Ctrl-C to the cells first.

Uses four private names of MkDocs 1.6.1's server; if one is missing, the server blocks as usual.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import time
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from mlblog.errors import Superseded

log = logging.getLogger("mkdocs.plugins.mlblog")

#: Seconds within which a second Ctrl-C ends the preview.
_TWICE = 2.0


class Preview:
    """The host's server during live preview."""

    def __init__(self, server: Any = None) -> None:
        """`server` is the host's; None during the first build."""
        self._server = server

    def is_superseded(self) -> bool:
        """Whether files were saved since this build began."""
        return bool(getattr(self._server, "_want_rebuild", False))

    def ask_again(self) -> None:
        """Request another build after this one."""
        condition = getattr(self._server, "_rebuild_cond", None)
        if condition is not None:
            with condition:
                self._server._want_rebuild = True
                condition.notify_all()

    @contextlib.contextmanager
    def old_pages(self) -> Iterator[None]:
        """Keep serving the existing pages, which the host blocks during a build."""
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
    """Ctrl-C interrupts running cells; if there are none, or pressed twice, it ends the preview."""

    def __init__(self, interrupt: Callable[[], bool]) -> None:
        """Handle Ctrl-C; `interrupt` interrupts cells and returns whether there were any."""
        self._interrupt, self._last = interrupt, -_TWICE
        self._before = signal.signal(signal.SIGINT, self._pressed)

    def release(self) -> None:
        """Restore the previous handler."""
        signal.signal(signal.SIGINT, self._before)

    def _pressed(self, number: int, frame: FrameType | None) -> None:
        last, self._last = self._last, time.monotonic()
        if self._last - last < _TWICE or not self._interrupt():
            signal.default_int_handler(number, frame)
        # logging is not reentrant in a signal handler
        os.write(2, b"mlblog: interrupted the running cell; press Ctrl-C again to end the preview\n")


def survive(build: Callable[[], None]) -> None:
    """Build; if the build fails, report it and keep the current pages.

    After an exception MkDocs answers no requests until a build succeeds, and browsers hang.
    """
    try:
        build()
    except Superseded:
        log.info("mlblog: files changed during the build")
    except SystemExit as error:  # already reported by MkDocs
        log.error("mlblog: build failed, pages are unchanged: %s", error)
    except Exception:
        log.exception("mlblog: build failed, pages are unchanged")
