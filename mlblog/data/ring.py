"""Gaussians on a circle: a distribution with as many separate modes as one likes."""

from __future__ import annotations

import torch
from torch import Tensor


def ring_centres(modes: int, radius: float) -> Tensor:
    """The centres, evenly spaced on the circle from (radius, 0) on, shape (modes, 2)."""
    angles = torch.arange(modes) * (2 * torch.pi / modes)
    return radius * torch.stack([angles.cos(), angles.sin()], dim=1)


def ring_of_gaussians(count: int, *, modes: int = 8, radius: float = 2.0, spread: float = 0.05) -> Tensor:
    """Sample from equally likely round Gaussians on a circle, by torch's generator.

    Args:
        count: how many points.
        modes: how many Gaussians.
        radius: of the circle.
        spread: standard deviation of each coordinate about its centre.

    Returns:
        Shape (count, 2).
    """
    centres = ring_centres(modes, radius)[torch.randint(modes, (count,))]
    return centres + spread * torch.randn(count, 2)
