"""Adjoint gradients against closed forms, backpropagation through the steps, finite differences and torchdiffeq."""

import math

import pytest
import torch
import torchdiffeq
from torch import Tensor, nn

from mlblog.numerics.adjoint import odeint_adjoint
from mlblog.numerics.odeint import DormandPrince, Euler, RungeKutta4, odeint

TIGHT = DormandPrince(1e-10, 1e-12)


def net() -> nn.Module:
    torch.manual_seed(2)
    return nn.Sequential(nn.Linear(3, 7), nn.Tanh(), nn.Linear(7, 3)).double()


def loss_of(states: Tensor) -> Tensor:
    """Uses every time, each by another weight."""
    weights = torch.arange(1.0, len(states) + 1, dtype=states.dtype)
    return (weights[:, None, None] * states.square()).sum()


@pytest.mark.parametrize(("rate", "end"), [(1.0, 1.0), (-0.7, 2.5), (0.4, -1.5)])
def test_a_linear_equation_has_the_gradients_of_its_solution(rate: float, end: float) -> None:
    """z(T) = z₀ e^(aT): its derivatives are e^(aT) and z₀ T e^(aT)."""
    a = torch.tensor(rate, dtype=torch.float64, requires_grad=True)
    start = torch.tensor(1.3, dtype=torch.float64, requires_grad=True)
    odeint_adjoint(lambda t, z: a * z, start, [0.0, end], (a,), TIGHT)[-1].backward()
    assert start.grad.item() == pytest.approx(math.exp(rate * end), rel=1e-8)
    assert a.grad.item() == pytest.approx(1.3 * end * math.exp(rate * end), rel=1e-8)


@pytest.mark.parametrize("times", [[0.0, 1.0], [0.2, 0.5, 0.6, 2.0], [1.0, 0.0, -0.5]])
def test_a_network_has_the_gradients_of_backpropagation(times: list[float]) -> None:
    block = net()
    start = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    inputs = (start, *block.parameters())

    def field(t: float, z: Tensor) -> Tensor:
        return math.cos(t) * block(z)

    found = torch.autograd.grad(loss_of(odeint_adjoint(field, start, times, inputs[1:], TIGHT)), inputs)
    expected = torch.autograd.grad(loss_of(odeint(field, start, times, TIGHT)), inputs)
    torch.testing.assert_close(found, expected, rtol=1e-7, atol=1e-8)


def test_it_agrees_with_torchdiffeq() -> None:
    block = net()
    start = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    inputs = (start, *block.parameters())
    times = [0.0, 0.3, 1.0]
    theirs = torchdiffeq.odeint_adjoint(
        lambda t, z: block(z), start, torch.tensor(times), rtol=1e-10, atol=1e-12, adjoint_params=inputs[1:]
    )
    ours = odeint_adjoint(lambda t, z: block(z), start, times, inputs[1:], TIGHT)
    expected = torch.autograd.grad(loss_of(theirs), inputs)
    torch.testing.assert_close(torch.autograd.grad(loss_of(ours), inputs), expected, rtol=1e-7, atol=1e-8)


def test_gradients_are_those_of_finite_differences() -> None:
    block = net()
    start = torch.randn(2, 3, dtype=torch.float64, requires_grad=True)
    weight = block[0].weight

    def solve(start: Tensor, weight: Tensor) -> Tensor:
        return odeint_adjoint(
            lambda t, z: torch.tanh(z @ weight.T)[:, :3], start, [0.0, 0.8], (weight,), RungeKutta4(0.02)
        )

    assert torch.autograd.gradcheck(solve, (start, weight))


def test_the_two_kinds_of_gradient_differ_by_the_steps_error() -> None:
    """With coarse steps they are derivatives of different things; halving Euler's steps halves the difference."""
    block = net()
    start = torch.randn(5, 3, dtype=torch.float64)
    inputs = tuple(block.parameters())

    def difference(step: float) -> float:
        through = torch.autograd.grad(loss_of(odeint(lambda t, z: block(z), start, [0.0, 1.0], Euler(step))), inputs)
        beside = torch.autograd.grad(
            loss_of(odeint_adjoint(lambda t, z: block(z), start, [0.0, 1.0], inputs, Euler(step))), inputs
        )
        return math.hypot(*(float((a - b).norm()) for a, b in zip(through, beside, strict=True)))

    coarse, fine = difference(0.05), difference(0.025)
    assert coarse / fine == pytest.approx(2, abs=0.2)
    assert coarse > 1e-3


def test_memory_does_not_grow_with_the_steps() -> None:
    """What autograd keeps of a solution: everything of every step, against the states that were asked for."""
    block, kept = net(), 0

    def keep(tensor: Tensor) -> Tensor:
        nonlocal kept
        kept += tensor.numel()
        return tensor

    def elements(adjoint: bool, step: float) -> int:
        nonlocal kept
        kept = 0
        start = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            if adjoint:
                odeint_adjoint(lambda t, z: block(z), start, [0.0, 1.0], tuple(block.parameters()), RungeKutta4(step))
            else:
                odeint(lambda t, z: block(z), start, [0.0, 1.0], RungeKutta4(step))
        return kept

    assert elements(True, 0.01) == elements(True, 0.1)
    assert elements(False, 0.01) > 9 * elements(False, 0.1)


def test_a_field_without_parameters_and_a_parameter_without_use() -> None:
    start = torch.tensor([2.0, 3.0], dtype=torch.float64, requires_grad=True)
    odeint_adjoint(lambda t, z: -z, start, [0.0, 1.0], (), TIGHT)[-1].sum().backward()
    assert start.grad.tolist() == pytest.approx([math.exp(-1)] * 2)
    idle = torch.ones(3, dtype=torch.float64, requires_grad=True)
    odeint_adjoint(lambda t, z: -z, start, [0.0, 1.0], (idle,), TIGHT)[-1].sum().backward()
    assert idle.grad.tolist() == [0, 0, 0]
