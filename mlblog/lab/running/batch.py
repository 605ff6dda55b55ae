"""Jobs carried out side by side: each ends as an outcome of its own, and what one of them meets harms no other."""

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
from mlblog.lab.running.in_progress import Going
from mlblog.lab.running.jobs import Job, state
from mlblog.lab.running.progress import Display
from mlblog.lab.running.run import said
from mlblog.lab.running.run_cache import Shelf
from mlblog.lab.running.uncommitted import Kept, keep, noted

if TYPE_CHECKING:
    from mlblog.lab.lab import Lab

_AT_ONCE = 256  # jobs handed over at a time; each holds a lock, and so an open file
_BETWEEN = 0.5  # seconds between two looks at what another process holds


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its record, or why there is none."""

    job: Job
    record: Record | None = None
    error: MlblogError | None = None


class Batch:
    """The jobs of one call of `Lab.run`."""

    def __init__(
        self, lab: Lab, executor: Executor, display: Display, *, shelf: Shelf | None, going: Going | None, again: bool
    ) -> None:
        """Carry out jobs of `lab`.

        Args:
            lab: whose jobs, and into whose store records go.
            executor: carries out each job.
            display: shows how far they are.
            shelf: keeps what this machine has made; None for records that nobody keeps.
            going: keeps other processes from doing the same run; None for records that nobody keeps.
            again: whether to run what is on the shelf, too.
        """
        self._lab, self._executor, self._display = lab, executor, display
        self._shelf, self._going, self._again = shelf, going, again
        self._held: dict[str, tuple[Job, FileLock]] = {}
        self._changes: dict[str, Kept | None] = {}  # uncommitted changes that runs under way were begun with

    def outcomes(self, jobs: Sequence[Job]) -> Iterator[Outcome]:
        """Yield what becomes of each job, as it comes.

        What another process is running is left for later; then it is recorded there, or run here after all. Nobody
        waits for a lock, so two processes that hold what the other one wants both go on.
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
                    self._display.say(waiting[number], "another mlblog is running it; waiting for that to end")
                told |= waiting.keys()
                time.sleep(_BETWEEN)

    def close(self) -> None:
        """Let other processes have what did not end here; call it when nothing of it goes on any more."""
        for job, _ in list(self._held.values()):
            self._let_go(job)

    def _begin(self, job: Job) -> Future[Record] | Outcome | None:
        """Hand `job` to the executor; return its outcome if there is one already, nothing if another process has it."""
        try:
            if self._going:
                lock = self._going.lock(job.key.stem)
                if lock is None:
                    return None
                self._held[job.key.stem] = job, lock
                now = state(job.key, self._lab.store, self._lab.code, self._lab.experiments)
                if now.record is not None and not now.why and now.record.id != job.replaces:
                    return self._ended(job, "recorded by another mlblog run", record=now.record)
            params = self._lab.experiments[job.key.experiment].params(job.key.scale, job.key.overrides)
            known = self._shelf.find(job, params, self._is_fresh) if self._shelf and not self._again else None
            if known is not None:
                return self._kept(job, known, "made here before, with this very code: taken from .mlblog/records")
            report = self._display.report(job)
            if self._going:
                self._changes[job.key.stem] = keep(self._lab.project)
            future = self._executor.submit(
                dataclasses.replace(job, commit=commit(self._lab.project.root)),
                self._going.noting(job.key, report) if self._going else report,
            )
        except Exception as error:
            return self._failed(job, error)
        # if it ran here: what follows it may be killed, and must not take it along
        return self._settled(job, future) if future.done() else future

    def _is_fresh(self, record: Record) -> bool:
        return not self._lab.reasons(record)

    def _settled(self, job: Job, future: Future[Record]) -> Outcome:
        try:
            record = noted(future.result(), self._changes.pop(job.key.stem, None))
        except Exception as error:
            return self._failed(job, error)
        return self._kept(job, record, f"recorded in {record.environment['seconds']:g} s")

    def _kept(self, job: Job, record: Record, how: str) -> Outcome:
        """Put a record where it is safe; only then its checkpoint can go."""
        lost = None
        try:
            if self._shelf:
                self._shelf.keep(job, record)
        except Exception as error:
            lost = _reason(error)
            how += f"; there is no copy of it in .mlblog/records: {lost}"
        try:
            self._lab.store.put(record)
        except Exception as error:
            message = f"{job.key}: it ran, and its record could not be stored: {_reason(error)}."
            if self._shelf and lost is None:
                self._drop_checkpoint(job)
                message += " The record is kept in .mlblog/records; the next `mlblog run` of it takes it from there"
            else:
                message += f" Nor could it be kept in .mlblog/records: {lost}." if lost else ""
                goes_on = "goes on from its checkpoint, if it keeps one" if self._executor.resumes else "begins anew"
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
        if self._going and (held := self._held.pop(job.key.stem, None)):
            self._going.forget(job.key)
            held[1].release()


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or said(error)
