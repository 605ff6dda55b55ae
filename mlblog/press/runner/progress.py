"""Progress of running posts: one updating line on a terminal, otherwise occasional lines."""

from __future__ import annotations

import sys
import threading
import time

from mlblog.press.source.document import Post, Unit

#: Seconds after which a running cell, or a starting kernel process, is reported.
SLOW, SLOW_START = 1.0, 5.0
#: Seconds between lines, for all posts together, if stderr is not a terminal.
BETWEEN = 5.0


class Progress:
    """Progress of all posts that run concurrently."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reported = -BETWEEN
        self._ran = self._posts = 0
        self._begun = 0.0

    def begin(self, posts: int) -> None:
        """Start with this number of posts."""
        self._ran, self._posts, self._begun = 0, posts, time.monotonic()

    def ended(self, path: str) -> None:
        """Count the post at `path` as finished or failed."""
        with self._lock:
            self._ran += 1
            if sys.stderr.isatty() or time.monotonic() - self._begun >= BETWEEN:
                self._write(path, last=self._ran == self._posts)

    def tell(self, post: Post, unit: Unit | None, seconds: float) -> None:
        """Report that `unit` (None: starting its process) has taken `seconds` so far."""
        if seconds < (SLOW if unit else SLOW_START):
            return
        with self._lock:
            self._write(f"{where(post, unit)}, {int(seconds)} s")

    def _write(self, text: str, *, last: bool = False) -> None:
        count = f"[{self._ran}/{self._posts}] " if self._posts else ""
        if sys.stderr.isatty():
            end = "\n" if last else ""
            sys.stderr.write(f"\r\x1b[2K{count}{text}{end}")
        elif time.monotonic() - self._reported >= BETWEEN:
            sys.stderr.write(f"{count}{text}\n")
        else:
            return
        self._reported = time.monotonic()
        sys.stderr.flush()


def where(post: Post, unit: Unit | None) -> str:
    """`posts_src/x.md:41: cell 2 of 5`."""
    if unit is None:
        return f"{post.path}: waiting for the kernel process"
    alike = [one for one in post.units if one.kind == unit.kind]
    number = next(n for n, one in enumerate(alike, 1) if one is unit)
    return f"{post.path}:{unit.line}: {unit.kind} {number} of {len(alike)}"
