"""States of runs follow from what was found, never from how it is worded."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mlblog.errors import MissingRecord, RecordError
from mlblog.lab import Key, Lab, MemoryStore, Project, Record
from mlblog.lab.staleness import Kind, Reason

TRIAL = """
from mlblog.lab import experiment

@experiment(smoke={}, seeds=1)
def trial(run, *, seed): ...
"""


class Failing(MemoryStore):
    def __init__(self, error: RecordError) -> None:
        super().__init__()
        self._error = error

    def get(self, key: Key) -> Record:
        raise self._error


@pytest.mark.parametrize(
    ("error", "state", "said"),
    [(RecordError("missing"), "broken", "missing"), (MissingRecord("trial: broken"), "missing", "missing")],
)
def test_a_state_is_not_read_off_a_message(
    make_project: Callable[[dict[str, str]], Project], error: RecordError, state: str, said: str
) -> None:
    lab = Lab(make_project({"toy/experiments/trial.py": TRIAL}), Failing(error))
    (found,) = lab.states(lab.keys("smoke"))
    assert (found.name, [str(reason) for reason in found.why]) == (state, [said])
    (job,) = lab.plan(lab.keys("smoke"))
    assert job.why == found.why


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        (Reason(Kind.CHANGED, "toy.loss"), "toy.loss changed"),
        (Reason(Kind.PARAMETER, "steps", "was 3, is 4"), "steps was 3, is 4"),
        (Reason(Kind.MISSING), "missing"),
        (Reason(Kind.BROKEN, detail="x.json: not JSON"), "x.json: not JSON"),
        (Reason(Kind.ASKED), "asked for"),
    ],
)
def test_reasons_in_words(reason: Reason, said: str) -> None:
    assert str(reason) == said
