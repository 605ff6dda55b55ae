"""Continuous flows against Gaussians in closed form, Jacobians, and sums over a grid."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from scipy.linalg import expm
from scipy.stats import multivariate_normal
from torch import Tensor, nn

from mlblog.models.continuous_flow import CNF, GatedPlanes, exact_trace, hutchinson_trace
from mlblog.models.ode_block import TimedField
from mlblog.numerics.odeint import DormandPrince, RungeKutta4

B, D, K = 4, 3, 6
MATRIX = torch.tensor([[0.3, 1.0, 0.2], [-2.0, -0.3, 0.0], [0.5, 0.1, -0.4]], dtype=torch.float64)
TIGHT = DormandPrince(1e-9, 1e-9)


class Linear(nn.Module):
    def forward(self, t: float, z: Tensor) -> Tensor:
        return z @ MATRIX.T


def points(count: int = B, features: int = D) -> Tensor:
    return torch.randn(count, features, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def planes(features: int = D, seed: int = 0) -> GatedPlanes:
    torch.manual_seed(seed)
    made = GatedPlanes(features, K).double()
    nn.init.normal_(made.time)
    return made


def jacobian_trace(field: nn.Module, t: float, x: Tensor) -> Tensor:
    return torch.stack([torch.autograd.functional.jacobian(lambda z: field(t, z), one).trace() for one in x])


def test_a_linear_flow_is_a_gaussian() -> None:
    """X = e^A z has covariance e^A e^Aᵀ."""
    x, moved = points(), expm(MATRIX.numpy())
    expected = multivariate_normal(np.zeros(D), moved @ moved.T).logpdf(x.numpy())
    flow = CNF(Linear(), features=D, solver=TIGHT)
    np.testing.assert_allclose(flow.log_density(x).detach().numpy(), expected, rtol=1e-7)
    np.testing.assert_allclose(flow.draw(x).numpy(), x.numpy() @ moved.T, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("make", [planes, lambda: TimedField(D, K).double()])
def test_traces_are_those_of_jacobians(make: object) -> None:
    field, x = make(), points()  # type: ignore[operator]
    expected = jacobian_trace(field, 0.4, x)
    rate, trace = exact_trace(field)(0.4, x)
    torch.testing.assert_close(trace, expected)
    torch.testing.assert_close(rate, field(0.4, x))
    if isinstance(field, GatedPlanes):
        torch.testing.assert_close(field.traced(0.4, x)[1], expected)


def test_planes_are_added_up_one_by_one() -> None:
    field, x, t = planes(), points(), 0.6
    total = torch.zeros(B, D, dtype=torch.float64)
    for k in range(K):
        gate = 1 / (1 + (-field.gate[0, k] - t * field.gate[1, k]).exp())
        inner = x @ field.w.weight[k] + field.w.bias[k] + t * field.time[k]
        total = total + gate * inner.tanh()[:, None] * field.u.weight[:, k]
    torch.testing.assert_close(field(t, x), total)


def test_estimated_traces_are_right_on_average() -> None:
    """Over all signs, each with the same chance, which have mean 0 and covariance I."""
    field, x = planes(), points()
    found = [
        hutchinson_trace(field, torch.tensor(signs, dtype=torch.float64).expand(B, D))(0.4, x)[1]
        for signs in itertools.product((-1.0, 1.0), repeat=D)
    ]
    torch.testing.assert_close(torch.stack(found).mean(0), jacobian_trace(field, 0.4, x))
    assert torch.stack(found).std(0).min() > 0.01


def test_a_density_adds_up_to_one_where_the_solver_is_precise() -> None:
    field = planes(2)
    field.u.weight.data *= 4
    field.w.weight.data *= 3
    side = torch.linspace(-12, 12, 161, dtype=torch.float64)
    grid = torch.stack(torch.meshgrid(side, side, indexing="ij"), dim=-1).flatten(0, 1)
    cell = float(side[1] - side[0]) ** 2
    with torch.no_grad():
        fine = CNF(field, features=2, solver=RungeKutta4(0.05)).log_density(grid).exp().sum() * cell
        rough = CNF(field, features=2, solver=RungeKutta4(1.0)).log_density(grid).exp().sum() * cell
    assert fine.item() == pytest.approx(1, abs=3e-3)
    assert abs(rough.item() - 1) > 1e-2


def test_the_density_is_that_of_the_map_by_its_determinant() -> None:
    flow = CNF(planes(), features=D, solver=TIGHT)
    noise = points()
    x = flow.draw(noise).detach()
    slopes = [torch.autograd.functional.jacobian(lambda z: flow.draw(z[None])[0], one) for one in noise]
    base = torch.distributions.Normal(0.0, 1.0).log_prob(noise).sum(-1)
    expected = base - torch.stack([torch.linalg.slogdet(slope)[1] for slope in slopes])
    torch.testing.assert_close(flow.log_density(x).detach(), expected, rtol=1e-6, atol=1e-6)


def test_gradients_of_all_three_traces_agree() -> None:
    x, field = points(), planes()
    found = []
    for traced in (field.traced, exact_trace(field)):
        flow = CNF(field, features=D, solver=RungeKutta4(0.5))
        loss = flow.log_density(x, traced).mean()
        found.append(torch.autograd.grad(loss, list(field.parameters()), allow_unused=True))
    noise = torch.ones(B, D, dtype=torch.float64)
    estimated = CNF(field, features=D, solver=RungeKutta4(0.5)).log_density(x, hutchinson_trace(field, noise)).mean()
    assert all(g is not None for g in torch.autograd.grad(estimated, list(field.parameters()), allow_unused=True))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other)


def test_a_path_of_noise_is_kept_at_each_time() -> None:
    flow = CNF(Linear(), features=D, solver=TIGHT)
    path = flow.path(points(), (0.0, 0.5, 1.0))
    assert path.shape == (3, B, D)
    torch.testing.assert_close(path[1], points() @ torch.from_numpy(expm(0.5 * MATRIX.numpy())).T)
