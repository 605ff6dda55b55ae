"""Guidance: draws that show more clearly what was asked for, and less of its variety."""

from __future__ import annotations

from torch import Tensor


def classifier_free_guidance(plain: Tensor, given: Tensor, *, strength: float) -> Tensor:
    """The noise that a class is asked for by, pushed away from that without a class.

        ε(x) + s (ε(x | c) - ε(x))

    Here s = 0 asks for nothing, s = 1 for the class as it is; [ho2022classifier] counts w = s - 1.

    Args:
        plain: (…, D), the noise said without the class.
        given: (…, D), that with it.
        strength: s.

    Returns:
        (…, D).

    References:
        [ho2022classifier], eq. 6; [nichol2022glide], section 2.3.
    """
    return plain + strength * (given - plain)


def classifier_guidance(plain: Tensor, slope: Tensor, level: Tensor, *, strength: float) -> Tensor:
    """The noise without a class, pushed along the gradient of a classifier that reads noisy points.

        ε(x) - s √(1 - a) ∇ log p(c | x)

    Args:
        plain: (…, D), the noise said without the class.
        slope: (…, D), ∇ log p(c | x) at the noisy points.
        level: a, the share of variance that is kept.
        strength: s.

    Returns:
        (…, D).

    References:
        [dhariwal2021diffusion], algorithm 2.
    """
    return plain - strength * (1 - level.to(plain)).sqrt() * slope
