"""Intervals of shares: Wilson's against SciPy, those over seeds by how often they hold what is true."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlblog.lab.records.shares import printed, wilson, within


@pytest.mark.parametrize(("done", "count"), [(0, 1), (1, 1), (2, 8), (3, 5), (6, 14), (0, 9), (17, 17), (50, 333)])
def test_wilson_is_scipys(done: int, count: int) -> None:
    expected = stats.binomtest(done, count).proportion_ci(0.95, method="wilson")
    assert wilson(done, count) == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize(("done", "count"), [(1, 0), (3, 2), (-1, 4)])
def test_no_interval_of_no_share(done: int, count: int) -> None:
    with pytest.raises(ValueError, match="is not a share"):
        wilson(done, count)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=6))
def test_an_interval_holds_its_mean_and_stays_within_0_and_1(found: list[float]) -> None:
    sample = np.array(found)
    half = stats.t.ppf(0.975, len(sample) - 1) * sample.std(ddof=1) / np.sqrt(len(sample))
    mean = np.clip(sample.mean(), sample.min(), sample.max())
    low, high = within(mean, half)
    assert 0 <= low <= mean + 1e-12
    assert mean - 1e-12 <= high <= 1


def test_a_narrow_interval_is_students() -> None:
    """To first order: what differs is of the second."""
    for half in (1e-3, 1e-4):
        low, high = within(np.array(0.7), np.array(half))
        assert (low, high) == pytest.approx((0.7 - half, 0.7 + half), abs=2 * half**2)


def test_all_or_nothing_has_no_spread() -> None:
    low, high = within(np.array([0.0, 0.5, 1.0]), np.array([0.0, 0.0, 0.0]))
    np.testing.assert_array_equal(low, [0, 0.5, 1])
    np.testing.assert_array_equal(high, [0, 0.5, 1])


@pytest.mark.parametrize("n", [3, 5, 9])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_nineteen_of_twenty_hold_what_is_true(share: float, n: int) -> None:
    """Seeds as Beta draws with the same spread in logits as half a nat of noise leaves, 20,000 times."""
    samples = np.random.default_rng(n).beta(16 * share, 16 * (1 - share), size=(20_000, n))
    half = stats.t.ppf(0.975, n - 1) * samples.std(axis=1, ddof=1) / np.sqrt(n)
    low, high = within(samples.mean(axis=1), half)
    assert ((low <= share) & (share <= high)).mean() == pytest.approx(0.95, abs=0.03)


def test_an_interval_to_print_is_students_unless_a_share_would_leave_0_and_1() -> None:
    """Of a share by SciPy's interval of the mean, taken to logits by the slope there."""
    for found in ([0.4, 0.5, 0.45], [-0.1, 0.9, 0.95], [0.9, 0.95, 1.2]):  # a share inside, and no shares
        ends = stats.t.interval(0.95, 2, np.mean(found), stats.sem(found))
        assert printed(np.array(found)) == pytest.approx((np.mean(found), *ends))
    assert printed(np.ones(3)) == (1, 1, 1)
    for found in ([0.9, 0.97, 1.0], [0.02, 0.0, 0.0]):
        mean = np.mean(found)
        reach = stats.t.ppf(0.975, 2) * stats.sem(found) / (mean * (1 - mean))
        logit = np.log(mean / (1 - mean))
        expected = (mean, *(1 / (1 + np.exp(-(logit + side * reach))) for side in (-1, 1)))
        assert printed(np.array(found)) == pytest.approx(expected)
