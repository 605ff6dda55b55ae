"""Atomic file writes."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes, *, flush: bool = True) -> None:
    """Write `content` to `path`: to a temporary name beside it, flushed to disk, then renamed over it.

    A process killed at any moment leaves the old file or the new one; leftover temporary files start with `.tmp-`.
    After a power cut that holds only with `flush`, which takes milliseconds.

    Raises:
        OSError: the folder cannot be created or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), 0o644)  # mkstemp uses 0600; web servers and colleagues read records
            if flush:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write `content` atomically unless the file already holds it; return whether it was written.

    Keeping the old file keeps its timestamp, which keeps live preview from rebuilding for ever.
    """
    try:
        if path.read_bytes() == content:
            return False
    except FileNotFoundError:
        pass
    write_atomically(path, content)
    return True
