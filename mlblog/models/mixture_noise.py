"""The noise in noisy draws of a Gaussian mixture, exactly: what a denoiser trained for ever would say.

    p_a(x) = Σ_k w_k N(x; √a m_k, (a s² + 1 - a) I),   ε(x) = -√(1 - a) ∇ log p_a(x)

Dimensions: B batch, D features, K components.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


class MixtureNoise:
    """A mixture of round Gaussians of one size, at every level of noise.

    Args:
        means: m, (K, D).
        spread: s > 0, the standard deviation of each feature about its mean.
        shares: w, (K,), summing to 1; 0 for a component that is left out. All alike if None.

    Example:
        >>> one = MixtureNoise(torch.zeros(1, 2), 1.0)  # standard normal data stay so
        >>> one.noise(torch.tensor([[3.0, 4.0]]), torch.tensor(0.75)).tolist()
        [[1.5, 2.0]]
    """

    def __init__(self, means: Tensor, spread: float, shares: Tensor | None = None) -> None:
        self.means, self.spread = means, spread
        self.shares = torch.full_like(means[:, 0], 1 / len(means)) if shares is None else shares

    def _weights(self, x: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
        """Log of each component's share times its density, (…, K), and the variance at the level."""
        a = level.to(x)
        variance = a * self.spread**2 + 1 - a
        squares = (x[..., None, :] - a.sqrt() * self.means.to(x)).square().sum(-1)
        scale = x.shape[-1] * (2 * math.pi * variance).log()
        return self.shares.to(x).log() - 0.5 * (squares / variance + scale), variance

    def log_density(self, x: Tensor, level: Tensor) -> Tensor:
        """Log-density of points at a level, in nats: (…, D) to (…)."""
        return self._weights(x, level)[0].logsumexp(-1)

    def noise(self, x: Tensor, level: Tensor) -> Tensor:
        """The mean noise in points at a level, given where they are: (…, D) to (…, D)."""
        weights, variance = self._weights(x, level)
        a = level.to(x)
        middle = weights.softmax(-1) @ self.means.to(x)  # of the components that a point may be of
        return (1 - a).sqrt() * (x - a.sqrt() * middle) / variance

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """Draws without noise, (count, D)."""
        chosen = torch.multinomial(self.shares.float(), count, replacement=True, generator=generator)
        return self.means[chosen] + self.spread * torch.randn(
            count, self.means.shape[1], generator=generator, dtype=self.means.dtype
        )
