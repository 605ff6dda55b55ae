"""Gradients through a draw as if it were continuous: straight-through, Gumbel-Softmax, and both together."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.losses.discrete.categorical import Loss, draw, loss_gradient, slope
from mlblog.numerics.precision import widened


def gumbel_like(logits: Tensor) -> Tensor:
    """Standard Gumbel noise, −log E with E exponential, of the shape and dtype of `logits`."""
    return -exponential_like(logits).log().to(logits.dtype)


def exponential_like(logits: Tensor) -> Tensor:
    """Standard exponential noise of the shape of `logits`, in float32 or wider: in half precision it could be 0."""
    return torch.empty_like(widened(logits)).exponential_()


def gumbel_softmax(logits: Tensor, noise: Tensor, *, temperature: float | Tensor) -> Tensor:
    """A relaxed draw, a point of the simplex that is nearly a vertex when the temperature is low.

        y = softmax((l + G) / T)

    Args:
        logits: l, (..., M, K).
        noise: G, standard Gumbel, (..., M, K).
        temperature: T > 0, a number or a tensor that broadcasts against (..., M, K).

    Returns:
        (..., M, K).

    Raises:
        ValueError: T is not positive.

    Example:
        >>> gumbel_softmax(torch.zeros(1, 2), torch.tensor([[0.0, 3.0]]), temperature=1.0)
        tensor([[0.0474, 0.9526]])

    References:
        [jang2017categorical], eq. 2; [maddison2017concrete], eq. 10.
    """
    expect_positive(temperature)
    return ((logits + noise) / temperature).softmax(-1)


@dataclass(frozen=True)
class GumbelSoftmax:
    """The gradient of the loss at a relaxed draw: unbiased for the relaxed problem, biased for the discrete one.

    Attributes:
        temperature: T > 0. Low: nearer to the discrete problem, noisier. A number or a tensor.

    References:
        [jang2017categorical]; [maddison2017concrete].
    """

    temperature: float | Tensor

    def __call__(self, logits: Tensor, loss: Loss) -> Tensor:
        """Estimate the gradient of the expected loss from one relaxed draw: (..., M, K) to (..., M, K)."""
        noise = gumbel_like(logits)
        return slope(lambda leaf: loss(gumbel_softmax(leaf, noise, temperature=self.temperature)), logits)


@dataclass(frozen=True)
class StraightThroughGumbel:
    """The gradient of the loss at the draw, sent back as if the draw were the Gumbel-Softmax that it is the argmax of.

    Attributes:
        temperature: T > 0 of the way back; the way forward is discrete. A number or a tensor.

    References:
        [jang2017categorical], section 2.2.
    """

    temperature: float | Tensor

    def __call__(self, logits: Tensor, loss: Loss) -> Tensor:
        """Estimate the gradient of the expected loss from one draw: (..., M, K) to (..., M, K)."""
        with torch.enable_grad():
            leaf = logits.detach().requires_grad_()
            relaxed = gumbel_softmax(leaf, gumbel_like(logits), temperature=self.temperature)
        drawn = F.one_hot(relaxed.argmax(-1), logits.shape[-1]).to(logits.dtype)
        (gradient,) = torch.autograd.grad(relaxed, leaf, loss_gradient(loss, drawn))
        return gradient


@dataclass(frozen=True)
class StraightThrough:
    """The gradient of the loss at the draw, sent back as if the draw were its mean π.

        J' g,   J the Jacobian of the softmax, g = dL/dz at z

    Exact if the loss is linear in z.

    References:
        [bengio2013estimating], section 4; there for one bit and without the derivative of the sigmoid.
    """

    def __call__(self, logits: Tensor, loss: Loss) -> Tensor:
        """Estimate the gradient of the expected loss from one draw: (..., M, K) to (..., M, K)."""
        return self.given(logits, loss, draw(logits))

    def given(self, logits: Tensor, loss: Loss, drawn: Tensor) -> Tensor:
        """The estimate that this draw gives: (..., M, K)."""
        probabilities, gradient = logits.softmax(-1), loss_gradient(loss, drawn)
        return probabilities * (gradient - (probabilities * gradient).sum(-1, keepdim=True))


def expect_positive(temperature: float | Tensor) -> None:
    """Refuse a temperature that is not positive: zero is a limit, not a temperature.

    Raises:
        ValueError: it is not.
    """
    if not bool((torch.as_tensor(temperature) > 0).all()):
        raise ValueError(f"temperature must be positive, given {temperature}")
