"""One build of a blog at a time: compiled pages must not mix with those of a preview and with error pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock, Timeout


class BuildLock:
    """The lock of a project's compiled pages, held from the compilation to the end of a build."""

    def __init__(self, work: Path) -> None:
        """Lock in the folder `work`, which is made if it is missing."""
        work.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(work / "build.lock")

    def take(self, tell: Callable[[], None]) -> None:
        """Take the lock, and call `tell` if another build holds it."""
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            tell()
            self._lock.acquire()

    def release(self) -> None:
        """Let the next build begin."""
        self._lock.release()
