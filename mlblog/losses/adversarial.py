"""Adversarial losses per example, and what the best possible discriminator would make of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

Array = NDArray[np.float64]


def discriminator_loss(on_real: Tensor, on_fake: Tensor) -> tuple[Tensor, Tensor]:
    """-log D(x) on real and -log(1 - D(x)) on generated examples, from logits.

    With D = sigmoid(s), the two are softplus(-s) and softplus(s).

    Args:
        on_real: logits s of real examples, shape (…).
        on_fake: logits of generated ones, of any other shape.

    Returns:
        The losses in nats, of the same two shapes.

    References:
        [goodfellow2014generative], eq. 1.
    """
    return F.softplus(-on_real), F.softplus(on_fake)


def minimax_loss(on_fake: Tensor) -> Tensor:
    """log(1 - D(x)): what the generator minimises in the game as it is stated.

    Its gradient with respect to the logit is -D(x), which vanishes where the discriminator is sure.

    Args:
        on_fake: logits of generated examples, shape (…).

    Returns:
        (…) nats.

    References:
        [goodfellow2014generative], eq. 1.
    """
    return -F.softplus(on_fake)


def non_saturating_loss(on_fake: Tensor) -> Tensor:
    """-log D(x): the same fixed point, with gradient D(x) - 1, which is largest where the discriminator is sure.

    Args:
        on_fake: logits of generated examples, shape (…).

    Returns:
        (…) nats.

    References:
        [goodfellow2014generative], section 3.
    """
    return F.softplus(-on_fake)


def optimal_discriminator(real: Array, fake: Array) -> Array:
    """D* = p / (p + q), the discriminator that no other beats; one half where neither has density.

    Args:
        real: p at some points, any shape.
        fake: q at the same points.

    Raises:
        ValueError: the shapes differ, or a density is negative or not finite.

    Example:
        >>> optimal_discriminator(np.array([3.0, 1.0, 0.0]), np.array([1.0, 1.0, 2.0])).tolist()
        [0.75, 0.5, 0.0]

    References:
        [goodfellow2014generative], proposition 1.
    """
    real, fake = _densities(real, fake)
    both = real + fake
    return np.divide(real, both, out=np.full_like(both, 0.5), where=both > 0)


def jensen_shannon(real: Array, fake: Array, weights: Array) -> float:
    """JSD = ½ KL(p ‖ m) + ½ KL(q ‖ m) with m = (p + q) / 2, in nats: between 0 and log 2.

    The value of the game under the best discriminator is 2 JSD - log 4.

    Args:
        real: p at some points, or probabilities, shape (N,).
        fake: q there.
        weights: of a quadrature, such as the distance of neighbouring points; ones for probabilities. Shape (N,).

    Raises:
        ValueError: the shapes differ, or a density or a weight is negative or not finite.

    Example:
        >>> apart = jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.ones(2))
        >>> round(apart, 6)  # log 2
        0.693147

    References:
        [goodfellow2014generative], theorem 1.
    """
    real, fake, weights = _densities(real, fake, weights)
    both = real + fake

    def divergence(p: Array) -> float:
        there = p > 0
        return float(np.sum(weights[there] * p[there] * np.log(2 * (p[there] / both[there]))))

    return (divergence(real) + divergence(fake)) / 2


def _densities(*values: Array) -> list[Array]:
    arrays = [np.asarray(value, dtype=np.float64) for value in values]
    if any(array.shape != arrays[0].shape for array in arrays):
        raise ValueError(f"densities at the same points expected, given shapes {[array.shape for array in arrays]}")
    if not all(np.isfinite(array).all() and (array >= 0).all() for array in arrays):
        raise ValueError("densities and weights must be finite and not negative")
    return arrays
