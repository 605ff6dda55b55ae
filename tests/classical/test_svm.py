"""Support vector machines against LIBSVM, the optimality conditions, and the primal solved by another method."""

from functools import partial

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.svm import SVC

from mlblog.classical.kernels import linear, rbf
from mlblog.classical.svm import KernelSVM, LinearSVM, solve_dual


def overlapping(n: int) -> tuple[np.ndarray, np.ndarray]:
    """Two clouds in three coordinates that no plane separates."""
    random = np.random.default_rng(n)
    y = random.choice(["left", "right"], size=n)
    return random.normal(size=(n, 3)) + np.where(y == "right", 0.8, -0.8)[:, None], y


@pytest.mark.parametrize("C", [0.05, 1.0, 40.0])
def test_dual_coefficients_and_bias_are_libsvms(C: float) -> None:
    X, y = overlapping(61)
    found = KernelSVM(X, y, kernel=partial(rbf, gamma=0.5), C=C, tolerance=1e-9)
    reference = SVC(C=C, gamma=0.5, tol=1e-9).fit(X, y)
    dual = np.zeros(61)
    dual[reference.support_] = reference.dual_coef_[0]
    np.testing.assert_allclose(found.alpha * found.signs, dual, atol=1e-5 * C)
    assert found.bias == pytest.approx(reference.intercept_[0], abs=1e-5)
    asked = overlapping(17)[0]
    np.testing.assert_allclose(found.decision(asked), reference.decision_function(asked), atol=1e-5)
    assert (found.classify(asked) == reference.predict(asked)).all()


@pytest.mark.parametrize(
    ("x", "C"),
    [
        ([0.0, 1.0, 2.0, 3.0], 0.01),  # every α at its bound, so that no point fixes b
        ([10.0, 11.0, 12.0, 13.5], 0.01),
        ([10.0, 11.0, 12.0, 13.5], 100.0),
        ([-7.0, -3.0, -2.5, 4.0], 1.0),
    ],
)
def test_the_bias_is_libsvms_wherever_the_plane_lies(x: list[float], C: float) -> None:
    X, y, asked = np.array(x)[:, None], [0, 0, 1, 1], np.linspace(-20, 20, 7)[:, None]
    reference = SVC(C=C, kernel="linear", tol=1e-9).fit(X, y)
    for found in (LinearSVM(X, y, C=C, tolerance=1e-9), KernelSVM(X, y, kernel=linear, C=C, tolerance=1e-9)):
        assert abs(found.bias) > 0.005
        assert found.bias == pytest.approx(reference.intercept_[0], abs=1e-5)
        np.testing.assert_allclose(found.decision(asked), reference.decision_function(asked), atol=1e-4)
        assert (found.classify(asked) == reference.predict(asked)).all()


@pytest.mark.parametrize("C", [0.1, 3.0])
def test_the_optimality_conditions_hold(C: float) -> None:
    X, y = overlapping(83)
    found = KernelSVM(X, y, kernel=partial(rbf, gamma=0.3), C=C, tolerance=1e-8)
    margin = found.signs * found.decision(X)
    assert (margin[found.alpha == 0] >= 1 - 1e-6).all()
    assert (margin[found.alpha == C] <= 1 + 1e-6).all()
    free = (found.alpha > 0) & (found.alpha < C)
    np.testing.assert_allclose(margin[free], 1, atol=1e-6)
    assert free.any()
    assert (found.alpha == C).any()
    assert found.alpha @ found.signs == pytest.approx(0, abs=1e-9)


def test_the_bias_averages_over_the_margin_what_the_tolerance_leaves_open() -> None:
    """At a coarse tolerance the points on the margin disagree about b, and each says as much as any other."""
    X, y = overlapping(61)
    found = LinearSVM(X, y, C=1.0, tolerance=0.5)
    free = (found.alpha > 0) & (found.alpha < 1.0)
    each = np.where(y == "right", 1.0, -1.0)[free] - X[free] @ found.weights
    assert np.ptp(each) > 0.01
    assert found.bias == pytest.approx(each.mean(), abs=1e-9)
    assert found.bias != pytest.approx((each.max() + each.min()) / 2, abs=1e-3)


