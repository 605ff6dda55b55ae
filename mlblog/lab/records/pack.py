"""Records in one file, to carry between machines without a common repository.

The format is made to be safe to read from strangers: a magic line, the length of a JSON index, the index, then the
files one after another. Nothing in it is a path, a link or a program: where a record goes is decided by its content.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mlblog.errors import InputError, RecordError
from mlblog.files.atomic import write_atomically
from mlblog.files.canonical import encode
from mlblog.lab.records.record import Record

MAGIC = b"mlblog pack 1\n"
LARGEST_INDEX = 16 * 2**20
LARGEST_JSON = 16 * 2**20  # of one record
LARGEST_ARRAYS = 2**30  # of one record
MOST_RECORDS = 100_000
_SHOWN = 3


def pack(records: Iterable[Record], path: Path) -> int:
    """Write `records` to the file `path`; return how many.

    Raises:
        InputError: there is nothing to pack, or `path` is a device, a pipe or a folder.
    """
    if path.exists() and not path.is_file():  # renaming a file over /dev/null would harm the whole machine
        raise InputError(f"{path}: not a regular file; name a file")
    files = sorted(record.files for record in records)
    if not files:
        raise InputError("nothing to pack: there are no fresh records. Run `mlblog status` to see why")
    index = encode([[len(text), len(arrays)] for text, arrays in files])
    body = b"".join(text + arrays for text, arrays in files)
    write_atomically(path, MAGIC + len(index).to_bytes(8, "little") + index + body)
    return len(files)


def unpack(path: Path) -> list[Record]:
    """Read and check every record of a pack; nothing is written anywhere.

    Raises:
        InputError: the file cannot be read.
        RecordError: it is not a pack, or one of its records cannot be trusted.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # reading a pipe would block
            raise InputError(f"{path}: not a regular file; name a file that `mlblog pack` wrote")
        with path.open("rb") as file:
            return _read(file, path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def difference(here: Record, there: Record) -> str:
    """Describe how two records of the same run differ: `here` is the project's own, `there` that of a pack."""
    measured = here.environment.measured | there.environment.measured
    mine, theirs = (
        {name: encode(value) for name, value in record.values.items()}
        | {name: _bits(array) for name, array in record.arrays.items()}
        for record in (here, there)
    )
    other = [name for name in sorted({*mine, *theirs} - measured) if mine.get(name) != theirs.get(name)]
    if not other:
        return "the same values, from another run"
    shown = [
        f"{name} {here.values[name]!r} here, {there.values[name]!r} in the pack"
        if name in here.values and name in there.values
        else name
        for name in other
    ]
    return f"other values: {'; '.join(shown[:_SHOWN])}" + (f"; and {len(shown) - _SHOWN} more" * (len(shown) > _SHOWN))


def _bits(array: np.ndarray) -> bytes:
    return encode([str(array.dtype), list(array.shape)]) + array.tobytes()


def _read(file, path: Path) -> list[Record]:  # type: ignore[no-untyped-def]  # a binary file
    if file.read(len(MAGIC)) != MAGIC:
        raise RecordError(f"{path}: not a pack of records (of this version of mlblog)")
    size = int.from_bytes(file.read(8), "little")
    if size > LARGEST_INDEX:
        raise RecordError(f"{path}: its index claims {size} bytes; at most {LARGEST_INDEX} are read")
    sizes = _index(file.read(size), path)
    total = sum(text + arrays for text, arrays in sizes) + len(MAGIC) + 8 + size
    if total != path.stat().st_size:
        raise RecordError(
            f"{path}: it has {path.stat().st_size} bytes but its index says {total}; the file is truncated"
        )
    records, seen = [], set()
    for number, (text_size, arrays_size) in enumerate(sizes, start=1):
        text, arrays = file.read(text_size), file.read(arrays_size)
        record = Record.from_files(text, lambda _: arrays, path=f"{path}: record {number}")  # noqa: B023  # called now
        if arrays and not json.loads(text)["arrays"]:
            raise RecordError(f"{path}: record {number}: arrays not listed in its JSON")
        _ = len(record.arrays)  # decode, so that a broken file is refused here and not on a page
        if record.key in seen:
            raise RecordError(f"{path}: record {number}: duplicate record {record.key}")
        seen.add(record.key)
        records.append(record)
    return records


def _index(text: bytes, path: Path) -> list[tuple[int, int]]:
    try:
        index = json.loads(text)
        sizes = [(int(first), int(second)) for first, second in index]
        if any([a, b] != pair for (a, b), pair in zip(sizes, index, strict=True)):
            raise ValueError("sizes are whole numbers")
    except (ValueError, TypeError, OverflowError, RecursionError) as error:
        raise RecordError(f"{path}: its index is broken: {error}") from error
    if len(sizes) > MOST_RECORDS:
        raise RecordError(f"{path}: it claims {len(sizes)} records; at most {MOST_RECORDS} are read")
    for number, (first, second) in enumerate(sizes, start=1):
        if not 0 < first <= LARGEST_JSON or not 0 <= second <= LARGEST_ARRAYS:
            raise RecordError(f"{path}: record {number}: {first} and {second} bytes are not sizes of a record")
    return sizes
