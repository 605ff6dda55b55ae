"""Atomic file writes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`: to a temporary name beside it, flushed to disk, then renamed over it.

    A process killed at any moment leaves the old file or the new one; leftover temporary files start with `.tmp-`.

    Raises:
        OSError: the folder cannot be created or written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), 0o644)  # mkstemp uses 0600; web servers and colleagues read records
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


def write_sealed(path: Path, content: bytes) -> None:
    """Write `content` with a checksum for `read_sealed`.

    Errors are ignored, as on a full disk: a cache entry that cannot be written is recomputed.
    """
    with contextlib.suppress(OSError):
        write_atomically(path, _seal(content) + content)


def read_sealed(path: Path) -> bytes | None:
    """Return what `write_sealed` wrote; None if the file is missing or damaged."""
    try:
        found = path.read_bytes()
    except OSError:
        return None
    seal, content = found[: len(_seal(b""))], found[len(_seal(b"")) :]
    return content if seal == _seal(content) else None


def _seal(content: bytes) -> bytes:
    return f"{hashlib.blake2b(content, digest_size=16).hexdigest()}\n".encode()
