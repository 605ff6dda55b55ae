"""Updating records during a build: the policies `auto`, `always` and `never`, independent of hosts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from mlblog.errors import MlblogError
from mlblog.lab import Lab, Project
from mlblog.lab.records.record import SCALES, Key
from mlblog.lab.records.stores import preview_store, project_store
from mlblog.lab.report import duration
from mlblog.lab.running.environment import gpus
from mlblog.lab.running.executors.local import LocalExecutor
from mlblog.press.needs import experiments_needed

Experiments = Literal["auto", "always", "never"]
EXPERIMENTS: tuple[Experiments, ...] = ("auto", "always", "never")


class Refresh:
    """The runs that update the records of a project, as far as the policy `experiments` allows."""

    def __init__(self, project: Project, experiments: str) -> None:
        self._lab = Lab(project)
        self._experiments = experiments

    def run(self) -> Iterator[MlblogError]:
        """Run them, those for the newest page first; yield failures.

        A record that cannot be renewed is kept, and its page is marked stale.
        """
        for outcome in self._lab.renew(self._due(), lambda: LocalExecutor(self._lab.project)):
            if outcome.error is not None:
                yield outcome.error

    def preview(self) -> Iterator[MlblogError]:
        """Make smoke runs for experiments that pages read but that have no records; yield failures."""
        project = self._lab.project
        recorded = {(name.experiment, name.group) for name in project_store(project).names()}
        every = [key for name in self._lab.experiments for key in self._lab.experiments[name].keys("smoke")]
        keys = [key for key in every if key.seed == 0 and (key.experiment, key.group) not in recorded]
        previews = Lab(project, preview_store(project))
        if not keys or not previews.plan(keys):
            return  # the usual case; ordering by need would have to read every post
        place = {name: number for number, name in enumerate(self._ordered())}
        keys.sort(key=lambda key: place[key.experiment])
        for outcome in previews.run(previews.plan(keys), LocalExecutor(project, previews=True)):
            if outcome.error is not None:
                yield outcome.error

    def cost(self) -> list[str]:
        """List missing and stale records, with the cost of renewing them; runs nothing."""
        lines = []
        jobs = self._lab.plan(self._lab.keys())
        for name in dict.fromkeys(job.key.experiment for job in jobs):
            mine = [job for job in jobs if job.key.experiment == name]
            why = "; ".join(dict.fromkeys(str(reason) for job in mine for reason in job.why))
            known = [job.seconds for job in mine if job.seconds is not None]
            cost = f"about {duration(sum(known) / len(known) * len(mine))}" if known else "an unknown time"
            lines.append(f"{name}: {why}. Renewing {len(mine)} runs takes {cost}: mlblog run {name}")
        return lines

    def _due(self) -> list[Key]:
        if self._experiments == "never":
            return []
        if gpus():
            keys = [key for name in self._ordered() for key in self._at(name, *SCALES)]
        elif self._experiments == "always":
            # keep larger records made on a GPU; smaller ones beside them would not be shown
            names = [name for name in self._ordered() if self._lab.recorded_scale(name) != "full"]
            keys = [key for name in names for key in self._at(name, "smoke", "small")]
        else:
            return []
        return keys

    def _ordered(self) -> list[str]:
        """All experiments, those needed by pages first."""
        return list(dict.fromkeys([*experiments_needed(self._lab), *self._lab.experiments]))

    def _at(self, name: str, *allowed: str) -> list[Key]:
        """The runs of `name` at the largest of the scales `allowed`."""
        declaration = self._lab.experiments[name]
        scale = declaration.largest(*allowed)
        return declaration.keys(scale) if scale else []
