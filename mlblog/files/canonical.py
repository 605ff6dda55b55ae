"""Canonical JSON, and digests.

Canonical JSON has sorted keys, one-space indentation, LF, finite numbers: equal values give equal bytes, and git shows
a changed number as a changed line.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

DIGEST_BYTES = 16  # 128 bits: no accidental collision, short enough to read in a diff


def encode(value: Any) -> bytes:
    """Return `value` as canonical JSON.

    Raises:
        ValueError: a number is NaN or infinite, or a key is not a string.
        TypeError: a value has no JSON form.
    """
    _refuse_other_keys(value)
    text = json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"


def _refuse_other_keys(value: Any) -> None:
    # json would silently turn 1 and "1" into the same key
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"key {key!r} is not a string")
            _refuse_other_keys(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_other_keys(item)


def digest(tag: str, *parts: bytes | str) -> str:
    """Return the hex BLAKE2b digest of `parts` under the domain `tag`.

    Parts are length-prefixed: no two lists of parts share a preimage, and equal bytes under different tags differ.
    """
    state = hashlib.blake2b(digest_size=DIGEST_BYTES, person=tag.encode()[:16])
    for part in _as_bytes(parts):
        state.update(len(part).to_bytes(8, "little"))
        state.update(part)
    return state.hexdigest()


def _as_bytes(parts: Iterable[bytes | str]) -> Iterable[bytes]:
    for part in parts:
        yield part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part


def digest_file(path: Path) -> str:
    """Return the digest of a file's content.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        return digest_content(iter(lambda: file.read(1 << 20), b""))


def digest_content(pieces: Iterable[bytes]) -> str:
    """Return the `digest_file` of a file with the content `pieces`."""
    state = hashlib.blake2b(digest_size=DIGEST_BYTES, person=b"file")
    for piece in pieces:
        state.update(piece)
    return state.hexdigest()
