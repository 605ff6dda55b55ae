"""The rows for propagation on graphs and for networks that use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from table import Row
from torch import Tensor, nn

from mlblog.models import gcn
from mlblog.numerics import propagation

_generator = torch.Generator().manual_seed(23)
EDGES = torch.tensor([[0, 1], [0, 2], [1, 2], [2, 3], [3, 4], [4, 0]])
DENSE = torch.eye(5, dtype=torch.float64)
DENSE[EDGES[:, 0], EDGES[:, 1]] = DENSE[EDGES[:, 1], EDGES[:, 0]] = 1.0
DEGREES = DENSE.sum(1)
WALK = DENSE / DEGREES[:, None]
SYMMETRIC = DENSE / (DEGREES[:, None] * DEGREES).sqrt()
OPERATOR = propagation.symmetric_operator(EDGES, 5)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


def by(matrix: Tensor) -> Callable[[Any], Any]:
    """The reference of what multiplies by a dense matrix."""
    return lambda _: lambda x: matrix @ x


class _OnGraph(nn.Module):
    """A layer or a network on one graph."""

    def __init__(self, of: nn.Module, layer: bool = True) -> None:
        super().__init__()
        self.of, self.layer = of, layer

    def forward(self, x: Tensor) -> Tensor:
        return self.of(OPERATOR, x, x.flip(-1)) if self.layer else self.of(OPERATOR, x)


def normed(x: Tensor) -> Tensor:
    """Five nodes of three features: their squares sum to fifteen."""
    centred = x - x.mean(-2, keepdim=True)
    return 15**0.5 * centred / centred.flatten(-2).norm(dim=-1)[..., None, None]


X = numbers(4, 5, 3)
GRAPHS = [
    Row("numerics.propagation.propagate", lambda: lambda x: propagation.propagate(OPERATOR, x), (X,), by(SYMMETRIC),
        leading=True),
    Row("numerics.propagation.random_walk_operator", lambda: lambda x: propagation.propagate(
        propagation.random_walk_operator(EDGES, 5), x), (X,), by(WALK), leading=True),
    Row("numerics.propagation.symmetric_operator", lambda: lambda x: propagation.propagate(
        propagation.symmetric_operator(EDGES, 5), x), (X,), by(SYMMETRIC), leading=True),
    Row("numerics.propagation.degrees", lambda: lambda x: x * propagation.degrees(EDGES, 5).to(x)[:, None], (X,),
        by(DEGREES.diag()), leading=True),
    Row("numerics.propagation.dirichlet_energy", lambda: lambda x: propagation.dirichlet_energy(x, EDGES), (X,),
        lambda _: lambda x: torch.einsum("...nd,nm,...md->...", x, torch.eye(5) - SYMMETRIC, x), leading=True, slack=4),
    Row("numerics.propagation.random_walk_limit", lambda: lambda x: propagation.random_walk_limit(x, EDGES), (X,),
        by(torch.linalg.matrix_power(WALK, 512)), leading=True, slack=2),
    Row("numerics.propagation.symmetric_limit", lambda: lambda x: propagation.symmetric_limit(x, EDGES), (X,),
        by(torch.linalg.matrix_power(SYMMETRIC, 512)), leading=True, slack=2),
    Row("numerics.propagation.eigenvalues", lambda: lambda x: x * torch.from_numpy(
        propagation.eigenvalues(EDGES, 5).copy()).to(x)[:, None], (X,),
        by(torch.linalg.eigvals(WALK).real.sort(descending=True).values.diag()), leading=True),
    Row("numerics.propagation.mixing_rate", lambda: lambda x: x * propagation.mixing_rate(EDGES, 5), (X,),
        by(torch.eye(5, dtype=torch.float64) * np.sort(np.abs(np.linalg.eigvals(WALK.numpy())))[-2]), leading=True),
    Row("numerics.propagation.components", lambda: lambda x: x + torch.tensor(
        propagation.components(EDGES, 5)[0])[:, None], (X,), by(torch.eye(5, dtype=torch.float64)), leading=True),
    Row("models.gcn.GraphConvolution", lambda: _OnGraph(gcn.GraphConvolution(3)), (X,),
        lambda net: lambda x: (SYMMETRIC @ x @ net.of.linear.weight.T).clamp(min=0), leading=True, slack=4),
    Row("models.gcn.Propagation", lambda: _OnGraph(gcn.Propagation(then=gcn.unchanged)), (X,), by(SYMMETRIC),
        leading=True),
    Row("models.gcn.Residual", lambda: _OnGraph(gcn.Residual(gcn.Propagation())), (X,), by(SYMMETRIC + torch.eye(5)),
        leading=True),
    Row("models.gcn.InitialResidual", lambda: _OnGraph(gcn.InitialResidual(3, 2)), (X,), leading=True, slack=4),
    Row("models.gcn.GraphNetwork", lambda: _OnGraph(gcn.GraphNetwork(3, 4, 2, [gcn.GraphConvolution(4)]), layer=False),
        (X,), leading=True, slack=4),
    Row("models.gcn.pair_norm", lambda: gcn.pair_norm, (X,), lambda _: normed, leading=True, slack=4),
    Row("models.gcn.pair_norm_relu", lambda: gcn.pair_norm_relu, (X,), lambda _: lambda x: normed(x).clamp(min=0),
        leading=True, slack=4),
]  # fmt: skip
