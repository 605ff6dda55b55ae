"""Ridge regression against scikit-learn, a loop over steps, the exponential of one matrix, and finite differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.linalg
from sklearn.linear_model import Ridge

from mlblog.classical.ridge import RidgeWeights, ridge_descent, ridge_flow, ridge_minimum

_random = np.random.default_rng(8)
X, Y = _random.normal(size=(17, 5)), _random.normal(size=17)
GRAM, MOMENT = X.T @ X / 17, X.T @ Y / 17
LOGS = np.array([-2.0, 0.5, -1.0, -4.0, 1.0])
WAYS = {
    "minimum": ridge_minimum,
    "no step": lambda *given: ridge_descent(*given, step=0.2, steps=0),
    "steps": lambda *given: ridge_descent(*given, step=0.2, steps=13),
    "flow": lambda *given: ridge_flow(*given, time=2.5),
}


def test_the_minimum_is_scikit_learns() -> None:
    """Its features are divided by the root of their decays; its sum of squares is n times our mean."""
    root = np.exp(LOGS / 2)
    theirs = Ridge(alpha=17.0, fit_intercept=False).fit(X / root, Y).coef_ / root
    np.testing.assert_allclose(ridge_minimum(GRAM, MOMENT, LOGS).weights, theirs, rtol=1e-10)


def test_steps_are_those_of_a_loop() -> None:
    w = np.zeros(5)
    for _ in range(13):
        w = w - 0.2 * (X.T @ (X @ w - Y) / 17 + np.exp(LOGS) * w)
    np.testing.assert_allclose(ridge_descent(GRAM, MOMENT, LOGS, step=0.2, steps=13).weights, w, rtol=1e-10)


def test_the_flow_is_the_exponential_of_one_matrix() -> None:
    """(w, ∂w/∂h_j, 1)′ is linear in itself."""
    found = ridge_flow(GRAM, MOMENT, LOGS, time=2.5)
    matrix = GRAM + np.diag(np.exp(LOGS))
    for j in range(5):
        system = np.zeros((11, 11))
        system[:5, :5] = system[5:10, 5:10] = -matrix
        system[5 + j, j] = -np.exp(LOGS[j])
        system[:5, 10] = MOMENT
        end = scipy.linalg.expm(2.5 * system)[:, 10]
        np.testing.assert_allclose(found.weights, end[:5], rtol=1e-9)
        np.testing.assert_allclose(found.sensitivity[:, j], end[5:10], rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("same", [False, True], ids=["different decays", "equal eigenvalues"])
def test_derivatives_are_finite_differences(way: str, same: bool) -> None:
    solve: Callable[..., RidgeWeights] = WAYS[way]
    gram, logs = (np.eye(5) + 0.0 * GRAM, np.zeros(5)) if same else (GRAM, LOGS)
    found = solve(gram, MOMENT, logs).sensitivity
    for j, unit in enumerate(np.eye(5)):
        up, down = (solve(gram, MOMENT, logs + sign * 1e-4 * unit).weights for sign in (1, -1))
        np.testing.assert_allclose(found[:, j], (up - down) / 2e-4, rtol=1e-6, atol=1e-9)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="expected, got"):
        ridge_minimum(GRAM, MOMENT, LOGS[:4])
    with pytest.raises(ValueError, match="steps"):
        ridge_descent(GRAM, MOMENT, LOGS, step=0.1, steps=-1)
    with pytest.raises(ValueError, match="time"):
        ridge_flow(GRAM, MOMENT, LOGS, time=-1.0)
