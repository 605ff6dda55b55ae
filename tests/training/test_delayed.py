"""Delayed descent, against its recursion and against the roots of its characteristic polynomial."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from mlblog.training.delayed import DelayedSGD, largest_stable_rate


def growth(rate: float, delay: int) -> float:
    """The largest root of z^{τ+1} - z^τ + ηλ, by eigenvalues of its companion matrix."""
    polynomial = np.zeros(delay + 2)
    polynomial[0] += 1
    polynomial[1] -= 1
    polynomial[-1] += rate
    return float(np.abs(np.roots(polynomial)).max())


@pytest.mark.parametrize("delay", [0, 1, 2, 3, 5, 10, 30])
def test_the_largest_rate_is_where_a_root_leaves_the_circle(delay: int) -> None:
    limit = largest_stable_rate(1.0, delay)
    assert growth(0.999 * limit, delay) < 1 < growth(1.001 * limit, delay)
    assert growth(limit, delay) == pytest.approx(1.0, abs=1e-9)
    assert largest_stable_rate(2.5, delay) == pytest.approx(limit / 2.5)


def test_the_rule_of_one_over_the_delay_is_safe_and_off_by_at_most_half_of_pi() -> None:
    over = [largest_stable_rate(1.0, delay) * delay for delay in range(1, 2_000)]
    assert over[0] == pytest.approx(1.0)
    assert over == sorted(over)
    assert over[-1] < math.pi / 2
    assert over[-1] == pytest.approx(math.pi / 2, rel=1e-3)


@pytest.mark.parametrize("delay", [0, 1, 4])
def test_steps_are_those_of_the_recursion(delay: int) -> None:
    curvature, rate = np.array([0.3, 1.0, 2.0]), 0.2
    w = [np.array([1.0, -2.0, 0.5])]
    for t in range(12):
        w.append(w[t] - rate * curvature * w[t - delay] if t >= delay else w[t])
    weight = nn.Parameter(torch.tensor(w[0]))
    optimizer = DelayedSGD([weight], lr=rate, delay=delay)
    for expected in w[1:]:
        loss = optimizer.step(lambda: _backward(optimizer, weight, curvature))
        np.testing.assert_allclose(weight.detach().numpy(), expected, rtol=1e-12)
    assert loss is not None


def _backward(optimizer: DelayedSGD, weight: nn.Parameter, curvature: np.ndarray) -> torch.Tensor:
    optimizer.zero_grad()
    loss = (torch.from_numpy(curvature) * weight.square()).sum() / 2
    loss.backward()
    return loss.detach()


@pytest.mark.parametrize("delay", [1, 6])
@pytest.mark.parametrize("share", [0.97, 1.03])
def test_descent_ends_below_the_largest_rate_and_not_above_it(delay: int, share: float) -> None:
    weight = nn.Parameter(torch.ones(1, dtype=torch.float64))
    optimizer = DelayedSGD([weight], lr=share * largest_stable_rate(1.0, delay), delay=delay)
    far = []
    for _ in range(900):
        weight.grad = weight.detach().clone()
        optimizer.step()
        far.append(abs(weight.item()))
    assert (max(far[-60:]) < max(far[:60])) == (share < 1)


def test_a_weight_without_a_gradient_stays() -> None:
    weight = nn.Parameter(torch.ones(2))
    DelayedSGD([weight], lr=1.0, delay=0).step()
    assert weight.tolist() == [1.0, 1.0]


def test_rates_and_delays_that_mean_nothing_are_refused() -> None:
    weight = nn.Parameter(torch.ones(2))
    for lr, delay in ((0.0, 1), (0.1, -1)):
        with pytest.raises(ValueError, match="delay"):
            DelayedSGD([weight], lr=lr, delay=delay)
        with pytest.raises(ValueError, match="delay"):
            largest_stable_rate(lr, delay)
