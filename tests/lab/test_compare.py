"""How values moved since a revision, against SciPy's Welch test."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from workbench import Bench

from mlblog.lab.records.compare import Contrast, moves
from mlblog.lab.records.record import Record

samples = st.lists(st.floats(-100, 100).map(lambda x: round(x, 3)), min_size=2, max_size=9)


@given(samples, samples)
def test_verdict_is_welchs_test(first: list[float], second: list[float]) -> None:
    a, b = np.array(first), np.array(second)
    assume(min(a.std(), b.std()) > 1e-6)
    theirs = stats.ttest_ind(a, b, equal_var=False)
    assume(abs(theirs.pvalue - 0.05) > 1e-9)
    assert Contrast.of("v", a, b, paired=False).moved is bool(theirs.pvalue < 0.05)


@pytest.mark.parametrize(
    ("then", "now", "moved"),
    [([1.0], [1.0], False), ([1.0], [2.0], None), ([1.0, 1.0], [2.0, 2.0, 2.0], True), ([3.0, 3.0], [3.0, 3.0], False)],
)
def test_what_has_no_spread_is_told_apart(then: list[float], now: list[float], moved: bool | None) -> None:
    assert Contrast.of("v", np.array(then), np.array(now), paired=False).moved is moved


def test_summary_is_the_students_interval() -> None:
    def made(value: float, seed: int) -> Record:
        return Record("e", "small", {}, {}, seed, {"v": value, "flag": True, "name": "n"}, {}, {}, {}, {})

    sample = [1.0, 4.0, 2.5]
    ((group, move),) = moves([], [made(value, seed) for seed, value in enumerate(sample)])
    assert (group, move.name, move.first, move.moved) == ("small/base", "v", None, None)
    expected = (np.mean(sample), *stats.t.interval(0.95, 2, np.mean(sample), stats.sem(sample)))
    assert move.second == pytest.approx(expected)


def test_diff_against_a_revision(recorded: Bench) -> None:
    unmoved = recorded("diff", "with_squared")
    assert unmoved.exit_code == 0
    assert "MOVED " not in unmoved.stdout.replace("MOVED:", "")
    then = recorded.git("rev-parse", "HEAD")
    recorded.edit("toy/losses.py", "return x * x", "return x * x + 50")
    assert recorded("run", "with_squared", "with_two", "--scale", "smoke", "--executor", "inline").exit_code == 0
    recorded.commit()

    found = {move["name"]: move for move in recorded.json("diff", "with_squared", "--against", then)}
    old, new = np.array([9.0, 12.25, 16.0]), np.array([59.0, 62.25, 66.0])
    assert stats.ttest_ind(old, new, equal_var=False).pvalue < 0.05
    assert found["loss"]["moved"] is True
    assert found["loss"]["p"] == pytest.approx(stats.ttest_ind(old, new, equal_var=False).pvalue)
    assert found["loss"]["then"] == pytest.approx([old.mean(), *stats.t.interval(0.95, 2, old.mean(), stats.sem(old))])
    assert found["loss"]["now"][0] == pytest.approx(new.mean())
    result = recorded("diff", "with_squared", "--against", then)
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if " loss " in line]
    p = stats.ttest_ind(old, new, equal_var=False).pvalue
    assert line.split()[-2:] == [f"{p:.2g}", "MOVED"]

    (one,) = [move for move in recorded.json("diff", "with_two", "--against", then) if move["name"] == "loss"]
    assert (one["then"][0], one["now"][0], one["moved"]) == (10.0, 60.0, None)


def test_json_holds_no_nan(recorded: Bench) -> None:
    """One seed has no interval; JSON has no NaN."""
    assert "NaN" not in recorded("diff", "with_two", "--json").stdout
