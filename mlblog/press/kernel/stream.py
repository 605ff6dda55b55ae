"""`sys.stdout` and `sys.stderr` of the cells of a post."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

DESCRIPTORS = {"stdout": 1, "stderr": 2}


class Stream(io.TextIOBase):
    """Forwards each write. Shared by all cells, so that a logging handler set up in one works in the next."""

    encoding, errors, newlines = "utf-8", "strict", None

    def __init__(self, name: str, put: Callable[[str, str], None]) -> None:
        self._name, self._put = name, put
        self.name = f"<{name}>"
        self.buffer = _Bytes(self)

    def write(self, text: str) -> int:
        """Forward `text`."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._put(self._name, text)
        return len(text)

    def flush(self) -> None:
        """Forward buffered text: workers hold back partial lines."""
        self._put(self._name, "")

    def fileno(self) -> int:
        """The descriptor that subprocesses write to."""
        return DESCRIPTORS[self._name]

    def writable(self) -> bool:
        """Always True."""
        return True

    def close(self) -> None:
        """Do nothing: the next cell writes to it, too."""


class _Bytes(io.RawIOBase):
    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def write(self, data: Any) -> int:
        text = bytes(data)
        self._stream.write(text.decode(errors="replace"))
        return len(text)

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Do nothing."""
