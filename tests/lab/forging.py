"""Packs and records made by hand, as one would who wants to fool `mlblog unpack`."""

from __future__ import annotations

import json
from typing import Any

from mlblog.files import canonical

MAGIC = b"mlblog pack 1\n"


def parts(content: bytes) -> list[tuple[bytes, bytes]]:
    """Return the JSON and the arrays of every record in a good pack."""
    start = len(MAGIC) + 8
    size = int.from_bytes(content[len(MAGIC) : start], "little")
    found, at = [], start + size
    for text, arrays in json.loads(content[start : start + size]):
        found.append((content[at : at + text], content[at + text : at + text + arrays]))
        at += text + arrays
    return found


def bundle(records: list[tuple[bytes, bytes]]) -> bytes:
    """Return a pack of these records, whatever they are."""
    index = json.dumps([[len(text), len(arrays)] for text, arrays in records]).encode()
    return MAGIC + len(index).to_bytes(8, "little") + index + b"".join(text + arrays for text, arrays in records)


def with_index(content: bytes, index: bytes) -> bytes:
    """Return a pack with the records of `content` under another index."""
    body = b"".join(text + arrays for text, arrays in parts(content))
    return MAGIC + len(index).to_bytes(8, "little") + index + body


def forge(text: bytes, **changes: Any) -> bytes:
    """Return a record's JSON with other fields, under the id that fits them."""
    body = {**json.loads(text), **changes}
    del body["id"]
    body["id"] = canonical.digest("record", canonical.encode(body))
    return canonical.encode(body)
