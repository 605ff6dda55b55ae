"""Where runs execute: here (`inline`), in processes of this machine (`local`), on a cluster (`ray`)."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Protocol

from mlblog.lab.jobs import Job
from mlblog.lab.record import Record
from mlblog.lab.run import Report


class Executor(Protocol):
    """Carries out jobs."""

    def submit(self, job: Job, report: Report) -> Future[Record]:
        """Begin `job` or queue it; `report` is told of its progress, from any thread.

        The future ends with the record, or with a `RunError`.
        """
        ...

    def close(self, *, cancel: bool = False) -> None:
        """Wait for what was submitted and let go of processes and memory; with `cancel`, end it at once instead."""
        ...
