"""Which cell runs, and for how long by now: on a terminal a line that changes, elsewhere a line now and then."""

from __future__ import annotations

import sys
import threading
import time

from mlblog.press.document import Post, Unit

#: Seconds after which a cell is worth a word, and a process that is to run it.
SLOW, SLOW_START = 1.0, 5.0
#: Seconds from one line to the next, of all posts together, where stderr is no terminal.
BETWEEN = 5.0

_NAMES = {"Cell": "cell", "Doctest": "doctest", "Inline": "expression"}


class Progress:
    """What is told of all posts that run at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._said = -BETWEEN

    def tell(self, post: Post, unit: Unit | None, seconds: float) -> None:
        """Say that `unit` (none: the start of its process) has taken so many seconds until now."""
        if seconds < (SLOW if unit else SLOW_START):
            return
        text = f"{where(post, unit)}, {int(seconds)} s"
        with self._lock:
            if sys.stderr.isatty():
                sys.stderr.write(f"\r\x1b[2K{text}")
            elif time.monotonic() - self._said >= BETWEEN:
                sys.stderr.write(f"{text}\n")
            else:
                return
            self._said = time.monotonic()
            sys.stderr.flush()


def where(post: Post, unit: Unit | None) -> str:
    """`posts_src/x.md:41: cell 2 of 5`."""
    if unit is None:
        return f"{post.path}: waits for the process that cells run in"
    alike = [one for one in post.units if type(one) is type(unit)]
    number = next(n for n, one in enumerate(alike, 1) if one is unit)
    return f"{post.path}:{unit.line}: {_NAMES[type(unit).__name__]} {number} of {len(alike)}"
