"""Intermediate loss sampling: gradients for one-hot draws by a step of the draw itself.

Source: M. Shlis, *Intermediate Loss Sampling*, 2019 [shlis2019intermediate]. The draw z takes one step of gradient
descent and is put back on the simplex, giving π_D; then the logits are moved by the gradient of KL(π_D ‖ π), which is
π − π_D.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mlblog.losses.discrete.categorical import Loss, draw, loss_gradient
from mlblog.numerics.precision import widened

LARGE = 16.0  # beyond it, entries are shifted before they are summed


def divide_by_sum(moved: Tensor) -> Tensor:
    """h(v) = v / 1'v, the map of the source: (..., K) to (..., K), which sums to one and may be negative."""
    return moved / moved.sum(-1, keepdim=True)


def clamp_and_divide(moved: Tensor) -> Tensor:
    """h(v) = max(v, 0) / 1'max(v, 0): (..., K) to (..., K), on the simplex if v has a positive entry."""
    return divide_by_sum(moved.clamp(min=0))


def sparsemax(moved: Tensor) -> Tensor:
    """The point of the simplex that is nearest to v, along the last dimension.

        h(v) = max(v − τ, 0),   τ such that the result sums to one

    Args:
        moved: (..., K).

    Returns:
        (..., K), non-negative, summing to one.

    Example:
        >>> sparsemax(torch.tensor([1.0, 0.5, -3.0]))
        tensor([0.7500, 0.2500, 0.0000])
    """
    wide = widened(moved)
    # The result does not change if all entries move together. Sums of large ones would swallow the 1.
    highest = wide.amax(-1, keepdim=True)
    wide = torch.where(highest.abs() > LARGE, wide - highest, wide)
    falling = wide.sort(-1, descending=True).values
    rank = torch.arange(1, wide.shape[-1] + 1, dtype=wide.dtype, device=wide.device)
    excess = falling.cumsum(-1) - 1
    support = (rank * falling > excess).sum(-1, keepdim=True).clamp(min=1)  # entries that stay positive; of NaN, none
    return (wide - excess.gather(-1, support - 1) / support).clamp(min=0).to(moved.dtype)


@dataclass(frozen=True)
class IntermediateLossSampler:
    """The gradient π − π_D, where π_D is the draw after a step down its own loss.

        Δ = g − (z'g) 1,   g = dL/dz at the draw z
        π_D = h(z − α Δ)

    It is biased for K > 2 whatever h and α are. Its length does not follow the loss: it is a difference of two points,
    and to first order in α it is α times something plus the noise π − z.

    Attributes:
        alpha: α, the step of the draw, in units of 1 / loss: a number, or a tensor that broadcasts against (..., M, K).
        projection: h, (..., K) to (..., K): `divide_by_sum` as in the source, `clamp_and_divide` or `sparsemax`.
        centered: return z − π_D instead. The mean is the same, since E[z] = π; at small α the noise is much smaller.

    References:
        [shlis2019intermediate]. The derivation there ends in −π_D / π, the gradient with respect to π; this is the same
        with respect to the logits of a softmax.
    """

    alpha: float | Tensor
    projection: Callable[[Tensor], Tensor] = divide_by_sum
    centered: bool = False

    def __call__(self, logits: Tensor, loss: Loss) -> Tensor:
        """Estimate the gradient of the expected loss from one draw: (..., M, K) to (..., M, K)."""
        return self.given(logits, loss, draw(logits))

    def given(self, logits: Tensor, loss: Loss, drawn: Tensor) -> Tensor:
        """The estimate that this draw gives: (..., M, K)."""
        return (drawn if self.centered else logits.softmax(-1)) - self.target(loss, drawn)

    def target(self, loss: Loss, drawn: Tensor) -> Tensor:
        """π_D, the draw after its step: (..., M, K)."""
        gradient = loss_gradient(loss, drawn)
        step = gradient - (drawn * gradient).sum(-1, keepdim=True)  # J_h(z)' g for h = divide_by_sum
        return self.projection(drawn - self.alpha * step)


@dataclass(frozen=True)
class PublishedLossSampler:
    """What the source's code returns for the logits: −π_D / (π + 1e-7), without the Jacobian of the softmax.

    Since E[z / π] = 1, the draw itself adds nearly the same number to the mean of all entries, which a softmax does not
    see; but a single draw's gradient is divided by the probability of what was drawn.

    Attributes:
        alpha: as in `IntermediateLossSampler`.

    References:
        [shlis2019intermediate], the code.
    """

    alpha: float | Tensor

    def __call__(self, logits: Tensor, loss: Loss) -> Tensor:
        """Estimate the gradient of the expected loss from one draw: (..., M, K) to (..., M, K)."""
        return self.given(logits, loss, draw(logits))

    def given(self, logits: Tensor, loss: Loss, drawn: Tensor) -> Tensor:
        """The estimate that this draw gives: (..., M, K)."""
        return -IntermediateLossSampler(self.alpha).target(loss, drawn) / (logits.softmax(-1) + 1e-7)
