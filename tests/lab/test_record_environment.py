"""What the environment of a record tells, also where it is incomplete, or says what nobody can believe."""

from __future__ import annotations

import pytest

from mlblog.lab import Record
from mlblog.lab.records.environment import Environment


def test_names_give_what_is_in_the_record() -> None:
    found = Environment(
        commit="0123456789abcdef", dirty=True, date="2026-11-22T03:04:05+00:00", device="cuda: H200", torch="2.13.0",
        seconds=61, measured=["clock", "rate"], accepted=["a line"], renamed=["old", "older"],
    )  # fmt: skip
    assert (found.commit, found.is_dirty, found.day, found.device, found.kind, found.torch, found.seconds) == (
        "0123456789abcdef", True, "2026-11-22", "cuda: H200", "cuda", "2.13.0", 61.0,
    )  # fmt: skip
    assert (found.measured, found.accepted, found.former_names) == ({"clock", "rate"}, ["a line"], ["old", "older"])


def test_nothing_is_known_of_an_empty_one() -> None:
    found = Record("solver", "small", {}, {}, 0, {"v": 1.0}, {}, {}, {}, {}).environment  # type: ignore[arg-type]
    assert (found.commit, found.is_dirty, found.day, found.kind, found.torch, found.seconds) == (
        "", False, "", "cpu", "", None,
    )  # fmt: skip
    assert (found.measured, found.accepted, found.former_names) == (set(), [], [])


@pytest.mark.parametrize("seconds", [-1.0, 1e30, "3", None, [3.0]])
def test_a_duration_that_nobody_can_believe_is_unknown(seconds: object) -> None:
    assert Environment(seconds=seconds).seconds is None


@pytest.mark.parametrize("odd", ["clock", 3, None])
def test_lists_that_are_none_are_empty(odd: object) -> None:
    found = Environment(measured=odd, accepted=odd, renamed=odd)
    assert (found.measured, found.accepted, found.former_names) == (set(), [], [])


def test_what_is_added_later_leaves_the_rest_as_it_was() -> None:
    before = {"commit": "01", "anything": [1, {"x": 2}]}
    found = Environment(before)
    assert found.accepted_again("one").accepted_again("two") == {**before, "accepted": ["one", "two"]}
    assert found.renamed("old") == {**before, "renamed": ["old"]}
    assert found.with_changes(None) == {**before, "diff": None}
    assert found == before
