"""Local cache of all records made on this machine, so that switching branches loses no GPU hours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from mlblog.errors import RecordError
from mlblog.files import canonical
from mlblog.files.atomic import write_atomically
from mlblog.lab.records.record import Record
from mlblog.lab.running.jobs import Job


class RunCache:
    """Records by the digest of key, parameters and static manifest, then by what the run was seen to read."""

    def __init__(self, folder: Path) -> None:
        """Keep them in `folder`."""
        self._folder = folder

    def _place(self, job: Job, params: Mapping[str, object]) -> str:
        parts = canonical.encode(dict(params)), canonical.encode(dict(job.manifest))
        return canonical.digest("shelf", job.key.stem, *parts)

    def keep(self, job: Job, record: Record) -> None:
        """Keep a copy of `record`, which is what `job` has made."""
        seen = canonical.digest("seen", canonical.encode(dict(record.manifest)))[:8]
        stem = self._folder / f"{self._place(job, record.params)}-{seen}"
        text, arrays = record.files
        write_atomically(stem.with_suffix(".safetensors"), arrays)
        write_atomically(stem.with_suffix(".json"), text)

    def find(self, job: Job, params: Mapping[str, object], fresh: Callable[[Record], bool]) -> Record | None:
        """Return a readable, `fresh` record of what `job` would make, if one was made here; else None."""
        for path in sorted(self._folder.glob(f"{self._place(job, params)}-*.json")):
            try:
                arrays = path.with_suffix(".safetensors").read_bytes()
                record = Record.from_files(path.read_bytes(), lambda _, arrays=arrays: arrays, path.stem)  # type: ignore[misc]
            except (OSError, RecordError):
                continue
            if fresh(record):
                return record
        return None
