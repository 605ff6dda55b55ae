"""The stores of a project: its records, and previews in place of missing records.

A preview is a smoke record in `.mlblog/preview`. Only the pages of live preview show it,
and only for an experiment and overrides that have no real record at any scale.
"""

from __future__ import annotations

from mlblog.errors import MissingRecord
from mlblog.files.state import Mark, mark
from mlblog.lab.project import Project
from mlblog.lab.record_path import RecordPath
from mlblog.lab.records.record import Key, Record
from mlblog.lab.records.store import FileStore, Store


class Previewed:
    """A store in which previews fill the gaps of the real records. What is put goes to the real ones."""

    def __init__(self, records: Store, previews: Store) -> None:
        """Show `records`, and of `previews` what `records` lacks."""
        self._records, self._previews = records, previews

    def put(self, record: Record) -> str:
        """Keep a real record."""
        return self._records.put(record)

    def get(self, key: Key) -> Record:
        """Return the real record of `key`, or its preview."""
        try:
            return self._records.get(key)
        except MissingRecord:
            if key.path not in self.names():
                raise
            return self._previews.get(key)

    def names(self) -> list[RecordPath]:
        """Return the paths of all records, and of the previews that fill a gap."""
        real = self._records.names()
        known = {(name.experiment, name.group) for name in real}
        fillers = (name for name in self._previews.names() if (name.experiment, name.group) not in known)
        return sorted([*real, *fillers])

    def read(self, name: str) -> Record:
        """Return the record, or the preview, at a path."""
        real = name in self._records.names()
        return self._records.read(name) if real else self._previews.read(name)


class Remembered:
    """The records of a folder, cached while their files are unchanged."""

    def __init__(self, store: FileStore) -> None:
        """Remember what is read of `store`."""
        self._store = store
        self._known: dict[str, tuple[Mark | None, Record]] = {}

    def put(self, record: Record) -> str:
        """Keep a record."""
        return self._store.put(record)

    def get(self, key: Key) -> Record:
        """Return the record of `key`."""
        return self._store.get(key)

    def names(self) -> list[RecordPath]:
        """Return the paths of all records, sorted."""
        return self._store.names()

    def read(self, name: str) -> Record:
        """Return the record at a path."""
        now = mark(self._store.folder / name)  # a record changes by a rename, to another inode
        if name not in self._known or self._known[name][0] != now or now is None:
            self._known[name] = now, self._store.read(name)
        return self._known[name][1]


def project_store(project: Project) -> FileStore:
    """Return the records of `project`."""
    return FileStore(
        project.results,
        lock=project.work / "locks" / "records.lock",
        label=project.relative(project.results),
    )


def preview_store(project: Project) -> FileStore:
    """Return the previews of `project`."""
    folder = project.work / "preview"
    return FileStore(folder, lock=project.work / "locks" / "preview.lock", label=project.relative(folder))


def shown_store(project: Project, *, previews: bool = False) -> Store:
    """Return what pages of `project` are made from: its records, in live preview with `previews` in the gaps."""
    records = Remembered(project_store(project))
    return Previewed(records, preview_store(project)) if previews else records
