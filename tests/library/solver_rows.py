"""The rows for layers that solve equations: what knows half precision; solvers do not, see `test_solver_traps.py`."""

from __future__ import annotations

import torch
from table import Row
from torch import Tensor

from mlblog.models import continuous_flow, latent_ode, ode_block
from mlblog.numerics import dense_output

_generator = torch.Generator().manual_seed(16)
KNOTS, TIMES = (0.0, 1.0, 3.0), (0.5, 2.0)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


def between(states: Tensor, slopes: Tensor) -> Tensor:
    """Midpoints of cubics: the mean of values, and an eighth of the difference of slopes."""
    rows = [(states[i] + states[i + 1]) / 2 + h * (slopes[i] - slopes[i + 1]) / 8 for i, h in enumerate((1.0, 2.0))]
    return torch.stack(rows)


def trace_of_squares(z: Tensor) -> Tensor:
    return continuous_flow.exact_trace(lambda _, x: x**2)(0.0, z)[1]


SOLVERS = [
    Row("models.ode_block.TimedField", lambda: _at(ode_block.TimedField(3, 5)), (numbers(4, 3),),
        leading=True, slack=2),
    Row("models.continuous_flow.GatedPlanes", lambda: _at(continuous_flow.GatedPlanes(3, 5)), (numbers(4, 3),),
        leading=True, slack=4),
    Row("models.continuous_flow.exact_trace", lambda: trace_of_squares, (numbers(4, 3),),
        lambda _: lambda z: 2 * z.sum(-1), slack=4),
    Row("models.continuous_flow.hutchinson_trace",
        lambda: lambda z, e: continuous_flow.hutchinson_trace(lambda _, x: x**2, e)(0.0, z)[1],
        (numbers(4, 3), numbers(4, 3)), lambda _: lambda z, e: (2 * z * e * e).sum(-1), batch=(0, 0), slack=8),
    Row("numerics.dense_output.hermite", lambda: lambda z, s: dense_output.hermite(z, s, KNOTS, TIMES),
        (numbers(3, 4), numbers(3, 4)), lambda _: between, batch=(1, 1), out=1, slack=4),
    Row("models.latent_ode.BackwardReader", lambda: _Read(), (numbers(4, 5, 2),), slack=8),
    Row("models.latent_ode.TimedDecoder", lambda: _Decoded(), (numbers(4, 3),), slack=8),
    Row("models.latent_ode.NextPoint", lambda: _Next(), (numbers(4, 5, 2), numbers(4, 5)), batch=(0, 0), slack=8),
]  # fmt: skip


class _at(torch.nn.Module):  # noqa: N801
    """A field at one time."""

    def __init__(self, field: torch.nn.Module) -> None:
        super().__init__()
        self.field = field

    def forward(self, z: Tensor) -> Tensor:
        said: Tensor = self.field(0.5, z)
        return said


class _Read(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = latent_ode.BackwardReader(2, 3, width=4)

    def forward(self, x: Tensor) -> Tensor:
        code = self.net(x, torch.arange(5.0).to(x).expand(len(x), -1))
        return torch.cat((code.mean, code.log_scale), dim=-1)


class _Decoded(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = latent_ode.TimedDecoder(2, latent=3, hidden=4)

    def forward(self, z: Tensor) -> Tensor:
        said: Tensor = self.net(z, torch.tensor([0.0, 0.5, 1.0])).mean
        return said.transpose(0, 1)


class _Next(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = latent_ode.NextPoint(2, width=4)

    def forward(self, x: Tensor, gaps: Tensor) -> Tensor:
        return torch.cat((self.net(x, gaps).mean, self.net.continued(x, gaps, gap=0.5, count=2)), dim=1)
