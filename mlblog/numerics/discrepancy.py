"""How far two clouds of points are from being of one distribution: the maximum mean discrepancy.

Dimensions: n and m points, D features.
"""

from __future__ import annotations

import torch
from torch import Tensor


def mmd_squared(first: Tensor, second: Tensor, *, bandwidth: float) -> Tensor:
    """An unbiased estimate of the squared maximum mean discrepancy with a Gaussian kernel.

        MMD² = E k(x, x') + E k(y, y') - 2 E k(x, y),   k(a, b) = exp(-‖a - b‖² / 2 h²)

    It is 0 on average if both clouds are of one distribution, and then often below 0.

    Args:
        first: (n, D), n ≥ 2.
        second: (m, D), m ≥ 2.
        bandwidth: h > 0.

    Returns:
        A scalar.

    Raises:
        ValueError: a cloud has fewer than two points, or the bandwidth is not positive.

    Example:
        >>> cloud = torch.randn(400, 3, generator=torch.Generator().manual_seed(0))
        >>> abs(mmd_squared(cloud[:200], cloud[200:], bandwidth=1.0).item()) < 0.01
        True

    References:
        [gretton2012kernel], lemma 6.
    """
    if min(len(first), len(second)) < 2 or bandwidth <= 0:
        raise ValueError(f"two points a cloud and h > 0 expected, given {len(first)}, {len(second)} and {bandwidth}")

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        squares = (a.square().sum(-1)[:, None] + b.square().sum(-1) - 2 * a @ b.T).clamp(min=0)
        return torch.exp(-squares / (2 * bandwidth**2))

    def within(a: Tensor) -> Tensor:
        whole = kernel(a, a)
        return (whole.sum() - whole.diagonal().sum()) / (len(a) * (len(a) - 1))

    return within(first) + within(second) - 2 * kernel(first, second).mean()
