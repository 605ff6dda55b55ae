"""A project's lab: its experiments, code and records as they are now, and the running of what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, as_completed
from dataclasses import dataclass
from functools import cached_property

from mlblog.errors import MlblogError, RecordError, RunError
from mlblog.lab.audit import tracing, uncovered
from mlblog.lab.declared import Declaration, experiments
from mlblog.lab.executors import Executor
from mlblog.lab.executors.inline import InlineExecutor
from mlblog.lab.fingerprint import Code
from mlblog.lab.jobs import Job, State, plan, state
from mlblog.lab.progress import Display
from mlblog.lab.project import Project
from mlblog.lab.record import Key, Record
from mlblog.lab.shelf import Shelf
from mlblog.lab.staleness import Reason, reasons
from mlblog.lab.store import MemoryStore, Store
from mlblog.lab.stores import project_store
from mlblog.lab.uncommitted import Kept, keep, noted


@dataclass(frozen=True)
class Outcome:
    """What became of a job: its record, or why there is none."""

    job: Job
    record: Record | None = None
    error: MlblogError | None = None


class Lab:
    """One look at a project; make a new one after files have changed."""

    def __init__(self, project: Project, store: Store | None = None) -> None:
        """Look at `project`, with its own records or those of `store`."""
        self.project = project
        self.store = store or project_store(project)
        self._shelf = Shelf(project.work / "records") if store is None else None
        self._kept: dict[Key, Kept | None] = {}  # uncommitted changes that runs under way were begun with

    @cached_property
    def code(self) -> Code:
        """The first-party code."""
        return Code.of(self.project)

    @cached_property
    def experiments(self) -> dict[str, Declaration]:
        """Every experiment by name."""
        found = experiments(self.project, self.code)
        self.code.save()
        return found

    def reasons(self, record: Record) -> list[Reason]:
        """Return why `record` is stale; nothing if it is fresh."""
        return reasons(record, self.code, self.experiments)

    def keys(self, scale: str | None = None) -> list[Key]:
        """Return what should be recorded: at `scale`, or at each experiment's largest recorded scale, else small."""
        found = []
        for name, declaration in self.experiments.items():
            wanted = scale or self.recorded_scale(name) or declaration.largest("smoke", "small")
            if wanted is not None and wanted in declaration.scales:
                found += self.keys_of(name, wanted)
        return found

    def keys_of(self, name: str, scale: str) -> list[Key]:
        """Return which runs of an experiment are kept recorded at `scale`: what it declares, and what is there besides.

        Further seeds and points of a sweep are averaged and drawn like any other, so they are kept up like any other.
        """
        declaration = self.experiments[name]
        keys = declaration.keys(scale)
        declared = {f"{key.stem}.json" for key in keys}
        for path in self.store.names():
            if path.startswith(f"{name}/{scale}/") and path not in declared:
                with contextlib.suppress(RecordError):  # `check` tells of it
                    key = self.store.read(path).key
                    keys += [key] if set(key.overrides) <= set(declaration.defaults) else []
        return keys

    def recorded_scale(self, experiment: str) -> str | None:
        """Return the largest scale at which `experiment` has any record."""
        from mlblog.lab.record import SCALES

        scales = {name.split("/")[1] for name in self.store.names() if name.startswith(f"{experiment}/")}
        return max(scales, key=SCALES.index, default=None)

    def states(self, keys: Iterable[Key]) -> list[State]:
        """Return how the runs of `keys` stand."""
        found = [state(key, self.store, self.code, self.experiments) for key in keys]
        self.code.save()
        return found

    def plan(self, keys: Iterable[Key], *, again: bool = False) -> list[Job]:
        """Return the jobs that bring the records of `keys` up to date; all of them if `again`."""
        jobs = plan(keys, self.store, self.code, self.experiments, again=again)
        self.code.save()
        return jobs

    def run(self, jobs: list[Job], executor: Executor, *, again: bool = False) -> Iterator[Outcome]:
        """Carry out `jobs`, put each record into the store as it comes, and yield what became of each.

        What this machine has made before with the same code and parameters is taken from there, unless `again`.

        A job that fails leaves its last good record as it was. Ctrl-C ends all of them.
        """
        if not jobs:
            executor.close()
            return
        with Display(jobs) as display:
            try:
                futures = {}
                for job in jobs:
                    params = self.experiments[job.key.experiment].params(job.key.scale, job.key.overrides)
                    known = self._shelf.find(job, params) if self._shelf and not again else None
                    if known is not None:
                        self.store.put(known)
                        display.finished(job, "made here before, with this very code: taken from .mlblog/records")
                        yield Outcome(job, record=known)
                    else:
                        if self._shelf:
                            self._kept[job.key] = keep(self.project)
                        future = executor.submit(job, display.report(job))
                        if future.done():  # it ran here: what follows it may be killed, and must not take it along
                            yield self._settled(job, future, display)
                        else:
                            futures[future] = job
                for future in as_completed(futures):
                    yield self._settled(futures[future], future, display)
                executor.close()
            except BaseException:
                executor.close(cancel=True)
                raise

    def _settled(self, job: Job, future: Future[Record], display: Display) -> Outcome:
        try:
            record = noted(future.result(), self._kept.pop(job.key, None))
            self.store.put(record)
            if self._shelf:
                self._shelf.keep(record)
        except MlblogError as error:
            display.finished(job, "failed")
            return Outcome(job, error=error)
        display.finished(job, f"recorded in {record.environment['seconds']:g} s")
        return Outcome(job, record=record)

    def smoke(self, name: str) -> list[Outcome]:
        """Run `name` at smoke scale in this process, the base and every variant with one seed; keep nothing.

        Each run is traced: one in which first-party code ran, or a file of the project was read, that the manifest
        does not cover has failed, since its record would stay fresh when that changes.
        """
        lab = Lab(self.project, MemoryStore())
        jobs = lab.plan(key for key in self.experiments[name].keys("smoke") if key.seed == 0)
        outcomes = []
        for job in jobs:
            with tracing(self.project) as trace:
                (outcome,) = lab.run([job], InlineExecutor(self.project), again=True)
            if outcome.error is None and (missing := uncovered(trace, job.manifest, self.project, lab.code)):
                names = ", ".join(missing)
                outcome = Outcome(job, error=RunError(f"{job.key}: it used what its manifest does not cover: {names}"))
            outcomes.append(outcome)
        return outcomes
