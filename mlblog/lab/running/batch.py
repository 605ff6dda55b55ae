"""Run jobs in parallel; each has its own outcome, and failures do not affect other jobs."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock

from mlblog.errors import MlblogError, RunError
from mlblog.lab.records.record import Record
from mlblog.lab.running.environment import commit
from mlblog.lab.running.executors import Executor
from mlblog.lab.running.in_progress import RunsInProgress
from mlblog.lab.running.jobs import Job, state
from mlblog.lab.running.progress import Display
from mlblog.lab.running.run import said
from mlblog.lab.running.run_cache import RunCache
from mlblog.lab.running.uncommitted import Kept, keep, noted

if TYPE_CHECKING:
    from mlblog.lab.lab import Lab

_AT_ONCE = 256  # jobs submitted at a time; each holds a lock, and so an open file
_BETWEEN = 0.5  # seconds between checks of a lock held by another process


@dataclass(frozen=True)
class Outcome:
    """The outcome of a job: its record, or the error."""

    job: Job
    record: Record | None = None
    error: MlblogError | None = None


class Batch:
    """The jobs of one call of `Lab.run`."""

    def __init__(
        self,
        lab: Lab,
        executor: Executor,
        display: Display,
        *,
        cache: RunCache | None,
        in_progress: RunsInProgress | None,
        again: bool,
    ) -> None:
        """Carry out jobs of `lab`.

        Args:
            lab: whose jobs, and into whose store records go.
            executor: carries out each job.
            display: shows how far they are.
            cache: local cache of records; None for runs that are not recorded.
            in_progress: locks against duplicate runs by other processes; None for runs that are not recorded.
            again: whether to rerun what is cached.
        """
        self._lab, self._executor, self._display = lab, executor, display
        self._cache, self._in_progress, self._again = cache, in_progress, again
        self._held: dict[str, tuple[Job, FileLock]] = {}
        self._changes: dict[str, Kept | None] = {}  # uncommitted changes that runs under way were begun with

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Yield the outcome of each job as it ends.

        Jobs that another process is running are left for later: they are recorded there, or run here after all. Locks
        are never waited for, so two processes cannot block each other.
        """
        waiting, running = dict(enumerate(jobs)), dict[Future[Record], Job]()
        told: set[int] = set()
        while waiting or running:
            for number, job in list(waiting.items()):
                if len(running) >= _AT_ONCE:
                    break
                begun = self._begin(job)
                if begun is None:
                    continue
                del waiting[number]
                if isinstance(begun, Outcome):
                    yield begun
                else:
                    running[begun] = job
            if running:
                done, _ = wait(running, _BETWEEN if waiting else None, FIRST_COMPLETED)
                for future in done:
                    yield self._settled(running.pop(future), future)
            elif waiting:
                for number in waiting.keys() - told:
                    self._display.say(waiting[number], "another mlblog process is running it; waiting for it to finish")
                told |= waiting.keys()
                time.sleep(_BETWEEN)

    def close(self) -> None:
        """Release the locks of unfinished jobs; call it when nothing is running."""
        for job, _ in list(self._held.values()):
            self._let_go(job)

    def _begin(self, job: Job) -> Future[Record] | Outcome | None:
        """Hand `job` to the executor; return its outcome if it is known already, None if another process has it."""
        try:
            if self._in_progress:
                lock = self._in_progress.lock(job.key.stem)
                if lock is None:
                    return None
                self._held[job.key.stem] = job, lock
                now = state(job.key, self._lab.store, self._lab.code, self._lab.experiments)
                if now.record is not None and not now.why and now.record.id != job.replaces:
                    return self._ended(job, "recorded by another mlblog run", record=now.record)
            params = self._lab.experiments[job.key.experiment].params(job.key.scale, job.key.overrides)
            known = self._cache.find(job, params, self._is_fresh) if self._cache and not self._again else None
            if known is not None:
                return self._kept(job, known, "made here before with the same code: taken from .mlblog/records")
            report = self._display.report(job)
            if self._in_progress:
                self._changes[job.key.stem] = keep(self._lab.project)
            future = self._executor.submit(
                dataclasses.replace(job, commit=commit(self._lab.project.root)),
                self._in_progress.noting(job.key, report) if self._in_progress else report,
            )
        except Exception as error:
            return self._failed(job, error)
        # it ran inline: store the record before the next job can be killed
        return self._settled(job, future) if future.done() else future

    def _is_fresh(self, record: Record) -> bool:
        return not self._lab.reasons(record)

    def _settled(self, job: Job, future: Future[Record]) -> Outcome:
        try:
            record = noted(future.result(), self._changes.pop(job.key.stem, None))
        except Exception as error:
            return self._failed(job, error)
        return self._kept(job, record, f"recorded in {record.environment.seconds or 0:g} s")

    def _kept(self, job: Job, record: Record, how: str) -> Outcome:
        """Store a record; only then can its checkpoint be deleted."""
        lost = None
        try:
            if self._cache:
                self._cache.keep(job, record)
        except Exception as error:
            lost = _reason(error)
            how += f"; it could not be copied to .mlblog/records: {lost}"
        try:
            self._lab.store.put(record)
        except Exception as error:
            message = f"{job.key}: it ran, but its record could not be stored: {_reason(error)}."
            if self._cache and lost is None:
                self._drop_checkpoint(job)
                message += " The record is kept in .mlblog/records, where the next `mlblog run` will find it"
            else:
                message += f" It could not be kept in .mlblog/records either: {lost}." if lost else ""
                goes_on = "resumes from its checkpoint, if it has one" if self._executor.resumes else "starts over"
                message += f" Run again, it {goes_on}"
            return self._failed(job, RunError(message))
        self._drop_checkpoint(job)
        return self._ended(job, how, record=record)

    def _drop_checkpoint(self, job: Job) -> None:
        path = job.checkpoints(self._lab.project.work)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._display.say(job, f"{self._lab.project.relative(path)} cannot be deleted: {error.strerror}; delete it")

    def _failed(self, job: Job, error: Exception) -> Outcome:
        if not isinstance(error, MlblogError):
            odd, error = error, RunError(f"{job.key}: {type(error).__name__}: {said(error)}")
            error.__cause__ = odd
        return self._ended(job, "failed", error=error)

    def _ended(self, job: Job, how: str, **what: Record | MlblogError) -> Outcome:
        self._let_go(job)
        self._display.finished(job, how)
        return Outcome(job, **what)  # type: ignore[arg-type]  # a record or an error, by its name

    def _let_go(self, job: Job) -> None:
        if self._in_progress and (held := self._held.pop(job.key.stem, None)):
            self._in_progress.forget(job.key)
            held[1].release()


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or said(error)
