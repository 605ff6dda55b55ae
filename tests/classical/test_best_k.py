"""The exact risk on a line against scikit-learn on a fine grid, and the best k against minimising the expansion."""

import numpy as np
import pytest
from numpy.polynomial import Polynomial
from scipy.optimize import minimize_scalar
from sklearn.neighbors import KNeighborsClassifier

from mlblog.classical.best_k import best_k, crossings, excess_risk, leave_one_out_on_a_line
from mlblog.classical.neighbors import leave_one_out_errors

SQUARE = Polynomial([0, 0, 1])
WAVE = 4 * Polynomial.fromroots([0.2, 0.5, 0.9]) + 0.5  # crosses a half three times


def draw(eta: Polynomial, n: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(n)
    x = random.uniform(size=n)
    return x, (random.uniform(size=n) < eta(x)).astype(int)


@pytest.mark.parametrize("eta", [SQUARE, WAVE], ids=["square", "wave"])
@pytest.mark.parametrize("k", [1, 2, 7, 40, 41])
def test_the_integral_is_that_over_a_fine_grid(eta: Polynomial, k: int) -> None:
    x, y = draw(eta, 41)
    grid = (np.arange(40_000) + 0.5) / 40_000
    says = KNeighborsClassifier(n_neighbors=k).fit(x[:, None], y).predict(grid[:, None])
    wrong = says != (eta(grid) > 0.5)
    assert excess_risk(x, y, eta, ks=[k])[0] == pytest.approx((np.abs(2 * eta(grid) - 1) * wrong).mean(), abs=1e-4)


def test_every_k_at_once_is_each_alone() -> None:
    x, y = draw(WAVE, 30)
    together = excess_risk(x, y, WAVE, ks=[1, 5, 30])
    assert together.tolist() == [excess_risk(x, y, WAVE, ks=[k])[0] for k in (1, 5, 30)]
    assert (together >= -1e-12).all()


def test_leaving_one_out_on_a_line_is_leaving_one_out() -> None:
    x, y = draw(WAVE, 67)
    ks = [1, 2, 3, 10, 65, 66]
    np.testing.assert_allclose(leave_one_out_on_a_line(x, y, ks=ks), leave_one_out_errors(x[:, None], y, ks=ks))


def test_crossings_are_where_it_is_a_half() -> None:
    assert crossings(SQUARE) == pytest.approx([0.5**0.5])
    assert crossings(WAVE) == pytest.approx([0.2, 0.5, 0.9])
    assert len(crossings(SQUARE + 0.6)) == 0


@pytest.mark.parametrize("n", [100, 5_000, np.int64(60_000)])  # the last to the fourth power is no 64-bit integer
def test_best_k_minimises_the_expansion(n: int) -> None:
    at = crossings(WAVE)

    def expansion(log_k: float) -> float:
        k = np.exp(log_k)
        bias = WAVE.deriv(2)(at) * (k / n) ** 2 / 24
        return float(((1 / (4 * k) + bias**2) / np.abs(WAVE.deriv()(at))).sum())

    found = minimize_scalar(expansion, bounds=(0, np.log(n)), method="bounded", options={"xatol": 1e-9})
    assert best_k(n, WAVE) == pytest.approx(np.exp(found.x), rel=1e-4)


def test_the_expansion_is_right_to_leading_order() -> None:
    """Mean excess risk over 300 draws of 10,000 points, for a k at which both of its terms count."""
    n, k = 10_000, 2_000
    random = np.random.default_rng(11)
    found = []
    for _ in range(300):
        x = random.uniform(size=n)
        found.append(excess_risk(x, random.uniform(size=n) < SQUARE(x), SQUARE, ks=[k])[0])
    expected = (1 / (4 * k) + (2 * (k / n) ** 2 / 24) ** 2) / (2 * 0.5**0.5)
    assert np.mean(found) == pytest.approx(expected, rel=0.2)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="names no best k"):
        best_k(100, Polynomial([0, 1]))
    with pytest.raises(ValueError, match="names no best k"):
        best_k(100, Polynomial([0.7, 0.1]))
    with pytest.raises(ValueError, match="names no best k"):
        best_k(100, Polynomial([0.75, -1, 1]))  # touches 1/2 in the middle
    x, y = draw(SQUARE, 20)
    with pytest.raises(ValueError, match="between 1 and 20"):
        excess_risk(x, y, SQUARE, ks=[21])
    with pytest.raises(ValueError, match="between 1 and 19"):
        leave_one_out_on_a_line(x, y, ks=[20])
    with pytest.raises(ValueError, match="one shape"):
        excess_risk(x, y[:-1], SQUARE, ks=[1])
