"""Experiments that read the records of others: in which order they run, and what becomes of them if one fails."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlblog.errors import ProjectError
from mlblog.lab import Lab, Project
from mlblog.lab.running.executors.inline import InlineExecutor

HEAD = "from mlblog.lab import Run, experiment\n"
BASE = (
    HEAD
    + """
@experiment(smoke=dict(n=2), seeds=2)
def base(run: Run, *, n: int, seed: int) -> None:
    run.save(value=float(n + seed))
"""
)
MIDDLE = (
    HEAD
    + """from toy.experiments.base import base
@experiment(smoke=dict(), seeds=1, reads=["base"])
def middle(run: Run, *, seed: int) -> None:
    run.save(value=10 * base.runs().mean("value"))
"""
)
TOP = (
    HEAD
    + """from toy.experiments.middle import middle
@experiment(smoke=dict(), seeds=1, reads=("middle",))
def top(run: Run, *, seed: int) -> None:
    run.save(value=1 + middle.runs().mean("value"))
"""
)
FILES = {f"toy/experiments/{name}.py": text for name, text in {"base": BASE, "middle": MIDDLE, "top": TOP}.items()}


def renewed(project: Project, name: str) -> list[str]:
    """What ran, in turn, to renew an experiment; failures with their reasons."""
    lab = Lab(project)
    outcomes = lab.renew(lab.keys_of(name, "smoke"), lambda: InlineExecutor(project))
    return [str(one.error) if one.error else one.job.key.experiment for one in outcomes]


def names(project: Project) -> dict[str, str]:
    lab = Lab(project)
    return {state.key.experiment: state.name for state in lab.states(lab.keys("smoke"))}


def test_what_is_read_runs_first_and_makes_stale(make_project: Callable[[dict[str, str]], Project]) -> None:
    project = make_project(FILES)
    assert renewed(project, "top") == ["base", "base", "middle", "top"]
    assert Lab(project).store.read("top/smoke/base/seed-0.json").values["value"] == 26.0  # 1 + 10 * (2 + 3) / 2
    assert names(project) == {"base": "fresh", "middle": "fresh", "top": "fresh"}

    (project.root / "toy/experiments/base.py").write_text(BASE.replace("n + seed", "n * 2 + seed"), encoding="utf-8")
    assert names(project) == {"base": "stale", "middle": "stale", "top": "stale"}
    lab = Lab(project)
    (why,) = {reason for state in lab.states(lab.keys_of("top", "smoke")) for reason in state.why}
    assert str(why) == "records:middle/*/base are stale themselves"


def test_what_fails_takes_along_what_reads_it(make_project: Callable[[dict[str, str]], Project]) -> None:
    failing = BASE.replace("run.save(value=float(n + seed))", "raise ValueError(seed)")
    project = make_project({**FILES, "toy/experiments/base.py": failing})
    *failed, middle, top = renewed(project, "top")
    assert ["ValueError" in error for error in failed] == [True, True]
    assert middle == "middle smoke seed 0: not run, because base, whose records it reads, failed"
    assert top.startswith("top smoke seed 0: not run, because ")


def test_smoke_runs_make_what_they_read(make_project: Callable[[dict[str, str]], Project]) -> None:
    project = make_project(FILES)
    (outcome,) = Lab(project).smoke("top")
    assert outcome.record is not None
    assert outcome.record.values["value"] == 26.0
    assert Lab(project).store.names() == []


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('reads=["base"]', 'reads=["basis"]', "middle reads records of 'basis', which is not an experiment"),
        ('reads=["base"]', 'reads="base"', "reads is 'base'; it must be a list of names"),
        ('reads=["base"]', 'reads=["top"]', "experiments read each other's records: middle -> top -> middle"),
    ],
)
def test_wrong_declarations_are_named(
    make_project: Callable[[dict[str, str]], Project], old: str, new: str, message: str
) -> None:
    project = make_project({**FILES, "toy/experiments/middle.py": MIDDLE.replace(old, new)})
    with pytest.raises(ProjectError, match=r"toy/experiments/middle.py:4: .*" + message):
        _ = Lab(project).experiments
