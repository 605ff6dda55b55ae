"""Solvers against closed forms, orders of accuracy, SciPy and torchdiffeq."""

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
import torchdiffeq
from scipy.integrate import RK45, solve_ivp
from scipy.linalg import expm
from torch import Tensor

from mlblog.numerics.odeint import DormandPrince, Euler, RungeKutta4, Solver, dormand_prince_step, odeint

PENDULUM = [1.2, -0.3]


def pendulum(t: float, z: Tensor) -> Tensor:
    """Nonlinear, driven, two-dimensional."""
    return torch.stack([z[1], -torch.sin(z[0]) - 0.1 * z[1] + 0.5 * math.cos(2 * t)])


def reference(times: list[float]) -> np.ndarray:
    """The pendulum by SciPy's method of order 8 at tolerances near the rounding error."""

    def rate(t: float, z: np.ndarray) -> list[float]:
        return [z[1], -math.sin(z[0]) - 0.1 * z[1] + 0.5 * math.cos(2 * t)]

    return solve_ivp(rate, (times[0], times[-1]), PENDULUM, "DOP853", times, rtol=1e-13, atol=1e-13).y.T


class OneStep:
    """Dormand and Prince's method of order 5 with steps of one length."""

    def __init__(self, step: float) -> None:
        self.step = step

    def path(self, field: Callable[[float, Tensor], Tensor], state: Tensor, times: list[float]) -> list[Tensor]:
        begin, end = times
        count = round((end - begin) / self.step)
        slope = field(begin, state)
        for n in range(count):
            state, slope, _ = dormand_prince_step(field, begin + n * self.step, state, slope, self.step)
        return [state]


@pytest.mark.parametrize(("solver", "order"), [(Euler, 1), (RungeKutta4, 4), (OneStep, 5)])
def test_the_error_falls_with_the_order_of_the_method(solver: Callable[[float], Solver], order: int) -> None:
    steps = np.array([1 / 8, 1 / 16, 1 / 32]) / (4 if order == 1 else 1)
    exact = reference([0.0, 2.0])[-1]
    start = torch.tensor(PENDULUM, dtype=torch.float64)
    errors = [np.linalg.norm(odeint(pendulum, start, [0.0, 2.0], solver(h))[-1].numpy() - exact) for h in steps]
    slope = np.polyfit(np.log(steps), np.log(errors), 1)[0]
    assert slope == pytest.approx(order, abs=0.15)


def test_the_embedded_estimate_is_of_order_five() -> None:
    """The difference between a solution of order 4 and one of order 5 is h⁵ over a single step."""
    start = torch.tensor(PENDULUM, dtype=torch.float64)
    steps = np.array([0.02, 0.01, 0.005])
    errors = [float(dormand_prince_step(pendulum, 0.0, start, pendulum(0.0, start), h)[2].norm()) for h in steps]
    assert np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(5, abs=0.25)


def test_the_tableau_is_scipys() -> None:
    """One step, with slopes that SciPy's coefficients give."""
    from scipy.integrate import RK45

    h, t, z = 0.37, 0.8, np.array(PENDULUM)

    def rate(time: float, state: np.ndarray) -> np.ndarray:
        return pendulum(time, torch.from_numpy(state)).numpy()

    slopes = [rate(t, z)]
    for row, c in zip(RK45.A[1:], RK45.C[1:], strict=True):
        slopes.append(rate(t + c * h, z + h * row[: len(slopes)] @ np.array(slopes)))
    expected = z + h * RK45.B @ np.array(slopes)
    slopes.append(rate(t + h, expected))
    new, last, error = dormand_prince_step(pendulum, t, torch.from_numpy(z), torch.from_numpy(slopes[0]), h)
    np.testing.assert_allclose(new.numpy(), expected, rtol=1e-14)
    np.testing.assert_allclose(last.numpy(), slopes[-1], rtol=1e-14)
    np.testing.assert_allclose(np.abs(error.numpy()), np.abs(h * RK45.E @ np.array(slopes)), rtol=1e-9)


