"""Tests of differences against SciPy's and enumeration; intervals by how often they hold what is true."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from mlblog.lab.records.student import difference, holm, interval, quantile


@pytest.mark.parametrize("degrees", [1, 2, 3.7, 4, 5.25, 8, 9, 30, 31])
@pytest.mark.parametrize("probability", [0.025, 0.3, 0.5, 0.8, 0.975, 0.999])
def test_quantile_is_where_the_density_has_that_mass(probability: float, degrees: float) -> None:
    found = quantile(probability, degrees)
    assert stats.t.cdf(found, degrees) == pytest.approx(probability, rel=1e-10)
    x, step = np.linspace(0, found, 20_001, retstep=True)
    weights = np.r_[1, np.tile([4, 2], 9_999), 4, 1]  # Simpson's rule
    assert 0.5 + stats.t.pdf(x, degrees) @ weights * step / 3 == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 3), (1.0, 3), (0.5, 0)])
def test_no_quantile_outside_the_law(probability: float, degrees: int) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        quantile(probability, degrees)


def test_welchs_test_is_the_textbooks() -> None:
    """Student's sleep data, and what R prints for t.test(extra ~ group, data = sleep), without and with pairs."""
    first = np.array([0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0])
    second = np.array([1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4])
    assert difference(first, second) == pytest.approx((1.58, -0.2054832, 3.3654832, 0.07939), abs=1e-5)
    assert difference(first, second, paired=True) == pytest.approx((1.58, 0.7001142, 2.4598858, 0.002833), abs=1e-6)


def test_pairs_have_as_many_on_either_side() -> None:
    with pytest.raises(ValueError, match="2 and 3 numbers cannot be paired"):
        difference(np.ones(2), np.ones(3), paired=True)


@pytest.mark.parametrize("paired", [False, True])
def test_one_seed_has_no_p_value(paired: bool) -> None:
    found = difference(np.array([1.0]), np.array([3.0]), paired=paired)
    assert found.mean == 2
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize(("ours", "sizes"), [("one", (4,)), ("two", (3, 7)), ("pairs", (5, 5))])
def test_nineteen_of_twenty_intervals_hold_what_is_true(ours: str, sizes: tuple[int, ...]) -> None:
    """Of 3,000 draws with unequal noise; 0.95 ± 0.012 is three standard errors."""
    random = np.random.default_rng(len(ours))
    held = 0
    for _ in range(3_000):
        common = random.normal(size=sizes[0])
        samples = [random.normal(1 + place, 1 + 2 * place, size=size) for place, size in enumerate(sizes)]
        if ours == "one":
            found, truth = interval(samples[0]), 1.0
        elif ours == "two":
            found, truth = difference(*samples), 1.0
        else:
            found, truth = difference(samples[0] + 9 * common, samples[1] + 9 * common, paired=True), 1.0
        held += found.low <= truth <= found.high
    assert held / 3_000 == pytest.approx(0.95, abs=0.012)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holms_is_stepping_down(ps: list[float]) -> None:
    """Rejecting at a level by the adjusted values is Holm's procedure as he wrote it, at every level that matters."""
    adjusted = holm(dict(enumerate(ps)))
    assert list(adjusted) == list(range(len(ps)))
    for level in (0.001, 0.01, 0.05, 0.2, 0.7):
        rejected = set()
        for i in sorted(range(len(ps)), key=ps.__getitem__):
            if ps[i] > level / (len(ps) - len(rejected)):
                break
            rejected.add(i)
        near = {i for i in adjusted if abs(adjusted[i] - level) < 1e-9}
        assert {i for i in adjusted if adjusted[i] <= level} - near == rejected - near


def test_a_family_errs_once_in_twenty_at_most() -> None:
    random = np.random.default_rng(0)
    families = [holm(dict(enumerate(random.uniform(size=6)))) for _ in range(4_000)]
    assert np.mean([min(one.values()) <= 0.05 for one in families]) == pytest.approx(0.05, abs=0.011)


@pytest.mark.parametrize("p", [float("nan"), -0.1, 1.1])
def test_no_p_value_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match=r"'a': .* is not a p-value"):
        holm({"a": p, "b": 0.2})


def test_scipy_is_imported_when_something_is_compared() -> None:
    code = (
        "import sys, mlblog.lab.contrast, mlblog.lab.records.table, mlblog.cli.results; print('scipy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
