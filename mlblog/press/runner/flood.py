"""Free captured output beyond the limit while a post is still writing it."""

from __future__ import annotations

import ctypes
import os

from mlblog.press.kernel.capture import KEPT

#: Bytes on disk at which a post is killed if files cannot be freed in part.
MOST = 1_000_000_000
_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # <linux/falloc.h>


class Flood:
    """The files behind descriptors 1 and 2 of one process. Freeing does not change their sizes."""

    def __init__(self, files: list[int]) -> None:
        """Take ownership of `files`."""
        self._freed = dict.fromkeys(files, KEPT)

    def free(self) -> bool:
        """Free data beyond the limit; return False if it is too large and cannot be freed."""
        for file, freed in self._freed.items():
            size = os.fstat(file).st_size
            if size < freed:  # truncated: the next unit began
                freed = self._freed[file] = KEPT
            if size > freed:
                if _punch(file, freed, size - freed):
                    self._freed[file] = size
                elif size > MOST:
                    return False
        return True

    def close(self) -> None:
        """Close the files."""
        for file in self._freed:
            os.close(file)
        self._freed.clear()


def _punch(file: int, start: int, length: int) -> bool:
    fallocate = getattr(ctypes.CDLL(None), "fallocate", None)  # available on Linux, for most file systems
    if fallocate is None:
        return False
    return bool(fallocate(file, _KEEP_SIZE | _PUNCH_HOLE, ctypes.c_int64(start), ctypes.c_int64(length)) == 0)
