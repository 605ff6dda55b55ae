"""Importance sampling against enumeration of all draws and a general minimiser."""

from itertools import product

import numpy as np
import pytest
from scipy.optimize import minimize

from mlblog.classical.importance import importance_estimate, importance_variance, optimal_proposal


@pytest.fixture(params=["one component", "one sign", "three components"])
def problem(request: pytest.FixtureRequest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """f, p and some q over five outcomes."""
    random = np.random.default_rng(7)
    f = {
        "one component": random.normal(size=5),
        "one sign": random.uniform(0.5, 3, size=5),
        "three components": random.normal(size=(5, 3)),
    }[request.param]
    return f, random.dirichlet(np.ones(5)), random.dirichlet(np.ones(5))


def enumerated(f: np.ndarray, p: np.ndarray, q: np.ndarray, n: int) -> tuple[np.ndarray, float]:
    """Mean and total variance of the estimate over all Kⁿ ways to draw n."""
    estimates, chances = [], []
    for drawn in product(range(len(p)), repeat=n):
        rows = list(drawn)
        estimates.append(np.atleast_1d(importance_estimate(f[rows], p[rows], q[rows])))
        chances.append(q[rows].prod())
    mean = np.average(estimates, axis=0, weights=chances)
    return mean, float(np.average(((np.array(estimates) - mean) ** 2).sum(axis=1), weights=chances))


@pytest.mark.parametrize("n", [1, 3])
def test_it_is_unbiased_and_its_variance_is_the_closed_form(problem: tuple[np.ndarray, ...], n: int) -> None:
    f, p, q = problem
    mean, variance = enumerated(f, p, q, n)
    np.testing.assert_allclose(mean, np.atleast_1d(p @ f), atol=1e-12)
    assert variance == pytest.approx(importance_variance(f, p, q) / n)


def test_no_proposal_beats_the_optimal_one(problem: tuple[np.ndarray, ...]) -> None:
    f, p, start = problem

    def variance(logits: np.ndarray) -> float:
        q = np.exp(logits - logits.max())
        return importance_variance(f, p, q / q.sum())

    found = minimize(variance, np.log(start), method="Nelder-Mead", options={"maxiter": 20_000, "fatol": 1e-12})
    least = importance_variance(f, p, optimal_proposal(f, p))
    assert least == pytest.approx(found.fun, abs=1e-6)
    norms = np.linalg.norm(f.reshape(5, -1), axis=1)
    assert least == pytest.approx((p @ norms) ** 2 - ((p @ f) ** 2).sum(), abs=1e-12)


def test_one_sign_leaves_no_variance() -> None:
    f, p = np.array([1.0, 2.0, 7.0]), np.array([0.5, 0.3, 0.2])
    assert importance_variance(f, p, optimal_proposal(f, p)) == pytest.approx(0, abs=1e-12)
    assert importance_variance(-f, p, optimal_proposal(-f, p)) == pytest.approx(0, abs=1e-12)


def test_outcomes_that_do_not_count_need_no_proposal() -> None:
    f, p = np.array([0.0, 2.0, 4.0]), np.array([0.4, 0.6, 0.0])
    assert importance_variance(f, p, [0, 1, 0]) == pytest.approx(0, abs=1e-12)


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot have been drawn"):
        importance_estimate([1.0, 2.0], [0.5, 0.5], [1.0, 0.0])
    with pytest.raises(ValueError, match="biased"):
        importance_variance([1.0, 2.0], [0.5, 0.5], [1.0, 0.0])
    with pytest.raises(ValueError, match="nothing to sample"):
        optimal_proposal([0.0, 0.0, 3.0], [0.5, 0.5, 0.0])
    with pytest.raises(ValueError, match=r"\(K,\) or \(K, D\)"):
        optimal_proposal([1.0, 2.0, 3.0], [0.5, 0.5])
