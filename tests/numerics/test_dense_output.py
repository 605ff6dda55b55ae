"""Interpolated solutions against SciPy's splines and matrix exponentials."""

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicHermiteSpline
from scipy.linalg import expm

from mlblog.numerics.dense_output import hermite, odeint_dense
from mlblog.numerics.odeint import DormandPrince, RungeKutta4

MATRIX = torch.tensor([[0.0, 1.0, 0.2], [-2.0, -0.3, 0.0], [0.5, 0.1, -0.4]], dtype=torch.float64)
START = torch.tensor([1.0, 0.0, -1.5], dtype=torch.float64)


def test_cubics_are_scipys() -> None:
    generator = torch.Generator().manual_seed(0)
    knots = [0.3, 0.4, 1.9, 2.2, 3.0]
    states, slopes = (torch.randn(5, 2, 3, dtype=torch.float64, generator=generator) for _ in range(2))
    times = np.array([3.0, 0.3, 0.35, 1.0, 1.9, 2.99, 2.1])
    expected = CubicHermiteSpline(knots, states.numpy(), slopes.numpy())(times)
    np.testing.assert_allclose(hermite(states, slopes, knots, times.tolist()).numpy(), expected, atol=1e-12)


def test_between_knots_is_the_matrix_exponential() -> None:
    times = [2.0, 0.1, 0.75, 1.3]
    knots = np.linspace(0, 2, 41)
    found = odeint_dense(lambda t, z: MATRIX @ z, START, times, knots, DormandPrince(1e-9, 1e-11))
    expected = [expm(t * MATRIX.numpy()) @ START.numpy() for t in times]
    np.testing.assert_allclose(found.numpy(), expected, atol=2e-6)


def test_the_error_between_knots_falls_with_the_fourth_power() -> None:
    asked, errors = [0.77, 1.63], []
    expected = np.stack([expm(t * MATRIX.numpy()) @ START.numpy() for t in asked])
    for count in (8, 16, 32, 64):
        knots = np.linspace(0, 2, count + 1)
        found = odeint_dense(lambda t, z: MATRIX @ z, START, asked, knots, RungeKutta4(1.0))
        errors.append(np.abs(found.numpy() - expected).max())
    assert np.polyfit(np.log([8, 16, 32, 64]), np.log(errors), 1)[0] == pytest.approx(-4, abs=0.4)


def test_more_times_cost_nothing_more() -> None:
    calls = []

    def counted(t: float, z: torch.Tensor) -> torch.Tensor:
        calls.append(t)
        return -z

    for times in ([0.5], np.linspace(0, 1, 200).tolist()):
        odeint_dense(counted, START, times, [0.0, 0.5, 1.0], RungeKutta4(0.5))
    assert len(calls) == 2 * (2 * 4 + 3)


@pytest.mark.parametrize(
    ("knots", "times", "said"),
    [([0.0], [0.0], "two rising"), ([1.0, 0.0], [0.5], "two rising"), ([0.0, 1.0], [1.1], "from 0 to 1"),
     ([0.0, 1.0], [float("nan")], "from 0 to 1")],
)  # fmt: skip
def test_times_are_within_rising_knots(knots: list[float], times: list[float], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        odeint_dense(lambda t, z: -z, START, times, knots, RungeKutta4(1.0))
