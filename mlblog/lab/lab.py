"""A project's lab: its current experiments, code and records, and runs of what is due."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

from mlblog.errors import RecordError, RunError
from mlblog.lab.declared import Declaration, experiments
from mlblog.lab.fingerprint import Code
from mlblog.lab.project import Project
from mlblog.lab.record_path import RecordPath
from mlblog.lab.records.record import SCALES, Key, Record
from mlblog.lab.records.store import MemoryStore, Store
from mlblog.lab.records.stores import project_store
from mlblog.lab.running.batch import Batch, Outcome
from mlblog.lab.running.executors import Executor
from mlblog.lab.running.executors.inline import InlineExecutor
from mlblog.lab.running.in_progress import RunsInProgress
from mlblog.lab.running.jobs import Job, State, plan, state
from mlblog.lab.running.progress import Display
from mlblog.lab.running.run_cache import RunCache
from mlblog.lab.spec import using
from mlblog.lab.staleness import Reason, reasons


class Lab:
    """One look at a project; make a new one after files have changed."""

    def __init__(self, project: Project, store: Store | None = None) -> None:
        """Open `project`, with its own records or those of `store`."""
        self.project = project
        self.store = store or project_store(project)
        self._cache = RunCache(project.work / "records") if store is None else None
        self._in_progress = RunsInProgress(project.work) if store is None else None

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
        return reasons(record, self.code, self.experiments, self.store)

    def manifest(self, key: Key) -> dict[str, str]:
        """Return what a run of `key` would depend on."""
        declaration = self.experiments[key.experiment]
        return self.code.manifest(declaration.qualified, declaration.params(key.scale, key.overrides))

    def keys(self, scale: str | None = None) -> list[Key]:
        """Return what should be recorded: at `scale`, or at each experiment's largest recorded scale, else small."""
        found = []
        for name, declaration in self.experiments.items():
            wanted = scale or self.recorded_scale(name) or declaration.largest("smoke", "small")
            if wanted is not None and wanted in declaration.scales:
                found += self.keys_of(name, wanted)
        return found

    def keys_of(self, name: str, scale: str) -> list[Key]:
        """Return the runs of an experiment at `scale`: declared ones, and others with records.

        Further seeds and points of a sweep are averaged and plotted like the others, so they are renewed as well.
        """
        declaration = self.experiments[name]
        keys = declaration.keys(scale)
        for path in self.beyond(name, scale):
            with contextlib.suppress(RecordError):  # `check` reports it
                key = self.store.read(path).key
                keys += [key] if set(key.overrides) <= set(declaration.parameters) else []
        return keys

    def beyond(self, name: str, *scales: str) -> list[RecordPath]:
        """Return the paths of the records of an experiment that it does not declare, at `scales` or all that it has.

        They are further seeds, points of a sweep, or left over from an earlier declaration.
        """
        declaration = self.experiments[name]
        scales = scales or tuple(declaration.scales)
        declared = {key.path for scale in scales for key in declaration.keys(scale)}
        recorded = (path for path in self.store.names() if path.experiment == name and path.scale in scales)
        return [path for path in recorded if path not in declared]

    def recorded_scale(self, experiment: str) -> str | None:
        """Return the largest scale at which `experiment` has any record."""
        return max(self._recorded_scales(experiment), key=SCALES.index, default=None)

    def _recorded_scales(self, experiment: str) -> set[str]:
        return {path.scale for path in self.store.names() if path.experiment == experiment}

    def recorded_keys(self, name: str, scale: str | None = None) -> list[Key]:
        """Return which runs of an experiment are kept at every scale that has a record, or at `scale` alone."""
        wanted = {scale} if scale else self._recorded_scales(name)
        scales = [one for one in self.experiments[name].scales if one in wanted]
        return [key for one in scales for key in self.keys_of(name, one)]

    def states(self, keys: Iterable[Key]) -> list[State]:
        """Return the state of the runs `keys`."""
        found = [state(key, self.store, self.code, self.experiments) for key in keys]
        self.code.save()
        return found

    def plan(self, keys: Iterable[Key], *, again: bool = False) -> list[Job]:
        """Return the jobs that bring the records of `keys` up to date; all of them if `again`."""
        jobs = plan(keys, self.store, self.code, self.experiments, again=again)
        self.code.save()
        return jobs

    def run(self, jobs: list[Job], executor: Executor, *, again: bool = False) -> Iterator[Outcome]:
        """Carry out `jobs`, store each record as it is made, and yield the outcomes.

        Records that this machine has made before with the same code and parameters are taken from its cache, unless
        `again`. Runs of other processes are waited for.

        A failed job keeps its last good record, and the others go on. Ctrl-C stops all of them.
        """
        if not jobs:
            executor.close()
            return
        with Display(jobs) as display:
            batch = Batch(self, executor, display, cache=self._cache, in_progress=self._in_progress, again=again)
            try:
                yield from batch.outcomes(jobs)
                executor.close()
            except BaseException:
                executor.close(cancel=True)
                raise
            finally:
                batch.close()

    def renew(self, keys: Iterable[Key], executor: Callable[[], Executor], *, again: bool = False) -> Iterator[Outcome]:
        """Bring the records of `keys` up to date, and yield the outcomes.

        Records that an experiment reads are brought up to date before it, even if they are not among `keys`.

        Args:
            keys: which runs.
            executor: makes the executor.
            again: also run the fresh ones of `keys`.
        """
        failed: set[str] = set()
        asked = dict.fromkeys(keys)
        for stage in self.stages(asked):
            jobs = self.plan([key for key in stage if key in asked], again=again)
            jobs += self.plan(key for key in stage if key not in asked)
            ready = []
            for job in jobs:
                if missing := failed & set(self._read_by(job.key.experiment)):
                    failed.add(job.key.experiment)
                    why = f"{job.key}: not run, because {sorted(missing)[0]}, whose records it reads, failed"
                    yield Outcome(job, error=RunError(why))
                else:
                    ready.append(job)
            for outcome in self.run(ready, executor(), again=again) if ready else ():
                if outcome.error is not None:
                    failed.add(outcome.job.key.experiment)
                yield outcome

    def stages(self, keys: Iterable[Key]) -> list[list[Key]]:
        """Return `keys` in stages: readers come after the experiments they read, which are added if missing."""
        wanted = dict.fromkeys(keys)
        for key in list(wanted):
            for name in self._read_by(key.experiment):
                declaration = self.experiments[name]
                scale = self.recorded_scale(name) or declaration.largest(key.scale) or declaration.largest(*SCALES)
                wanted |= dict.fromkeys(self.keys_of(name, scale) if scale else [])
        depth = {name: self._depth(name) for name in {key.experiment for key in wanted}}
        return [[key for key in wanted if depth[key.experiment] == turn] for turn in sorted(set(depth.values()))]

    def _read_by(self, name: str) -> list[str]:
        """Experiments whose records `name` reads, transitively."""
        direct = self.experiments[name].reads
        return list(dict.fromkeys([*direct, *(further for read in direct for further in self._read_by(read))]))

    def _depth(self, name: str) -> int:
        return max((1 + self._depth(read) for read in self.experiments[name].reads), default=0)

    def smoke(self, name: str) -> list[Outcome]:
        """Run `name` at smoke scale in this process, the base and every variant with one seed; keep nothing."""
        lab = Lab(self.project, MemoryStore())
        with using(lab.store):
            return lab._smoke(name)

    def _smoke(self, name: str) -> list[Outcome]:
        lab, outcomes = self, list[Outcome]()
        for read in reversed(self._read_by(name)):
            jobs = lab.plan(self.experiments[read].keys("smoke"))
            outcomes += [one for one in lab.run(jobs, InlineExecutor(self.project)) if one.error is not None]
        jobs = lab.plan(key for key in self.experiments[name].keys("smoke") if key.seed == 0)
        return [*outcomes, *(one for job in jobs for one in lab.run([job], InlineExecutor(self.project), again=True))]
