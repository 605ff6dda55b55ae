"""Incremental writes in live preview: unchanged files are kept, files that the build did not write are removed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from typing import Any

from mlblog.files.state import Mark, is_settled, mark


class Written:
    """The files of a site, each with its input."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[Any, Mark | None]] = {}  # by path: input, and file state after writing
        self._now: set[str] = set()
        self._folder = ""
        self._start = 0

    def begin(self, folder: str) -> None:
        """Start a build in `folder`; replaces the host's emptying of the folder."""
        self._folder = folder
        os.makedirs(folder, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".tmp-") as now:
            self._start = os.stat(now.name).st_ctime_ns  # by the clock of the file system, which may lag
        self._now.clear()

    def write(self, usual: Callable[[bytes, str], None], content: bytes, path: str) -> None:
        """Write a file if its content differs; `usual` is the host's function."""
        self._make(path, hashlib.blake2b(content).digest(), lambda: usual(content, path))

    def copy(self, usual: Callable[[Any, Any], None], source: Any, path: Any) -> None:
        """Copy a file if it has changed since the last copy."""
        now = mark(source)
        known = (os.fspath(source), now) if now is not None and is_settled(now, time.time_ns()) else None
        self._make(os.fspath(path), known, lambda: usual(source, path))

    def end(self) -> None:
        """Remove files not written by this build in any way, as seen by their `ctime`."""
        for top, _, names in os.walk(self._folder, topdown=False):
            for name in names:
                path = os.path.join(top, name)
                is_hidden = top == self._folder and name.startswith(".")
                if path not in self._now and not is_hidden and os.stat(path).st_ctime_ns < self._start:
                    os.unlink(path)
            if top != self._folder and not os.path.basename(top).startswith("."):
                with contextlib.suppress(OSError):  # not empty
                    os.rmdir(top)
        self._made = {path: made for path, made in self._made.items() if path in self._now}

    def _make(self, path: str, of: Any, make: Callable[[], None]) -> None:
        self._now.add(path)
        if of is None or self._made.get(path) != (of, mark(path)):
            make()
            self._made[path] = of, mark(path)
