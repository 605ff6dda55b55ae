"""Scores of confidences, against scikit-learn, SciPy and enumeration."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlblog.goals import calibrate, parse_week
from mlblog.goals.calibrate import Forecast

SAMPLE = Path(__file__).parents[1] / "samples/goals/2025-W07.md"
FORECASTS = st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), st.booleans()), min_size=1, max_size=40)


def sample() -> list[Forecast]:
    goals = parse_week(SAMPLE.read_bytes(), "2025-W07.md").goals
    return [(goal.probability, goal.done) for goal in goals if goal.probability is not None]


def test_known_list_was_overconfident_though_few_points_cannot_prove_it() -> None:
    forecasts = sample()
    assert len(forecasts) == 14
    assert round(calibrate.brier(forecasts), 3) == 0.323
    assert round(calibrate.reference(forecasts), 3) == 0.245
    assert [(level.probability, level.done, level.count) for level in calibrate.levels(forecasts)] == [
        (0.2, 1, 1),
        (0.6, 2, 8),
        (0.8, 3, 5),
    ]
    reached, expected, chance = calibrate.surprise(forecasts)
    assert (reached, round(expected, 6)) == (6, 9.0)
    assert 0.05 < chance < 0.1


@given(FORECASTS)
def test_brier_score_is_that_of_scikit_learn(forecasts: list[Forecast]) -> None:
    from sklearn.metrics import brier_score_loss

    said, done = zip(*forecasts, strict=True)
    expected = brier_score_loss(np.array(done, dtype=int), np.array(said), labels=[0, 1])
    assert calibrate.brier(forecasts) == pytest.approx(expected, abs=1e-12)
    rate = float(np.mean(done))
    hindsight = brier_score_loss(np.array(done, dtype=int), np.full(len(done), rate), labels=[0, 1])
    assert calibrate.reference(forecasts) == pytest.approx(hindsight, abs=1e-12)


@given(FORECASTS)
def test_murphys_parts_add_up_to_the_brier_score(forecasts: list[Forecast]) -> None:
    parts = calibrate.murphy(forecasts)
    assert min(parts.reliability, parts.resolution, parts.uncertainty) >= 0
    whole = parts.reliability - parts.resolution + parts.uncertainty
    assert whole == pytest.approx(calibrate.brier(forecasts), abs=1e-12)


def test_points_are_those_of_scikit_learns_curve() -> None:
    from sklearn.calibration import calibration_curve

    forecasts = sample()
    said, done = zip(*forecasts, strict=True)
    shares, means = calibration_curve(np.array(done, dtype=int), np.array(said), n_bins=7)
    found = calibrate.levels(forecasts)
    np.testing.assert_allclose([level.probability for level in found], means, atol=1e-12)
    np.testing.assert_allclose([level.share for level in found], shares, atol=1e-12)


@pytest.mark.parametrize(("done", "count"), [(0, 1), (1, 1), (2, 8), (3, 5), (6, 14), (0, 9), (17, 17), (50, 333)])
def test_interval_is_scipys(done: int, count: int) -> None:
    from scipy.stats import binomtest

    expected = binomtest(done, count).proportion_ci(0.95, method="wilson")
    assert calibrate.wilson(done, count) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("done", "count"), [(1, 0), (3, 2), (-1, 4)])
def test_no_interval_of_no_share(done: int, count: int) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        calibrate.wilson(done, count)


@given(st.lists(st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.8, 1.0]), max_size=9))
def test_chances_are_those_of_all_cases(probabilities: list[float]) -> None:
    expected = [0.0] * (len(probabilities) + 1)
    for outcome in itertools.product([False, True], repeat=len(probabilities)):
        chance = math.prod(p if one else 1 - p for p, one in zip(probabilities, outcome, strict=True))
        expected[sum(outcome)] += chance
    assert calibrate.chances(probabilities) == pytest.approx(expected, abs=1e-12)


def test_surprise_looks_to_the_side_where_the_number_lies() -> None:
    assert calibrate.surprise([(0.6, False), (0.8, False)]) == (0, pytest.approx(1.4), pytest.approx(0.08))
    assert calibrate.surprise([(0.2, True), (0.4, True)]) == (2, pytest.approx(0.6), pytest.approx(0.08))
    assert calibrate.surprise([(0.2, True), (0.4, False)]) == (1, pytest.approx(0.6), pytest.approx(1 - 0.48))
