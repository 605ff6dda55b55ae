"""Gradients from the loss's value alone: REINFORCE, without and with baselines. All are unbiased."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mlblog.losses.discrete.categorical import Loss, draw, expected_loss


@dataclass(frozen=True)
class Reinforce:
    """The loss of a draw times the gradient of its log-probability: L(z) (z − π).

    References:
        [williams1992simple], eq. 4 with a baseline of zero.
    """

    def __call__(self, logits: Tensor, loss: Loss) -> Tensor:
        """Estimate the gradient of the expected loss from one draw: (..., M, K) to (..., M, K)."""
        return self.given(logits, loss, draw(logits))

    def given(self, logits: Tensor, loss: Loss, drawn: Tensor) -> Tensor:
        """The estimate that this draw gives: (..., M, K)."""
        with torch.no_grad():
            return loss(drawn)[..., None, None] * (drawn - logits.softmax(-1))


@dataclass(frozen=True)
class ReinforceExactBaseline:
    """REINFORCE with the expected loss itself as the baseline: (L(z) − E L) (z − π).

    What a learned baseline aims at. It enumerates K^M draws, so it serves comparison.
    """

    def __call__(self, logits: Tensor, loss: Loss) -> Tensor:
        """Estimate the gradient of the expected loss from one draw: (..., M, K) to (..., M, K)."""
        return self.given(logits, loss, draw(logits))

    def given(self, logits: Tensor, loss: Loss, drawn: Tensor) -> Tensor:
        """The estimate that this draw gives: (..., M, K)."""
        with torch.no_grad():
            surprise = loss(drawn) - expected_loss(logits, loss)
            return surprise[..., None, None] * (drawn - logits.softmax(-1))


@dataclass(frozen=True)
class ReinforceLeaveOneOut:
    """REINFORCE from several draws, the baseline of each being the mean loss of the others.

        1/n Σ_i (L(z_i) − 1/(n−1) Σ_{j≠i} L(z_j)) (z_i − π)

    Attributes:
        draws: n ≥ 2, each an evaluation of the loss.

    References:
        [williams1992simple] for the baseline; the mean of the others does not depend on z_i, so nothing is biased.
    """

    draws: int = 2

    def __post_init__(self) -> None:
        if self.draws < 2:
            raise ValueError(f"draws={self.draws}: leaving one out needs at least 2")

    def __call__(self, logits: Tensor, loss: Loss) -> Tensor:
        """Estimate the gradient of the expected loss from n draws: (..., M, K) to (..., M, K)."""
        with torch.no_grad():
            drawn = draw(logits.expand(self.draws, *logits.shape))
            losses = loss(drawn)  # (n, ...)
            # L_i − mean of the others = n / (n − 1) (L_i − mean of all)
            surprise = (losses - losses.mean(0)) / (self.draws - 1)
            return (surprise[..., None, None] * (drawn - logits.softmax(-1))).sum(0)
