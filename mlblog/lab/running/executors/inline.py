"""Runs in this process, for tests and debuggers."""

from __future__ import annotations

from concurrent.futures import Future

from mlblog.errors import MlblogError
from mlblog.lab.project import Project
from mlblog.lab.records.record import Record
from mlblog.lab.running.attempt import attempt
from mlblog.lab.running.jobs import Job
from mlblog.lab.running.run import Report


class InlineExecutor:
    """Executes each job when it is submitted."""

    resumes = True

    def __init__(self, project: Project) -> None:
        """Run the experiments of `project`."""
        self._project = project

    def submit(self, job: Job, report: Report) -> Future[Record]:
        """Run `job`; the future has ended when this returns."""
        future: Future[Record] = Future()
        report("starting", 0, None, "")
        try:
            future.set_result(attempt(job, self._project.root, report, job.checkpoints(self._project.work)))
        except MlblogError as error:
            future.set_exception(error)
        return future

    def close(self, *, cancel: bool = False) -> None:
        """Nothing is left to do."""
