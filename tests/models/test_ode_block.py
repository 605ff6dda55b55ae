"""Blocks that solve an equation against residual layers, torchdiffeq and finite differences."""

from __future__ import annotations

import pytest
import torch
import torchdiffeq
from torch import nn

from mlblog.models.ode_block import Counted, ODEBlock, TimedField
from mlblog.numerics.odeint import DormandPrince, Euler, RungeKutta4

B, D, H = 5, 3, 7


def field(seed: int = 0) -> TimedField:
    torch.manual_seed(seed)
    made = TimedField(D, H).double()
    nn.init.normal_(made.time)
    return made


def drawn() -> torch.Tensor:
    return torch.randn(B, D, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def test_a_field_is_one_hidden_layer_that_is_told_the_time() -> None:
    f, x = field(), drawn()
    weights = {name: weight.detach() for name, weight in f.named_parameters()}
    inner = torch.tanh(x @ weights["first.weight"].T + weights["first.bias"] + 0.7 * weights["time"])
    torch.testing.assert_close(f(0.7, x), inner @ weights["second.weight"].T + weights["second.bias"])


def test_euler_with_steps_of_one_is_a_residual_network_to_the_bit() -> None:
    f, x = field(), drawn()
    layers = x
    for layer in range(4):
        layers = layers + f(float(layer), layers)
    assert torch.equal(ODEBlock(f, end=4.0, solver=Euler(1.0))(x), layers)
    halved = ODEBlock(f, end=4.0, solver=Euler(0.5))(x)  # a step must be said: another one is another network
    assert (halved - layers).abs().max() > 0.01


@pytest.mark.parametrize("solver", [RungeKutta4(0.01), DormandPrince(1e-9, 1e-9)])
def test_a_fine_solution_is_torchdiffeqs(solver: RungeKutta4 | DormandPrince) -> None:
    f, x = field(), drawn()
    with torch.no_grad():
        theirs = torchdiffeq.odeint(lambda t, z: f(float(t), z), x, torch.tensor([0.0, 2.0]), rtol=1e-10, atol=1e-10)
    torch.testing.assert_close(ODEBlock(f, end=2.0, solver=solver)(x), theirs[-1], rtol=1e-6, atol=1e-7)


def test_both_ways_to_the_gradient_agree() -> None:
    gradients = []
    for adjoint in (False, True):
        f, x = field(), drawn().requires_grad_()
        ODEBlock(f, end=2.0, solver=DormandPrince(1e-9, 1e-9), adjoint=adjoint)(x).square().sum().backward()
        gradients.append([x.grad, *(weight.grad for weight in f.parameters())])
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_evaluations_are_counted() -> None:
    counted = Counted(field())
    ODEBlock(counted, end=2.0, solver=RungeKutta4(0.5))(drawn())
    assert counted.evaluations == 16
    before = counted.evaluations
    ODEBlock(counted, end=2.0, solver=Euler(0.5), adjoint=True)(drawn()).sum().backward()
    assert counted.evaluations - before == 8  # four there, four back