def test_a_linear_system_is_the_matrix_exponential() -> None:
    matrix = torch.tensor([[0.0, 1.0, 0.2], [-2.0, -0.3, 0.0], [0.5, 0.1, -0.4]], dtype=torch.float64)
    start = torch.tensor([1.0, 0.0, -1.5], dtype=torch.float64)
    times = [0.0, 0.4, 1.7, 3.0]
    found = odeint(lambda t, z: matrix @ z, start, times, DormandPrince(rtol=1e-10, atol=1e-12))
    expected = [expm(t * matrix.numpy()) @ start.numpy() for t in times]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-8, atol=1e-9)


@pytest.mark.parametrize("rtol", [1e-4, 1e-7, 1e-10])
def test_the_adaptive_solution_keeps_its_tolerance(rtol: float) -> None:
    times = [0.0, 0.7, 1.1, 6.0]
    found = odeint(pendulum, torch.tensor(PENDULUM, dtype=torch.float64), times, DormandPrince(rtol, rtol / 100))
    error = np.abs(found.numpy() - reference(times)).max()
    assert rtol / 1e4 < error < 30 * rtol


def test_a_step_that_was_too_long_is_taken_again() -> None:
    """A still stretch lets steps grow; then comes a front, z = tanh(20 (t - 3))."""

    def front(t: float, z: Tensor) -> Tensor:
        return torch.full_like(z, 20 / math.cosh(20 * (t - 3)) ** 2)

    start = torch.tensor([math.tanh(-20.0)], dtype=torch.float64)
    found = odeint(front, start, [2.0, 4.0], DormandPrince(1e-6, 1e-8))
    assert found[-1].item() == pytest.approx(1, abs=1e-5)


def test_it_agrees_with_torchdiffeq_at_no_more_evaluations() -> None:
    counts = {"ours": 0, "theirs": 0}

    def ours(t: float, z: Tensor) -> Tensor:
        counts["ours"] += 1
        return pendulum(t, z)

    def theirs(t: Tensor, z: Tensor) -> Tensor:
        counts["theirs"] += 1
        return pendulum(float(t), z)

    start = torch.tensor(PENDULUM, dtype=torch.float64)
    found = odeint(ours, start, [0.0, 5.0], DormandPrince(1e-8, 1e-10))
    expected = torchdiffeq.odeint(theirs, start, torch.tensor([0.0, 5.0]), rtol=1e-8, atol=1e-10, method="dopri5")
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)
    assert counts["ours"] <= 1.1 * counts["theirs"]


def test_an_euler_step_of_one_is_a_residual_block() -> None:
    torch.manual_seed(0)
    block = torch.nn.Sequential(torch.nn.Linear(3, 5), torch.nn.Tanh(), torch.nn.Linear(5, 3))
    z = torch.randn(2, 3)
    torch.testing.assert_close(
        odeint(lambda t, z: block(z), z, [0.0, 1.0], Euler(1.0))[-1], z + block(z), rtol=0, atol=0
    )


@pytest.mark.parametrize("solver", [Euler(1e-4), RungeKutta4(0.01), DormandPrince()])
def test_there_and_back(solver: Solver) -> None:
    start = torch.tensor(PENDULUM, dtype=torch.float64)
    there = odeint(pendulum, start, [0.0, 0.9], solver)[-1]
    back = odeint(pendulum, there, [0.9, 0.0], solver)[-1]
    torch.testing.assert_close(back, start, rtol=0, atol=3e-4 if isinstance(solver, Euler) else 1e-6)


