"""What a post's process writes to its descriptors and nobody will keep is freed while it still writes."""

from __future__ import annotations

import ctypes
import os

from mlblog.press.kernel.capture import KEPT

#: Bytes on disk at which a post is ended where a file cannot be freed in part.
MOST = 1_000_000_000
_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # <linux/falloc.h>


class Flood:
    """The files that descriptors 1 and 2 of one process lead to. Freeing leaves their sizes as they are."""

    def __init__(self, files: list[int]) -> None:
        """Watch `files`, and own them."""
        self._freed = dict.fromkeys(files, KEPT)

    def free(self) -> bool:
        """Free what is beyond what is kept; False if that is too much and cannot be freed."""
        for file, freed in self._freed.items():
            size = os.fstat(file).st_size
            if size < freed:  # the next unit began
                freed = self._freed[file] = KEPT
            if size > freed:
                if _punch(file, freed, size - freed):
                    self._freed[file] = size
                elif size > MOST:
                    return False
        return True

    def close(self) -> None:
        """Let go of the files."""
        for file in self._freed:
            os.close(file)
        self._freed.clear()


def _punch(file: int, start: int, length: int) -> bool:
    fallocate = getattr(ctypes.CDLL(None), "fallocate", None)  # Linux has it, and most of its file systems
    if fallocate is None:
        return False
    return bool(fallocate(file, _KEEP_SIZE | _PUNCH_HOLE, ctypes.c_int64(start), ctypes.c_int64(length)) == 0)
