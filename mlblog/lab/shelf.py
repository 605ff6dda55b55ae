"""Every record this machine has made, by what made it: switching branches loses no GPU hours."""

from __future__ import annotations

from pathlib import Path

from mlblog.errors import RecordError
from mlblog.lab import canonical
from mlblog.lab.atomic import write_atomically
from mlblog.lab.jobs import Job
from mlblog.lab.record import Record


class Shelf:
    """Records by the digest of key, parameters and manifest: the same run of the same code has the same place."""

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`."""
        self._folder = folder

    def _stem(self, record: Record | Job, params: object) -> Path:
        parts = canonical.encode(params), canonical.encode(dict(record.manifest))
        return self._folder / canonical.digest("shelf", record.key.stem, *parts)

    def keep(self, record: Record) -> None:
        """Keep a copy of `record`."""
        stem = self._stem(record, dict(record.params))
        text, arrays = record.files
        write_atomically(stem.with_suffix(".safetensors"), arrays)
        write_atomically(stem.with_suffix(".json"), text)

    def find(self, job: Job, params: dict[str, object]) -> Record | None:
        """Return the record that `job` would make, if it was made here before; None if not, or if it cannot be read."""
        stem = self._stem(job, params)
        try:
            arrays = stem.with_suffix(".safetensors").read_bytes()
            return Record.from_files(stem.with_suffix(".json").read_bytes(), lambda _: arrays, stem.name)
        except (OSError, RecordError):
            return None
