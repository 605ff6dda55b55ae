"""Time series of irregular times as the solution of a differential equation of something unseen.

    z(0) ~ N(0, I),   z′ = f(z),   x(t) | z(t) ~ N(decoder(z(t)), σ² I),   q(z(0) | x) by a network that reads backwards

Dimensions: B batch, N points seen, T times, D features, Z latent features.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mlblog.models.vae import Gaussian
from mlblog.numerics.dense_output import odeint_dense
from mlblog.numerics.odeint import RungeKutta4


class BackwardReader(nn.Module):
    """A recurrent network that reads points from the last to the first, each with the time since the one before it.

    Args:
        features: D.
        latent: Z.
        width: of its state.

    References:
        [chen2018neural], section 5, "training and inference".
    """

    def __init__(self, features: int, latent: int, *, width: int = 25) -> None:
        super().__init__()
        self.read = nn.RNN(features + 1, width, batch_first=True)
        self.said = nn.Linear(width, 2 * latent)

    def forward(self, x: Tensor, times: Tensor) -> Gaussian:
        """q(z(0) | x) for points x: (B, N, D) seen at rising times: (B, N), from 0 on."""
        gaps = torch.diff(times, dim=1, prepend=torch.zeros_like(times[:, :1]))
        backwards = torch.cat((x, gaps[..., None]), dim=-1).flip(1)
        _, state = self.read(backwards)
        return Gaussian(*self.said(state[0]).chunk(2, dim=-1))


class LatentODE(nn.Module):
    """The paper's model: a reader, a latent state that moves by itself, a decoder.

    Times are those of a common grid, so that one solution serves all examples of a batch. The solver takes one step of
    Runge and Kutta between knots; what is between them is interpolated.

    Args:
        features: D.
        latent: Z.
        hidden: units of f and of the decoder, one hidden layer each.
        width: of the reader.
        knot: longest time between knots.

    Example:
        >>> model = LatentODE(features=2)
        >>> code = model.encode(torch.randn(3, 7, 2), torch.arange(7.0).expand(3, 7))
        >>> model(code.at(torch.randn(3, 4)), torch.linspace(0, 9, 5)).mean.shape
        torch.Size([5, 3, 2])

    References:
        [chen2018neural], section 5 and eqs. 11 to 13.
    """

    def __init__(self, features: int, *, latent: int = 4, hidden: int = 20, width: int = 25, knot: float = 0.4) -> None:
        super().__init__()
        self.encode = BackwardReader(features, latent, width=width)
        self.field = nn.Sequential(nn.Linear(latent, hidden), nn.Tanh(), nn.Linear(hidden, latent))
        self.decoder = nn.Sequential(nn.Linear(latent, hidden), nn.Tanh(), nn.Linear(hidden, features))
        self.log_noise = nn.Parameter(torch.zeros(()))  # log σ
        self.latent, self.knot = latent, knot

    def path(self, z: Tensor, times: Tensor) -> Tensor:
        """The states at times (T,), in any order, from that at time 0: (B, Z) to (T, B, Z)."""
        end = float(times.max())
        knots = torch.linspace(0, end, 1 + math.ceil(end / self.knot - 1e-9), dtype=torch.float64)
        return odeint_dense(lambda _, state: self.field(state), z, times, knots, RungeKutta4(end))

    def forward(self, z: Tensor, times: Tensor) -> Gaussian:
        """p(x(t) | z(0)) at times (T,): z (B, Z) to means (T, B, D)."""
        return Gaussian(self.decoder(self.path(z, times)), self.log_noise)


class TimedDecoder(nn.Module):
    """The same model without a differential equation: x(t) is a network of z(0) and t.

    Arguments as in `LatentODE`.

    Example:
        >>> TimedDecoder(features=2)(torch.randn(3, 4), torch.linspace(0, 9, 5)).mean.shape
        torch.Size([5, 3, 2])
    """

    def __init__(self, features: int, *, latent: int = 4, hidden: int = 20, width: int = 25) -> None:
        super().__init__()
        self.encode = BackwardReader(features, latent, width=width)
        self.decoder = nn.Sequential(
            nn.Linear(latent + 1, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, features)
        )
        self.log_noise = nn.Parameter(torch.zeros(()))
        self.latent = latent

    def forward(self, z: Tensor, times: Tensor) -> Gaussian:
        """p(x(t) | z(0)) at times (T,): z (B, Z) to means (T, B, D)."""
        t = times[:, None, None].to(z).expand(-1, len(z), 1)
        return Gaussian(self.decoder(torch.cat((z.expand(len(t), -1, -1), t), dim=-1)), self.log_noise)


class SeriesBound(NamedTuple):
    """The two halves of the evidence lower bound of a series.

    Attributes:
        reconstruction: (B,) nats, log-density of the points seen at one z(0) drawn from q.
        kl: (B,) nats, KL(q(z(0) | x), N(0, I)), exact.
    """

    reconstruction: Tensor
    kl: Tensor


def series_elbo(model: LatentODE | TimedDecoder, x: Tensor, rows: Tensor, grid: Tensor, noise: Tensor) -> SeriesBound:
    """The evidence lower bound of points that are seen at some times of a grid, one draw for each example.

    Args:
        model: the model.
        x: (B, N, D).
        rows: (B, N) places of their times in the grid, rising.
        grid: (T,) times.
        noise: (B, Z), standard normal.

    References:
        [chen2018neural], appendix E, algorithm 2.
    """
    code = model.encode(x, grid.to(x)[rows])
    said = model(code.at(noise), grid)
    mean = said.mean.transpose(0, 1).gather(1, rows[..., None].expand_as(x))
    return SeriesBound(Gaussian(mean, said.log_scale).log_density(x).sum(-1), code.kl_to_standard())


class NextPoint(nn.Module):
    """The rival: a recurrent network that predicts the next point from those before it and the time until then.

    Args:
        features: D.
        width: of its state.

    Example:
        >>> NextPoint(features=2)(torch.randn(3, 7, 2), torch.ones(3, 7)).mean.shape
        torch.Size([3, 7, 2])

    References:
        [chen2018neural], section 5.1, the second of its two recurrent networks.
    """

    def __init__(self, features: int, *, width: int = 32) -> None:
        super().__init__()
        self.read = nn.RNN(features + 1, width, batch_first=True)
        self.said = nn.Linear(width, features)
        self.log_noise = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor, gaps: Tensor) -> Gaussian:
        """The next point of each: x (B, N, D) and times until the next (B, N) to means (B, N, D)."""
        states, _ = self.read(torch.cat((x, gaps[..., None]), dim=-1))
        return Gaussian(x + self.said(states), self.log_noise)

    def continued(self, x: Tensor, gaps: Tensor, *, gap: float, count: int) -> Tensor:
        """Feed predictions back: (B, N, D), (B, N) to (B, C, D).

        Args:
            x: points seen, (B, N, D).
            gaps: times until the next, (B, N); the last is that to the first prediction.
            gap: time between predictions.
            count: C.
        """
        states, state = self.read(torch.cat((x, gaps[..., None]), dim=-1))
        point = x[:, -1:] + self.said(states[:, -1:])
        made = [point]
        apart = point.new_full((len(x), 1, 1), gap)
        for _ in range(count - 1):
            out, state = self.read(torch.cat((point, apart), dim=-1), state)
            point = point + self.said(out)
            made.append(point)
        return torch.cat(made, dim=1)
