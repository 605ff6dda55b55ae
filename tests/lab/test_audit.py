"""A smoke run that uses what its manifest does not cover fails, by name."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlblog.lab import Lab, Project, Record
from mlblog.lab.fingerprint import Code

EXPERIMENT = """
from mlblog.lab import Run, experiment
from toy.model import Model, lazy

@experiment(smoke=dict(n=2), seeds=2, variants=[dict(n=3)])
def trial(run: Run, *, n: int, seed: int) -> None:
    '''Try.'''
    run.save(x=Model(n).double(), y=[f(1) for f in lazy()])
"""
MODEL = """
import dataclasses
from pathlib import Path

@dataclasses.dataclass
class Model:
    n: int
    @property
    def data(self): return int((Path(__file__).parent / "numbers.txt").read_text())
    def double(self): return [k * 2 for k in range(self.n)] + [self.data]

def lazy():
    def inner(x): return x
    return [inner, lambda x: x]
"""
FILES = {"toy/experiments/trial.py": EXPERIMENT, "toy/model.py": MODEL, "toy/numbers.txt": "7"}


def errors(project: Project) -> list[str]:
    return [str(outcome.error) for outcome in Lab(project).smoke("trial") if outcome.error]


def test_run_that_its_manifest_covers_passes(make_project: Callable[[dict[str, str]], Project]) -> None:
    outcomes = Lab(make_project(FILES)).smoke("trial")
    records = [outcome.record for outcome in outcomes]
    assert [record.values["x"] for record in records if isinstance(record, Record)] == [[0, 2, 7], [0, 2, 4, 7]]


@pytest.mark.parametrize("forgotten", ["toy.model.lazy", "toy.model.Model.double", "toy.model.Model.data",
                                       "data:toy/numbers.txt", "toy.experiments.trial.trial"])  # fmt: skip
def test_what_the_manifest_forgets_is_named(
    make_project: Callable[[dict[str, str]], Project], monkeypatch: pytest.MonkeyPatch, forgotten: str
) -> None:
    project, whole = make_project(FILES), Code.manifest
    monkeypatch.setattr(
        Code,
        "manifest",
        lambda self, *asked, **more: {k: v for k, v in whole(self, *asked, **more).items() if k != forgotten},
    )
    assert errors(project) == [
        f"trial smoke{override} seed 0: it used what its manifest does not cover: {forgotten}"
        for override in ("", " n=3")
    ]
