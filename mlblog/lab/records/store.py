"""Where records live. `FileStore` is the folder in git; `MemoryStore` is the same in memory, for tests and previews."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from mlblog.errors import MissingRecord, RecordError, StoreBusy
from mlblog.files.atomic import write_atomically
from mlblog.lab.record_path import RecordPath
from mlblog.lab.records.arrays import arrays_beside, arrays_digest, arrays_name
from mlblog.lab.records.record import SCALES, Key, Record, Value, plain

LOCK_SECONDS = 30.0


class Store(Protocol):
    """Records by key. At most one for each key; `put` replaces."""

    def put(self, record: Record) -> str:
        """Keep `record`; return where."""
        ...

    def get(self, key: Key) -> Record:
        """Return the record of `key`.

        Raises:
            MissingRecord: there is none.
            RecordError: there is one that cannot be trusted.
        """
        ...

    def names(self) -> list[RecordPath]:
        """Return the paths of all records, sorted, without reading them."""
        ...

    def read(self, name: str) -> Record:
        """Return the record at a path that `names` gave."""
        ...


def records(store: Store, experiment: str) -> Iterator[Record]:
    """Yield every record of `experiment`, in the order of their paths."""
    for name in store.names():
        if name.experiment == experiment:
            yield store.read(name)


class MemoryStore:
    """Records in memory, encoded like files, so that they have the same restrictions."""

    def __init__(self) -> None:
        self._files: dict[RecordPath, tuple[bytes, bytes]] = {}

    def put(self, record: Record) -> str:
        """Keep `record`."""
        self._files[record.key.path] = record.files
        return record.key.path

    def get(self, key: Key) -> Record:
        """Return the record of `key`."""
        if key.path not in self._files:
            raise MissingRecord(f"{key}: not recorded")
        return self.read(key.path)

    def names(self) -> list[RecordPath]:
        """Return the paths of all records, sorted."""
        return sorted(self._files)

    def read(self, name: str) -> Record:
        """Return the record at a path."""
        text, arrays = self._files[RecordPath(name)]
        return Record.from_files(text, lambda _: arrays, path=name)


class FileStore:
    """Records below a folder: `<experiment>/<scale>/<overrides>/seed-<n>.json`, its arrays beside it.

    The name of the arrays' file holds their digest, so a new version never overwrites the arrays that the old JSON
    names: the JSON's rename is the one moment at which a record changes. One writer at a time, by a lock file.
    """

    def __init__(self, folder: Path, *, lock: Path, label: str = "") -> None:
        """Use `folder`, locked by the file `lock` (kept outside, as the folder is published); `label` for messages."""
        self.folder = folder
        self.label = label or folder.as_posix()
        self._lock_path = lock

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the store's lock.

        Raises:
            StoreBusy: another process held it for longer than 30 seconds.
            RecordError: the lock cannot be made, as on a disk that is read-only or full.
        """
        lock = FileLock(self._lock_path, timeout=LOCK_SECONDS)
        try:
            self._lock_path.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise StoreBusy(
                f"{self.label}: another mlblog process has held the lock for {LOCK_SECONDS:.0f} s."
                f" Wait for it; if none is running, delete {self._lock_path}"
            ) from None
        except OSError as error:
            raise RecordError(f"{self.label}: cannot be locked: {self._lock_path}: {error.strerror}") from error
        try:
            yield
        finally:
            lock.release()

    def put(self, record: Record) -> str:
        """Write `record` so that a process killed at any moment leaves the old one or the new one, whole."""
        text, arrays = record.files
        name = record.key.path
        path = self.folder / name
        try:
            with self.locked():
                self._refuse_links(path)
                if arrays:
                    write_atomically(self._arrays(path, arrays_digest(arrays)), arrays)
                write_atomically(path, text)
                self._sweep(path, keep=arrays_digest(arrays))
        except OSError as error:
            raise RecordError(f"{self.label}/{name}: cannot be written: {error.strerror}") from error
        return name

    def get(self, key: Key) -> Record:
        """Return the record of `key`."""
        if not (self.folder / key.path).is_file():
            raise MissingRecord(f"{self.label}/{key.path}: not recorded. Record it: mlblog run {key.experiment}")
        return self.read(key.path)

    def names(self) -> list[RecordPath]:
        """Return the paths of all records, sorted, without reading them."""
        found = (RecordPath.ending(path.as_posix()) for path in self.folder.glob("*/*/*/seed-*.json"))
        return sorted(name for name in found if name is not None and name.scale in SCALES)

    def read(self, name: str) -> Record:
        """Return the record at a path; check its digests, and that its path is the one its content asks for."""
        path, label = self.folder / name, f"{self.label}/{name}"
        self._refuse_links(path)
        if path.exists() and not path.is_file():  # reading a pipe would block
            raise RecordError(f"{label}: not a regular file; delete it")
        try:
            record = Record.from_files(path.read_bytes(), lambda digest: self._read_arrays(path, digest), label)
        except OSError as error:
            raise RecordError(f"{label}: cannot be read: {error.strerror}") from error
        if record.key.path != name:
            raise RecordError(f"{label}: it is the record of {record.key}; move it to {record.key.path}")
        return record

    def remove(self, name: str) -> None:
        """Delete the record at a path, and its arrays."""
        with self.locked():
            path = self.folder / name
            path.unlink()
            self._sweep(path, keep="")

    def _refuse_links(self, path: Path) -> None:
        """Refuse links, which could point outside the store."""
        for one in (path, *path.parents):
            if one == self.folder:
                return
            if one.is_symlink():
                raise RecordError(f"{self.label}/{path.relative_to(self.folder)}: {one.name} is a link; delete it")

    @staticmethod
    def _arrays(path: Path, digest: str) -> Path:
        return path.with_name(arrays_name(path.stem, digest))

    def _read_arrays(self, path: Path, digest: str) -> bytes:
        file = self._arrays(path, digest)
        return file.read_bytes() if file in arrays_beside(path) and file.is_file() else b""

    def _sweep(self, path: Path, keep: str) -> None:
        """Delete what earlier versions of the record, and writers that were killed, left beside it."""
        for old in arrays_beside(path):
            if old != self._arrays(path, keep):
                old.unlink()
        for leftover in path.parent.glob(".tmp-*"):
            leftover.unlink()


def as_label(overrides: Mapping[str, Value]) -> str:
    """`overrides` as text, as the command line takes them: `heads=1, memory=last`, or `base`."""
    return ", ".join(f"{key}={plain(value)}" for key, value in sorted(overrides.items())) or "base"
