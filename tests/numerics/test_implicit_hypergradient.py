"""Hypergradients against closed forms in NumPy, SciPy's solvers, steps written out, and finite differences."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import scipy.sparse.linalg
import torch
from torch import Tensor

from mlblog.classical.ridge import ridge_descent, ridge_minimum
from mlblog.numerics.implicit_hypergradient import (
    descended,
    hessian_product,
    implicit_hypergradient,
    unrolled_hypergradient,
)
from mlblog.numerics.inverse_product import conjugate_gradients, exact_inverse, largest_eigenvalue, neumann_series

_random = np.random.default_rng(4)
X, Y, ASKED, ANSWERS = (_random.normal(size=size) for size in ((19, 6), 19, (11, 6), 11))
GRAM, MOMENT = X.T @ X / 19, X.T @ Y / 19
LOGS = np.array([-2.0, 0.0, -1.0, -3.0, 1.0, -0.5])
H = GRAM + np.diag(np.exp(LOGS))
MOST = float(np.linalg.eigvalsh(H)[-1])
known, given, asked, answers, logs = (torch.from_numpy(one) for one in (X, Y, ASKED, ANSWERS, LOGS))
start = torch.zeros(6, dtype=torch.float64)
V = torch.from_numpy(_random.normal(size=6))


def inner(w: Tensor, h: Tensor) -> Tensor:
    return ((known @ w - given).square().mean() + (h.exp() * w.square()).sum()) / 2


def outer(w: Tensor, h: Tensor) -> Tensor:
    """The second term depends on the hyperparameters directly."""
    return (asked @ w - answers).square().mean() + h.square().sum() / 200


def exact(weights: np.ndarray, sensitivity: np.ndarray) -> np.ndarray:
    return sensitivity.T @ (2 * ASKED.T @ (ASKED @ weights - ANSWERS) / 11) + LOGS / 100


def times(v: Tensor) -> Tensor:
    return torch.from_numpy(H) @ v


def test_at_the_minimum_it_is_the_closed_form() -> None:
    minimum = ridge_minimum(GRAM, MOMENT, LOGS)
    found = implicit_hypergradient(inner, outer, torch.from_numpy(minimum.weights), logs, exact_inverse)
    np.testing.assert_allclose(found, exact(*minimum), rtol=1e-9)


def test_elsewhere_it_is_not_the_gradient_of_what_was_trained() -> None:
    early = ridge_descent(GRAM, MOMENT, LOGS, step=0.3, steps=2)
    found = implicit_hypergradient(inner, outer, torch.from_numpy(early.weights), logs, exact_inverse)
    right = exact(*early)
    assert np.linalg.norm(found.numpy() - right) > 0.2 * np.linalg.norm(right)


@pytest.mark.parametrize("steps", [0, 1, 7, 60])
def test_unrolled_it_is_exact_after_any_number_of_steps(steps: int) -> None:
    reached = ridge_descent(GRAM, MOMENT, LOGS, step=0.3, steps=steps)
    np.testing.assert_allclose(descended(inner, start, logs, step=0.3, steps=steps), reached.weights, rtol=1e-10)
    found = unrolled_hypergradient(inner, outer, start, logs, step=0.3, steps=steps)
    np.testing.assert_allclose(found, exact(*reached), rtol=1e-9, atol=1e-14)


@pytest.mark.parametrize("last", [0, 1, 5])
def test_truncated_it_takes_earlier_weights_as_given(last: int) -> None:
    """By finite differences of the last steps alone."""
    found = unrolled_hypergradient(inner, outer, start, logs, step=0.3, steps=9, last=last)
    middle = descended(inner, start, logs, step=0.3, steps=9 - last)
    for j, unit in enumerate(1e-5 * torch.eye(6, dtype=torch.float64)):
        up, down = (
            outer(descended(inner, middle, logs + move, step=0.3, steps=last), logs + move) for move in (unit, -unit)
        )
        assert float(found[j]) == pytest.approx(float(up - down) / 2e-5, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("products", [0, 1, 4, 30])
def test_a_neumann_series_is_descent_unrolled_from_the_minimum(products: int) -> None:
    """With K products, K + 1 steps."""
    minimum = torch.from_numpy(ridge_minimum(GRAM, MOMENT, LOGS).weights)
    solve = partial(neumann_series, step=0.3, products=products)
    found = implicit_hypergradient(inner, outer, minimum, logs, solve)
    steps = unrolled_hypergradient(inner, outer, minimum, logs, step=0.3, steps=products + 1)
    torch.testing.assert_close(found, steps, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("products", [0, 1, 9])
def test_a_neumann_series_is_its_sum_of_powers(products: int) -> None:
    powers = [np.linalg.matrix_power(np.eye(6) - 0.3 * H, j) @ V.numpy() for j in range(products + 1)]
    found = neumann_series(times, V, step=0.3, products=products)
    np.testing.assert_allclose(found, 0.3 * np.sum(powers, axis=0), rtol=1e-10)


@pytest.mark.parametrize(
    ("share", "converges"), [(0.5, True), (1.9, True), (1.999, True), (2.001, False), (2.1, False)]
)
def test_a_neumann_series_converges_below_two_over_the_largest_eigenvalue(share: float, converges: bool) -> None:
    right = np.linalg.solve(H, V.numpy())

    def error(products: int) -> float:
        return float(np.linalg.norm(neumann_series(times, V, step=share / MOST, products=products).numpy() - right))

    assert (error(2_000) < 0.5 * error(500) or error(2_000) < 1e-9) == converges
    assert (error(2_000) > 2 * error(500)) == (not converges)


def test_conjugate_gradients_are_scipys() -> None:
    for products in range(1, 7):
        theirs, _ = scipy.sparse.linalg.cg(H, V.numpy(), rtol=0, maxiter=products)
        np.testing.assert_allclose(conjugate_gradients(times, V, products=products), theirs, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(
        conjugate_gradients(times, V, products=50, tolerance=1e-9), np.linalg.solve(H, V.numpy()), rtol=1e-7
    )
    np.testing.assert_allclose(exact_inverse(times, V), scipy.linalg.solve(H, V.numpy()), rtol=1e-10)


def test_conjugate_gradients_end_at_rounding() -> None:
    """They would go on to divide zero by zero."""
    calls = []

    def counted(v: Tensor) -> Tensor:
        calls.append(v)
        return times(v)

    found = conjugate_gradients(counted, V, products=5_000)
    np.testing.assert_allclose(found, np.linalg.solve(H, V.numpy()), rtol=1e-9)
    assert len(calls) < 12


def test_conjugate_gradients_end_where_curvature_is_not_positive() -> None:
    bent = torch.tensor([2.0, -1.0], dtype=torch.float64)
    found = conjugate_gradients(lambda v: bent * v, torch.tensor([0.0, 1.0], dtype=torch.float64), products=5)
    assert found.tolist() == [0.0, 0.0]


def test_products_are_those_of_the_whole_matrix_and_can_be_repeated() -> None:
    product = hessian_product(lambda w, h: (w**4).sum() * h[0] + w[0] * w[1], V, logs)
    whole = np.diag(12 * V.numpy() ** 2 * LOGS[0])
    whole[0, 1] += 1
    whole[1, 0] += 1
    for unit in torch.eye(6, dtype=torch.float64):
        np.testing.assert_allclose(product(unit), whole @ unit.numpy(), rtol=1e-12)


def test_power_iteration_finds_the_largest_eigenvalue_from_below() -> None:
    found = [largest_eigenvalue(times, V, products=products) for products in (1, 5, 200)]
    assert found == sorted(found)
    assert found[-1] == pytest.approx(MOST, rel=1e-9)


def test_what_does_not_fit_is_refused() -> None:
    for call, words in [
        (lambda: implicit_hypergradient(inner, outer, start[None], logs, exact_inverse), "one vector"),
        (lambda: hessian_product(lambda w, h: w, V, logs), "one number"),
        (lambda: unrolled_hypergradient(inner, outer, start, logs, step=0.1, steps=3, last=4), "last"),
        (lambda: neumann_series(times, V, step=0.0, products=3), "step"),
        (lambda: neumann_series(times, V, step=0.1, products=-1), "products"),
        (lambda: conjugate_gradients(times, V, products=-1), "products"),
        (lambda: largest_eigenvalue(times, 0 * V), "not zero"),
    ]:
        with pytest.raises(ValueError, match=words):
            call()
