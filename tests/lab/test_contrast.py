"""`mlblog diff --between`: pairing by seed, verdicts and labels, against SciPy's tests."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from workbench import Bench

from mlblog.lab.records.compare import contrasts
from mlblog.lab.records.record import Record
from mlblog.lab.records.runs import Runs

numbers = st.floats(-100, 100).map(lambda x: round(x, 3))
pairs = st.lists(st.tuples(numbers, numbers), min_size=2, max_size=9)


def runs(sample: list[float], first_seed: int = 0, name: str = "v") -> Runs:
    return Runs([Record("e", "small", {}, {}, first_seed + i, {name: x}, {}, {}, {}, {}) for i, x in enumerate(sample)])


@given(pairs)
def test_same_seeds_are_paired(found: list[tuple[float, float]]) -> None:
    first, second = (list(side) for side in zip(*found, strict=True))
    gaps = np.subtract(second, first)
    assume(gaps.std() > 1e-6)
    (one,) = contrasts(runs(first), runs(second))
    theirs = stats.ttest_rel(second, first)
    ends = theirs.confidence_interval(0.95)
    assert one.paired
    assert one.difference == pytest.approx((gaps.mean(), ends.low, ends.high, theirs.pvalue), abs=1e-9)
    assume(abs(theirs.pvalue - 0.05) > 1e-9)
    assert one.moved is bool(theirs.pvalue < 0.05)


@given(st.lists(numbers, min_size=2, max_size=7), st.lists(numbers, min_size=2, max_size=7))
def test_other_seeds_are_independent_samples(first: list[float], second: list[float]) -> None:
    a, b = np.array(first), np.array(second)
    assume(min(a.std(), b.std()) > 1e-6)
    (one,) = contrasts(runs(first), runs(second, first_seed=5))
    theirs = stats.ttest_ind(b, a, equal_var=False)
    ends = theirs.confidence_interval(0.95)
    assert not one.paired
    assert one.difference == pytest.approx((b.mean() - a.mean(), ends.low, ends.high, theirs.pvalue), abs=1e-9)
    assume(abs(theirs.pvalue - 0.05) > 1e-9)
    assert one.moved is bool(theirs.pvalue < 0.05)


@pytest.mark.parametrize(
    ("first", "second", "seed", "moved"),
    [
        ([1.0], [1.0], 0, False),
        ([1.0], [2.0], 0, None),
        ([1.0], [2.0], 1, None),
        ([1.0, 5.0], [2.0, 6.0], 0, True),  # the same difference at every seed
        ([0.1, 0.1, 0.1], [0.1, 0.1], 0, False),  # the mean of three times 0.1 is not 0.1
        ([0.1, 0.1, 0.1], [0.2, 0.2], 0, True),
    ],
)
def test_what_has_no_spread(first: list[float], second: list[float], seed: int, moved: bool | None) -> None:
    (one,) = contrasts(runs(first), runs(second, seed))
    assert one.moved is moved


def test_value_of_one_side_only_has_no_difference() -> None:
    found = contrasts(runs([1.0, 2.0], name="a"), runs([3.0, 4.0], name="b"))
    assert [(one.name, one.first is None, one.second is None, one.difference, one.moved) for one in found] == [
        ("a", False, True, None, None),
        ("b", True, False, None, None),
    ]


@pytest.fixture
def varied(recorded: Bench) -> Bench:
    """`with_squared` with another x at the same seeds, and two overrides at fewer."""
    run = ("run", "with_squared", "--scale", "smoke", "--executor", "inline")
    assert recorded(*run, "--set", "x=4").exit_code == 0
    assert recorded(*run, "--set", "x=4", "--set", "slope=2", "--seeds", "2").exit_code == 0
    assert recorded("run", "with_squared", "--scale", "small", "--executor", "inline").exit_code == 0
    return recorded


BASE = [9.0, 12.25, 16.0]
FOUR = [16.0, 20.25, 25.0]


def test_variants_are_compared_seed_by_seed(varied: Bench) -> None:
    found = {one["name"]: one for one in varied.json("diff", "with_squared", "--between", "base", "x=4")}
    ends = stats.ttest_rel(FOUR, BASE).confidence_interval(0.95)
    loss = found["loss"]
    assert loss["difference"] == pytest.approx([np.mean(FOUR) - np.mean(BASE), ends.low, ends.high])
    assert loss["p"] == pytest.approx(stats.ttest_rel(FOUR, BASE).pvalue)
    assert (loss["paired"], loss["moved"], loss["scale"], loss["seeds"]) == (True, True, "smoke", [[0, 1, 2]] * 2)
    done = varied("diff", "with_squared", "--between", "base", "x=4")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("loss ")]
    assert line.split()[-2:] == [f"{stats.ttest_rel(FOUR, BASE).pvalue:.2g}", "MOVED"]
    assert done.exit_code == 1
    assert "paired by seed (0-2)" in done.stdout


def test_order_of_overrides_and_blanks_do_not_matter(varied: Bench) -> None:
    labels = ("slope=2,x=4", "x=4, slope=2", " x=4,slope=2 ")
    found = [varied.json("diff", "with_squared", "--between", "base", label) for label in labels]
    assert found[0] == found[1] == found[2]
    assert found[0][0]["paired"] is False
    assert "Welch's test (seeds 0-2 and 0-1)" in varied("diff", "with_squared", "--between", "base", labels[0]).stdout


@pytest.mark.parametrize("seeds", ["seed=0-1", "seed=[0,1]"])
def test_seeds_of_a_variant_can_be_chosen(varied: Bench, seeds: str) -> None:
    found = varied.json("diff", "with_squared", "--between", f"x=4,{seeds}", "x=4,slope=2")
    assert {one["name"]: one["moved"] for one in found}["loss"] is False
    assert found[0]["seeds"] == [[0, 1], [0, 1]]
    two_sets = varied.json("diff", "with_squared", "--between", "seed=0", "seed=1-2", "--scale", "smoke")
    assert two_sets[0]["seeds"] == [[0], [1, 2]]
    assert two_sets[0]["paired"] is False


def test_scale_is_the_largest_that_both_have(varied: Bench) -> None:
    assert varied.json("diff", "with_squared", "--between", "base", "base")[0]["scale"] == "small"
    smoke = varied.json("diff", "with_squared", "--between", "base", "base", "--scale", "smoke")
    assert smoke[0]["scale"] == "smoke"
    done = varied("diff", "with_squared", "--between", "base", "x=4", "--scale", "small")
    assert "nothing is recorded for 'x=4' at scale small. There is: base." in done.stderr
    assert "mlblog run with_squared --scale small --set x=4" in done.stderr
    assert done.exit_code == 1


def test_stale_records_are_said_to_be(varied: Bench) -> None:
    varied.edit("toy/losses.py", "return x * x", "return x * x * 1")
    done = varied("diff", "with_squared", "--between", "base", "x=4")
    assert "mlblog: x=4: 3 of 3 records are stale; see: mlblog why with_squared" in done.stderr


WRONG = [
    (["--between", "base", "y=4"], "no parameter 'y'"),
    (["--between", "base", "x"], "write an override as name=value"),
    (["--between", "base", ""], "write a variant as base or as name=value"),
    (["--between", "base", "x=4,,slope=2"], "write a variant as base or as name=value"),
    (["--between", "base", "x=4,x=5"], "x is set twice"),
    (["--between", "base", "seed=all"], "write seeds as seed=3, seed=0-4 or seed=[0,2,4]"),
    (["--between", "base", "x=4", "--against", "HEAD"], "choose one"),
    (["--scale", "small"], "--scale requires --between"),
]


def test_wrong_variants_are_refused(recorded: Bench) -> None:
    for arguments, message in WRONG:
        done = recorded("diff", "with_squared", *arguments)
        assert message in done.stderr
        assert (done.exit_code, done.stdout) == (2, "")
