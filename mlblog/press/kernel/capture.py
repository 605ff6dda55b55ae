"""What is written to descriptors 1 and 2 behind Python's back: C libraries, subprocesses.

It is collected whenever Python itself prints or shows something, so the order between the two is kept, and so is that
of C's `puts`, of `os.write` and of `print`, whole lines at a time. What cannot be kept: the order between the two
descriptors from one print of Python's to the next, where all of the first comes first; half a line of C's `printf`
before an `os.write`; and what another program holds back until it ends.
"""

from __future__ import annotations

import codecs
import contextlib
import ctypes
import fcntl
import os
import sys
import tempfile
from typing import IO

#: Bytes of each descriptor that are kept of one unit; what comes later is counted and may be freed at any time.
KEPT = 8_000_000
_DESCRIPTORS = (("stdout", 1), ("stderr", 2))


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
        self._files = {name: tempfile.TemporaryFile() for name, _ in _DESCRIPTORS}  # noqa: SIM115
        for file in self._files.values():
            # at its end, wherever others have written: a program may open /dev/stdout anew
            fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) | os.O_APPEND)

    def begin(self) -> None:
        """Lead both descriptors to files."""
        if not self._files:
            self.renew()
        self._libc.fflush(None)
        for name, descriptor in _DESCRIPTORS:
            file = self._files[name]
            os.ftruncate(file.fileno(), 0)
            self._was[name] = os.dup(descriptor)
            os.dup2(file.fileno(), descriptor)
        self._read = dict.fromkeys(self._files, 0)
        # a character may come in two pieces
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in self._files}

    def end(self) -> None:
        """Lead both descriptors to where they led before."""
        for name, descriptor in _DESCRIPTORS:
            if name in self._was:
                was = self._was.pop(name)
                os.dup2(was, descriptor)
                os.close(was)

    def drain(self) -> list[tuple[str, str, int]]:
        """`(stdout or stderr, text, bytes that came after it and are not kept)` of what was written since."""
        if not self._was:
            return []
        self._libc.fflush(None)  # the C library holds back half a line
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                # each `print` comes here twice, and `suppress` takes as long as all of this
                try:  # noqa: SIM105
                    stream.flush()
                except (OSError, ValueError):  # closed by the cell
                    pass
        found = []
        for name, file in self._files.items():
            try:
                size = os.fstat(file.fileno()).st_size
                if size != self._read[name]:
                    found.append((name, *self._new(name, size)))
            except OSError:  # closed by the cell
                pass
        return found

    def _new(self, name: str, size: int) -> tuple[str, int]:
        start = self._read[name]
        if size < start:
            start = 0  # a program has opened /dev/stdout anew, which empties it
        data = os.pread(self._files[name].fileno(), max(0, min(size, KEPT) - start), start)
        self._read[name] = size
        return self._decoders[name].decode(data), size - start - len(data)