@pytest.mark.parametrize("solver", [Euler(0.05), RungeKutta4(0.2), DormandPrince(1e-6, 1e-8)])
def test_gradients_run_through_the_steps(solver: Solver) -> None:
    start = torch.tensor([0.4, -0.2, 0.9], dtype=torch.float64, requires_grad=True)
    matrix = torch.tensor(
        [[0.1, 1.0, 0.0], [-1.0, 0.2, 0.3], [0.2, 0.0, -0.5]], dtype=torch.float64, requires_grad=True
    )

    def solve(start: Tensor, matrix: Tensor) -> Tensor:
        return odeint(lambda t, z: torch.tanh(matrix @ z), start, [0.0, 0.5, 1.0], solver)

    if isinstance(solver, DormandPrince):  # finite differences would move the steps, which gradients do not
        theirs = torchdiffeq.odeint(
            lambda t, z: torch.tanh(matrix @ z), start, torch.tensor([0.0, 0.5, 1.0]), rtol=1e-10, atol=1e-12
        )
        expected = torch.autograd.grad(theirs.square().sum(), (start, matrix))
        found = torch.autograd.grad(solve(start, matrix).square().sum(), (start, matrix))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    else:
        assert torch.autograd.gradcheck(solve, (start, matrix))


def test_a_constant_solution_takes_few_steps() -> None:
    calls = 0

    def still(t: float, z: Tensor) -> Tensor:
        nonlocal calls
        calls += 1
        return torch.zeros_like(z)

    assert odeint(still, torch.ones(2), [0.0, 100.0])[-1].tolist() == [1.0, 1.0]
    assert calls < 100


def test_a_solution_that_blows_up_is_named() -> None:
    """z′ = z² from 1 is 1 / (1 - t)."""
    with pytest.raises(FloatingPointError, match=r"t = 1.*blow up"):
        odeint(lambda t, z: z**2, torch.tensor([1.0], dtype=torch.float64), [0.0, 2.0])


@pytest.mark.parametrize("times", [[], [0.0, 0.0], [0.0, 2.0, 1.0]])
def test_times_must_rise_or_fall(times: list[float]) -> None:
    with pytest.raises(ValueError, match="all rise or all fall"):
        odeint(lambda t, z: z, torch.ones(2), times)


def test_a_field_may_not_broadcast() -> None:
    with pytest.raises(ValueError, match=r"shape \(3,\), got \(1,\)"):
        odeint(lambda t, z: z[:1], torch.ones(3), [0.0, 1.0])


def test_a_step_is_longer_than_zero() -> None:
    with pytest.raises(ValueError, match="longer than zero"):
        odeint(lambda t, z: z, torch.ones(3), [0.0, 1.0], Euler(0.0))


def test_a_step_is_kept_if_and_only_if_its_error_is_allowed() -> None:
    """Read off the places at which the field is asked; the error by SciPy's coefficients for the same pair."""
    calls: list[tuple[float, np.ndarray, np.ndarray]] = []

    def kicked(t: float, z: Tensor) -> Tensor:
        rate = pendulum(t, z) + 9 * math.exp(-(((t - 2) / 0.2) ** 2))
        calls.append((t, z.numpy(), rate.numpy()))
        return rate

    solver = DormandPrince(rtol=1e-5, atol=1e-7)
    odeint(kicked, torch.tensor(PENDULUM, dtype=torch.float64), [0.0, 4.0], solver)
    (t, z, k1), _, *rest = calls  # the start, and one more to choose the first step
    rejected = []
    attempts = [rest[i : i + 6] for i in range(0, len(rest), 6)]
    for i, attempt in enumerate(attempts):
        h = (attempt[-1][0] - attempt[0][0]) / 0.8  # asked at t + h / 5, …, t + h
        assert attempt[-1][0] - h == pytest.approx(t, abs=1e-9)
        new = attempt[-1][1]
        error = h * RK45.E @ np.stack([k1, *(rate for _, _, rate in attempt)])
        ratio = np.sqrt(np.mean((error / (1e-7 + 1e-5 * np.maximum(abs(z), abs(new)))) ** 2))
        following = attempts[i + 1][0][0] if i + 1 < len(attempts) else None
        if ratio <= 1:
            t, z, k1 = attempt[-1]
        else:
            rejected.append(ratio)
            assert following is not None, "the last step must be within the tolerance"
            assert following < attempt[0][0]  # once more from the same time, shorter
    assert t == 4.0
    assert any(1 < ratio < 5 for ratio in rejected)
    assert len(rejected) < len(attempts) / 2
