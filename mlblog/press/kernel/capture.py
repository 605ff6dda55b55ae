"""Capture output written directly to descriptors 1 and 2, as by C libraries and subprocesses.

It is collected whenever Python prints or displays something, which preserves the order between the two, and that
of C's `puts`, `os.write` and `print`, by whole lines. Not preserved: the order between the two
descriptors between two Python prints (all of stdout comes first); a partial line of C's `printf`
before an `os.write`; and output that another program buffers until it exits.
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

#: Bytes kept per descriptor and unit; the rest is counted and may be freed at any time.
KEPT = 8_000_000
_DESCRIPTORS = (("stdout", 1), ("stderr", 2))


class Capture:
    """Redirects descriptors 1 and 2 to files while a unit runs; `drain` returns what was written since."""

    def __init__(self) -> None:
        self._files: dict[str, IO[bytes]] = {}
        self._originals: dict[str, int] = {}
        self._libc = ctypes.CDLL(None)
        with contextlib.suppress(ValueError, AttributeError):  # other C libraries name it differently
            stdout = ctypes.c_void_p.in_dll(self._libc, "stdout")
            self._libc.setvbuf(stdout, None, 1, 0)  # _IOLBF, as on a terminal

    @property
    def descriptors(self) -> list[int]:
        """The descriptors that it holds open."""
        return [file.fileno() for file in self._files.values()]

    def renew(self) -> None:
        """Switch to new files after a fork, since the parent's are shared."""
        for file in self._files.values():
            file.close()
        self._files = {name: tempfile.TemporaryFile() for name, _ in _DESCRIPTORS}  # noqa: SIM115
        for file in self._files.values():
            # append mode, because a program may reopen /dev/stdout
            fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) | os.O_APPEND)

    def begin(self) -> None:
        """Redirect both descriptors to files."""
        if not self._files:
            self.renew()
        self._libc.fflush(None)
        for name, descriptor in _DESCRIPTORS:
            file = self._files[name]
            os.ftruncate(file.fileno(), 0)
            self._originals[name] = os.dup(descriptor)
            os.dup2(file.fileno(), descriptor)
        self._read = dict.fromkeys(self._files, 0)
        # a character may be split between reads
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in self._files}

    def end(self) -> None:
        """Restore both descriptors."""
        for name, descriptor in _DESCRIPTORS:
            if name in self._originals:
                original = self._originals.pop(name)
                os.dup2(original, descriptor)
                os.close(original)

    def drain(self) -> list[tuple[str, str, int]]:
        """`(stdout or stderr, text, number of dropped bytes after it)` written since the last call."""
        if not self._originals:
            return []
        self._libc.fflush(None)  # the C library buffers partial lines
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None:
                # runs twice per `print`; `suppress` would double the cost
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
            start = 0  # a program reopened /dev/stdout, which truncates it
        data = os.pread(self._files[name].fileno(), max(0, min(size, KEPT) - start), start)
        self._read[name] = size
        return self._decoders[name].decode(data), size - start - len(data)
