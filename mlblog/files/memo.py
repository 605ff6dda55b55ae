"""A value that took time to compute, kept in a file below `.mlblog` and valid while a digest holds.

The file holds a checksum, the digest, and the value as JSON. A file that is missing, damaged, or written for another
digest is as if absent. Of writers at the same time, the last one wins. A value that cannot be written, as on a full
disk, is computed again next time.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlblog.files.atomic import write_atomically
from mlblog.files.canonical import digest


class Memo:
    """One JSON value in a file."""

    def __init__(self, file: Path | None) -> None:
        """Keep the value in `file`; with None, keep nothing."""
        self._file = file

    def get(self, valid: str) -> Any | None:
        """The value put last, if it was put under the same digest `valid`; otherwise None."""
        try:
            seal, _, sealed = (self._file.read_bytes() if self._file else b"").partition(b"\n")
        except OSError:
            return None
        key, _, value = sealed.partition(b"\n")
        is_valid = seal == _seal(sealed) and key == _key(valid)
        return json.loads(value) if is_valid else None

    def put(self, valid: str, value: Any) -> None:
        """Keep `value` in place of the earlier one.

        Args:
            valid: a digest, or another text, of everything that the value depends on.
            value: anything that JSON can hold.
        """
        if self._file is None:
            return
        sealed = b"\n".join([_key(valid), json.dumps(value).encode()])
        with contextlib.suppress(OSError):
            # not flushed: the checksum finds what a power cut has torn
            write_atomically(self._file, b"\n".join([_seal(sealed), sealed]), flush=False)

    def value(self, valid: str, make: Callable[[], Any]) -> Any:
        """The value kept under `valid`, or else that of `make`, which is then kept."""
        found = self.get(valid)
        if found is None:
            found = make()
            self.put(valid, found)
        return found


def _key(valid: str) -> bytes:
    return digest("memo", valid).encode()


def _seal(sealed: bytes) -> bytes:
    return digest("seal", sealed).encode()
