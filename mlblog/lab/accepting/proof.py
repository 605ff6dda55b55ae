"""Proof runs, which are not recorded: of the current code, and of the code of a commit."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator

from mlblog.errors import MlblogError, RunError
from mlblog.lab.accepting.checkouts import Past
from mlblog.lab.declared import Declaration
from mlblog.lab.lab import Lab
from mlblog.lab.project import Project
from mlblog.lab.records.record import Key, Record
from mlblog.lab.running.executors.local import LocalExecutor
from mlblog.lab.running.jobs import Job
from mlblog.lab.running.progress import Display


class Runner:
    """Executes proof runs, each once."""

    def __init__(self, lab: Lab) -> None:
        """Run the code of `lab`, and that of commits on demand."""
        self._lab = lab
        self._new: dict[tuple[Key, str], Record] = {}
        self._old: dict[tuple[str, Key, str], Record] = {}

    def run(self, wanted: Iterable[tuple[Key, str]]) -> None:
        """Run the current code, side by side, for each key and device.

        Raises:
            RunError: a run failed.
        """
        due = list(dict.fromkeys(wanted))
        for device in dict.fromkeys(device for _, device in due):
            keys = [key for key, its in due if its == device]
            jobs = [_job(key, self._lab.experiments[key.experiment], self._lab.manifest(key)) for key in keys]
            try:
                found = _carried_out(self._lab.project, jobs, device)
            except MlblogError as error:
                raise RunError(f"not accepted: the new code fails: {error}") from error
            self._new |= {(key, device): record for key, record in zip(keys, found, strict=True)}

    def of(self, key: Key, device: str) -> Record:
        """Return the record that `run` made for a key."""
        return self._new[key, device]

    def old(self, past: Past, key: Key, device: str) -> Record:
        """Return the record of a key made by the code of `past`.

        Raises:
            RunError: it no longer runs here.
        """
        case = (past.commit, key, device)
        if case not in self._old:
            name = key.experiment
            try:
                if past.holds_mlblog:
                    self._old[case] = past.run(key, device)
                else:
                    declaration = past.declaration(name)
                    manifest = past.manifest(name, declaration.params(key.scale, key.overrides))
                    (self._old[case],) = _carried_out(past.lab.project, [_job(key, declaration, manifest)], device)
            except MlblogError as error:
                # the log is deleted with the folder
                said = re.sub(r" \(log: [^)]*\)\Z", "", str(error))
                raise RunError(
                    f"{name}: not accepted: the code of commit {past.commit[:12]} no longer runs here"
                    f" ({said}); run it again: mlblog run {name}"
                ) from error
        return self._old[case]


def _job(key: Key, declaration: Declaration, manifest: dict[str, str]) -> Job:
    return Job(key, declaration.module, manifest)


def _carried_out(project: Project, jobs: list[Job], device: str) -> list[Record]:
    with _on(device), Display(jobs) as display:
        executor = LocalExecutor(project)
        try:
            futures = [executor.submit(job, display.report(job)) for job in jobs]
            found = []
            for job, future in zip(jobs, futures, strict=True):
                record = future.result()
                found.append(record)
                display.finished(job, f"ran in {record.environment.seconds or 0:g} s")
            executor.close()
        except BaseException:
            executor.close(cancel=True)
            raise
    return found


@contextlib.contextmanager
def _on(device: str) -> Iterator[None]:
    """Run on `device`, the kind of device that made the record."""
    before = os.environ.get("MLBLOG_DEVICE")
    os.environ["MLBLOG_DEVICE"] = device
    try:
        yield
    finally:
        if before is None:
            del os.environ["MLBLOG_DEVICE"]
        else:
            os.environ["MLBLOG_DEVICE"] = before
