"""Bayes and one-neighbour risk against quadrature, simulation and the whole range of shares."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm
from sklearn.neighbors import KNeighborsClassifier

from mlblog.classical.risk import bayes_risk, cover_hart_bound, nearest_neighbor_risk


def mixture(nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Two normals a third and two thirds likely, at the nodes of a midpoint rule on [-9, 11]."""
    x = -9 + 20 * (np.arange(nodes) + 0.5) / nodes
    joint = np.stack([norm.pdf(x) / 3, norm.pdf(x, 2, 1.5) * 2 / 3], axis=1)
    weights = joint.sum(axis=1)
    return joint / weights[:, None], weights / weights.sum()


def test_two_normals_by_adaptive_quadrature() -> None:
    def densities(x: float) -> tuple[float, float]:
        return norm.pdf(x) / 3, norm.pdf(x, 2, 1.5) * 2 / 3

    bayes = quad(lambda x: min(densities(x)), -9, 11, limit=200)[0]
    neighbour = quad(lambda x: 2 * np.prod(densities(x)) / sum(densities(x)), -9, 11, limit=200)[0]
    assert bayes_risk(*mixture(4_001)) == pytest.approx(bayes, abs=1e-6)
    assert nearest_neighbor_risk(*mixture(4_001)) == pytest.approx(neighbour, abs=1e-6)


def test_one_neighbour_among_many_errs_as_often_as_the_limit_says() -> None:
    random = np.random.default_rng(5)
    y = random.choice(2, p=[1 / 3, 2 / 3], size=(2, 40_000))
    x = np.where(y == 0, random.normal(size=y.shape), random.normal(2, 1.5, size=y.shape))
    errors = KNeighborsClassifier(n_neighbors=1).fit(x[0][:, None], y[0]).predict(x[1][:, None]) != y[1]
    assert errors.mean() == pytest.approx(nearest_neighbor_risk(*mixture(999)), abs=0.012)


@given(st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3).filter(any), min_size=1, max_size=7))
def test_cover_and_hart_hold_for_any_shares(tallies: list[list[int]]) -> None:
    shares = np.array([np.array(tally) / sum(tally) for tally in tallies])
    weights = np.full(len(shares), 1 / len(shares))
    best, one = bayes_risk(shares, weights), nearest_neighbor_risk(shares, weights)
    assert best - 1e-12 <= one <= cover_hart_bound(min(best, 2 / 3), classes=3) + 1e-12


def test_the_bound_is_reached_by_constant_shares() -> None:
    shares = np.array([[0.7, 0.1, 0.1, 0.1]] * 5)
    assert nearest_neighbor_risk(shares, np.full(5, 0.2)) == pytest.approx(cover_hart_bound(0.3, classes=4))


def test_what_is_no_problem_is_refused() -> None:
    with pytest.raises(ValueError, match="sum to one"):
        bayes_risk([[0.5, 0.6]], [1.0])
    with pytest.raises(ValueError, match="sum to one"):
        nearest_neighbor_risk([[0.5, 0.5]], [0.9])
    with pytest.raises(ValueError, match=r"\(m, C\)"):
        bayes_risk([0.5, 0.5], [1.0])
    with pytest.raises(ValueError, match=r"between 0 and 0\.5"):
        cover_hart_bound(0.6, classes=2)
