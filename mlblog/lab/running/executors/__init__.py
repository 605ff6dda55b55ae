"""Where runs execute: here (`inline`), in processes of this machine (`local`), on a cluster (`ray`)."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from mlblog.lab.records.record import Record
from mlblog.lab.running.jobs import Job
from mlblog.lab.running.run import Report


class Executor(Protocol):
    """Carries out jobs.

    Attributes:
        resumes: whether a run that is cut short goes on from its checkpoint when it is run again.
    """

    resumes: bool

    def submit(self, job: Job, report: Report) -> Future[Record]:
        """Begin `job` or queue it; `report` is called when it begins and with its progress, from any thread.

        The future ends with the record, or with a `RunError`. The checkpoint of a run stays, for the caller to delete
        once the record is stored.
        """
        ...

    def close(self, *, cancel: bool = False) -> None:
        """Wait for submitted jobs, and release processes and memory; with `cancel`, kill them instead."""
        ...
