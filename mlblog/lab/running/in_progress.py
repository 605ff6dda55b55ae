"""Runs in progress: prevents duplicate runs, and lets a second terminal watch.

A run holds the lock of its key, which the system releases when its process dies, however it dies; so a note below
`.mlblog/running/` counts only while the lock of its run is held.
"""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from mlblog.files.atomic import write_atomically
from mlblog.lab.records.record import Key
from mlblog.lab.running.run import Report

_BETWEEN = 1.0  # seconds between two notes of one run


@dataclass(frozen=True)
class Note:
    """The progress of a run.

    Attributes:
        run: its key, as text.
        experiment: its name.
        began: when, in seconds since the epoch.
        label: what is counted, or `starting`.
        done: how many of it are done.
        total: number of steps; None if unknown.
        message: last logged message.
    """

    run: str
    experiment: str
    began: float
    label: str
    done: int
    total: int | None
    message: str

    def __str__(self) -> str:
        return f"{self.run}: {progress(self.label, self.done, self.total, self.message)}"


def progress(label: str, done: int, total: int | None, message: str) -> str:
    """Return the progress of a run as text: `train 120/700  loss 0.31`."""
    counted = label if not done and total is None else f"{label} {done}{f'/{total}' if total else ''}"
    return f"{counted}  {message}".rstrip()


class RunsInProgress:
    """The runs in progress of a project."""

    def __init__(self, work: Path) -> None:
        """Look at the runs of the project with the work folder `work`."""
        self._locks, self._notes = work / "locks" / "runs", work / "running"

    def lock(self, stem: str) -> FileLock | None:
        """Take the lock of the run with this stem; None if another process, or another job of this one, has it."""
        path = self._locks / f"{stem}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        # not thread-local: another thread may release it
        lock = FileLock(path, thread_local=False)
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return None
        return lock

    def noting(self, key: Key, report: Report) -> Report:
        """Return a report that also notes the progress of the run of `key`."""
        began, last = time.time(), 0.0

        def note(label: str, done: int, total: int | None, message: str) -> None:
            nonlocal last
            if time.monotonic() - last >= _BETWEEN:
                last = time.monotonic()
                content = json.dumps(asdict(Note(str(key), key.experiment, began, label, done, total, message)))
                with contextlib.suppress(OSError):  # a full disk must not end a run; the run itself will report it
                    write_atomically(self._notes / f"{key.stem}.json", content.encode())
            report(label, done, total, message)

        return note

    def forget(self, key: Key) -> None:
        """Remove the note of the run of `key`, which has ended."""
        with contextlib.suppress(OSError):  # a leftover is recognised by its free lock
            (self._notes / f"{key.stem}.json").unlink()

    def notes(self) -> list[Note]:
        """Return the progress of each current run; remove leftovers of killed processes."""
        found = []
        for path in sorted(self._notes.rglob("*.json")):
            stem = path.relative_to(self._notes).with_suffix("").as_posix()
            if lock := self.lock(stem):
                path.unlink(missing_ok=True)
                lock.release()
                continue
            with contextlib.suppress(FileNotFoundError, ValueError, TypeError):  # it has just ended
                found.append(Note(**json.loads(path.read_bytes())))
        return found
