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
        """Begin `job` or queue it; `report` is told when it begins and of its progress, from any thread.

        The future ends with the record, or with a `RunError`. The checkpoint of a run stays; it is deleted by the one
        who keeps the record.
        """
        ...

    def close(self, *, cancel: bool = False) -> None:
        """Wait for what was submitted and let go of processes and memory; with `cancel`, end it at once instead."""
        ...
