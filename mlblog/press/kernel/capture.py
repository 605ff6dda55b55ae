"""What is written to descriptors 1 and 2 behind Python's back: C libraries, subprocesses.

It is collected whenever Python itself prints or shows something, so the order between the two is kept, and so is that
of C's `puts`, of `os.write` and of `print`, whole lines at a time. What cannot be kept: the order between the two
descriptors from one print of Python's to the next, where all of the first comes first; half a line of C's `printf`
before an `os.write`; and what another program holds back until it ends.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import tempfile
from typing import IO


class Capture:
    """Descriptors 1 and 2 lead to files while a unit runs; `drain` gives what has come since the last time."""

    def __init__(self) -> None:
        self._files: dict[str, IO[bytes]] = {}
        self._was: dict[str, int] = {}
        self._libc = ctypes.CDLL(None)
        with contextlib.suppress(ValueError, AttributeError):  # another C library calls it otherwise
            stdout = ctypes.c_void_p.in_dll(self._libc, "stdout")
            self._libc.setvbuf(stdout, None, 1, 0)  # _IOLBF, as on a terminal

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
        self._libc.fflush(None)  # the C library holds back half a line
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):  # closed by the cell
                    stream.flush()
        found = []
        for name, file in self._files.items():
            start = self._read[name]
            with contextlib.suppress(OSError):
                if size := os.fstat(file.fileno()).st_size - start:
                    data = os.pread(file.fileno(), size, start)
                    self._read[name] = start + len(data)
                    found.append((name, data.decode(errors="replace")))
        return found