def test_the_plane_solves_the_primal() -> None:
    """The primal with its slack, as a quadratic programme over w, b and ξ, by a solver that knows nothing of duals."""
    X, y = overlapping(40)
    s, C = np.where(y == "right", 1.0, -1.0), 0.7

    def primal(v: np.ndarray) -> float:
        return v[:3] @ v[:3] / 2 + C * v[4:].sum()

    constraint = {"type": "ineq", "fun": lambda v: s * (X @ v[:3] + v[3]) - 1 + v[4:]}
    start, bounds = np.append(np.zeros(4), np.ones(40)), [(None, None)] * 4 + [(0, None)] * 40
    best = minimize(primal, start, method="SLSQP", constraints=constraint, bounds=bounds, options={"ftol": 1e-12})
    found = LinearSVM(X, y, C=C, tolerance=1e-9)
    np.testing.assert_allclose(found.weights, best.x[:3], atol=1e-4)
    slack = np.maximum(0, 1 - s * found.decision(X))
    ours = primal(np.concatenate([found.weights, [found.bias], slack]))
    assert ours == pytest.approx(best.fun, abs=1e-6)
    assert ours == pytest.approx(found.alpha.sum() - found.weights @ found.weights / 2, abs=1e-6)  # no gap to the dual


def test_a_smaller_price_of_slack_widens_the_margin() -> None:
    X, y = overlapping(50)
    margins = [LinearSVM(X, y, C=C).margin for C in (0.01, 0.1, 1.0, 10.0)]
    assert margins == sorted(margins, reverse=True)
    assert margins[0] > 2 * margins[-1]


def test_the_widest_street_between_points_that_can_be_separated() -> None:
    found = LinearSVM([[0, 0], [1, 0], [4, 4], [4, 0]], [1, 1, 2, 2], C=1e4, tolerance=1e-6)
    assert found.margin == pytest.approx(1.5, abs=1e-4)
    assert found.classify([[2.4, 3], [2.6, -3]]).tolist() == [1, 2]


def test_real_data_large_enough_for_thousands_of_steps() -> None:
    X, y = load_breast_cancer(return_X_y=True)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    found = LinearSVM(X[::2], y[::2], C=1.0)
    reference = SVC(kernel="linear").fit(X[::2], y[::2])
    np.testing.assert_allclose(found.weights, reference.coef_[0], atol=5e-3)
    assert (found.classify(X[1::2]) == reference.predict(X[1::2])).mean() > 0.99


@pytest.mark.parametrize("n", [61, 90, 140])
def test_it_takes_about_as_many_steps_as_libsvm(n: int) -> None:
    """The pair and the length of the step are those of second order; half the length takes far more steps."""
    X, y = overlapping(n)
    signs = np.where(y == "right", 1.0, -1.0)
    steps = solve_dual(rbf(X, X, gamma=0.5), signs, C=1.0).steps
    assert steps < 1.4 * SVC(gamma=0.5, shrinking=False).fit(X, signs).n_iter_[0]


def test_two_kinds_of_digits() -> None:
    X, y = load_digits(return_X_y=True)
    X, y = X[(y == 3) | (y == 8)], y[(y == 3) | (y == 8)]
    half = len(X) // 2
    found = KernelSVM(X[:half], y[:half], kernel=partial(rbf, gamma=0.001))
    reference = SVC(gamma=0.001).fit(X[:half], y[:half])
    assert (found.classify(X[half:]) == reference.predict(X[half:])).all()


def test_equal_points_of_different_classes_end_at_the_price() -> None:
    """The curvature of the pair is zero; the step is as long as the box lets it be."""
    found = KernelSVM([[1.0], [1.0], [0.0], [2.0]], [0, 1, 0, 1], kernel=linear, C=0.5)
    np.testing.assert_allclose(found.alpha[:2], 0.5)


def test_what_cannot_be_fitted_is_refused() -> None:
    X, y = overlapping(9)
    with pytest.raises(ValueError, match="two classes"):
        KernelSVM(X, ["one"] * 9, kernel=linear)
    with pytest.raises(ValueError, match="C must be positive"):
        LinearSVM(X, y, C=0)
    with pytest.raises(ValueError, match="both 1 and -1"):
        solve_dual(np.eye(3), np.ones(3), C=1)
    with pytest.raises(RuntimeError, match="still violated after 2 steps"):
        solve_dual(linear(X, X), np.where(y == "left", 1.0, -1.0), C=1, limit=2)
