"""How far an estimator's mean is from the exact gradient, and how far its draws are from its mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from torch import Tensor

from mlblog.losses.discrete.categorical import Loss, all_draws, exact_gradient, log_probability

#: The one calling convention: logits (..., M, K) and the loss of a draw, to a gradient (..., M, K).
Estimator = Callable[[Tensor, Loss], Tensor]


class DrawEstimator(Protocol):
    """An estimator that is a function of one draw, so that its mean can be enumerated."""

    def given(self, logits: Tensor, loss: Loss, drawn: Tensor) -> Tensor:
        """The estimate that this draw gives: (..., M, K)."""
        ...


class Moments(NamedTuple):
    """Bias and variance of an estimator of a gradient, for each problem of a batch.

    Attributes:
        exact: (..., M, K), the gradient by enumeration.
        mean: (..., M, K), of the estimator.
        variance: (...), of one estimate, summed over its M K entries.
    """

    exact: Tensor
    mean: Tensor
    variance: Tensor

    @property
    def inner(self) -> Tensor:
        """(...): the inner product of mean and exact gradient. Where it is negative, the loss rises on average."""
        return (self.mean * self.exact).sum((-1, -2))

    @property
    def cosine(self) -> Tensor:
        """(...): of the angle between mean and exact gradient, in -1 to 1."""
        return self.inner / (self.mean.square().sum((-1, -2)) * self.exact.square().sum((-1, -2))).sqrt()

    @property
    def signal_to_noise(self) -> Tensor:
        """(...): the mean's squared length over the variance of one estimate."""
        return self.mean.square().sum((-1, -2)) / self.variance


def bias_variance(estimator: Estimator, logits: Tensor, loss: Loss, *, draws: int) -> Moments:
    """Moments from `draws` estimates; the exact gradient is enumerated.

    Args:
        estimator: any.
        logits: (..., M, K).
        loss: of a draw.
        draws: at least 2.

    Raises:
        ValueError: fewer than 2 draws, or more values than can be enumerated.
    """
    if draws < 2:
        raise ValueError(f"draws={draws}: a variance needs at least 2")
    found = estimator(logits.expand(draws, *logits.shape), loss).detach()
    return Moments(exact_gradient(logits, loss), found.mean(0), found.var(0).sum((-1, -2)))


def enumerated_bias_variance(estimator: DrawEstimator, logits: Tensor, loss: Loss) -> Moments:
    """Moments without sampling: every draw's estimate, weighted by the draw's probability.

    Args:
        estimator: a function of one draw.
        logits: (..., M, K).
        loss: of a draw.

    Raises:
        ValueError: there are too many draws to enumerate.

    Example:
        >>> import torch
        >>> from mlblog.losses.discrete import Reinforce
        >>> found = enumerated_bias_variance(Reinforce(), torch.zeros(1, 3), lambda z: z[..., 0, 0])
        >>> torch.allclose(found.mean, found.exact)
        True
    """
    draws = all_draws(*logits.shape[-2:]).to(logits)
    draws = draws.view(-1, *[1] * (logits.ndim - 2), *logits.shape[-2:]).expand(-1, *logits.shape)
    weight = log_probability(logits, draws).exp()[..., None, None]  # (K^M, ..., 1, 1)
    found = estimator.given(logits, loss, draws)
    mean = (weight * found).sum(0)
    variance = (weight * (found - mean).square()).sum(0).sum((-1, -2))
    return Moments(exact_gradient(logits, loss), mean, variance)
