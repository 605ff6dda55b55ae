"""What is written to descriptors 1 and 2 behind Python's back: C libraries, subprocesses."""

from __future__ import annotations

import contextlib
import ctypes
import os
import tempfile
from typing import IO


class Capture:
    """Descriptors 1 and 2 lead to files while a unit runs; `drain` gives what has come since the last time."""

    def __init__(self) -> None:
        self._files: dict[str, IO[bytes]] = {}
        self._was: dict[str, int] = {}
        self._libc = ctypes.CDLL(None)

    @property
    def descriptors(self) -> list[int]:
        """Those that it holds open itself."""
        return [file.fileno() for file in self._files.values()]

    def renew(self) -> None:
        """Use other files: this process was forked, and its parent's are shared."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def begin(self) -> None:
        """Lead both descriptors to files."""
        self._libc.fflush(None)
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            if name not in self._files:
                self._files[name] = tempfile.TemporaryFile()  # noqa: SIM115
            file = self._files[name]
            os.ftruncate(file.fileno(), 0)
            os.lseek(file.fileno(), 0, os.SEEK_SET)
            self._was[name] = os.dup(descriptor)
            os.dup2(file.fileno(), descriptor)
        self._read = {"stdout": 0, "stderr": 0}

    def end(self) -> None:
        """Lead both descriptors to where they led before."""
        for name, descriptor in (("stdout", 1), ("stderr", 2)):
            if name in self._was:
                was = self._was.pop(name)
                os.dup2(was, descriptor)
                os.close(was)

    def drain(self) -> list[tuple[str, str]]:
        """`(stdout or stderr, text)` of what was written since."""
        if not self._was:
            return []
        self._libc.fflush(None)  # the C library holds back what does not go to a terminal
        found = []
        for name, file in self._files.items():
            start = self._read[name]
            with contextlib.suppress(OSError):
                if size := os.fstat(file.fileno()).st_size - start:
                    data = os.pread(file.fileno(), size, start)
                    self._read[name] = start + len(data)
                    found.append((name, data.decode(errors="replace")))
        return found
