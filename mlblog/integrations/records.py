"""What a build does for the records: the policy `auto`, `always`, `never`, apart from any host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from mlblog.errors import MlblogError
from mlblog.lab import Lab, Project
from mlblog.lab.environment import gpus
from mlblog.lab.executors.local import LocalExecutor
from mlblog.lab.jobs import Job
from mlblog.lab.record import SCALES, Key

Experiments = Literal["auto", "always", "never"]
EXPERIMENTS: tuple[Experiments, ...] = ("auto", "always", "never")


class Refresh:
    """The runs that bring the records of a project up to date, as far as `experiments` lets a build make them."""

    def __init__(self, project: Project, experiments: str) -> None:
        self._lab = Lab(project)
        self._experiments = experiments

    def run(self) -> Iterator[MlblogError]:
        """Make the runs; yield what failed. A record that cannot be renewed stays, and is marked stale."""
        if jobs := self._due():
            for outcome in self._lab.run(jobs, LocalExecutor(self._lab.project)):
                if outcome.error is not None:
                    yield outcome.error

    def cost(self) -> list[str]:
        """What is missing or stale, and what renewing it would cost; runs nothing."""
        lines = []
        jobs = self._lab.plan(self._lab.keys())
        for name in dict.fromkeys(job.key.experiment for job in jobs):
            mine = [job for job in jobs if job.key.experiment == name]
            why = "; ".join(dict.fromkeys(reason for job in mine for reason in job.why))
            known = [job.seconds for job in mine if job.seconds is not None]
            seconds = f"about {sum(known) / len(known) * len(mine):.0f} s" if known else "a time not known yet"
            lines.append(f"{name}: {why}. Renewing {len(mine)} runs takes {seconds}: mlblog run {name}")
        return lines

    def _due(self) -> list[Job]:
        if self._experiments == "never":
            return []
        if gpus():
            keys = [key for name in self._lab.experiments for key in self._at(name, *SCALES)]
        elif self._experiments == "always":
            # a record of a larger scale, made on a GPU, stays: smaller ones beside it would not be shown
            names = [name for name in self._lab.experiments if self._lab.recorded_scale(name) != "full"]
            keys = [key for name in names for key in self._at(name, "smoke", "small")]
        else:
            return []
        return self._lab.plan(keys)

    def _at(self, name: str, *allowed: str) -> list[Key]:
        """The runs of `name` at the largest of the scales `allowed`."""
        declaration = self._lab.experiments[name]
        scale = declaration.largest(*allowed)
        return declaration.keys(scale) if scale else []
