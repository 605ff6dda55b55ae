"""Two half circles, and two circles, with noise, and their densities."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def draw_moons(count: int, noise: float, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw points of two half circles of radius 1 that reach into one another.

    The upper is (cos a, sin a), the lower (1 - cos a, 1/2 - sin a), for a uniform in [0, π].

    Args:
        count: n.
        noise: standard deviation of each coordinate about its half circle.
        generator: of angles, halves and noise.

    Returns:
        Points, shape (n, 2), and which half each is of, 0 or 1, shape (n,).
    """
    angles = math.pi * torch.rand(count, generator=generator)
    labels = torch.randint(2, (count,), generator=generator)
    points = moon_arcs(angles)[labels, torch.arange(count)]
    return points + noise * torch.randn(count, 2, generator=generator), labels


def moon_arcs(angles: Tensor) -> Tensor:
    """Both half circles at angles (m,): (2, m, 2)."""
    upper = torch.stack((angles.cos(), angles.sin()), dim=-1)
    return torch.stack((upper, torch.tensor([1.0, 0.5]).to(upper) - upper))


def draw_rings(count: int, noise: float, *, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw points of two circles about the origin, of radius 0.5 and 1, each with half of the points on average.

    Args:
        count: n.
        noise: as for `draw_moons`.
        generator: of angles, circles and noise.

    Returns:
        Points, shape (n, 2), and which circle each is of, shape (n,).
    """
    angles = 2 * math.pi * torch.rand(count, generator=generator)
    labels = torch.randint(2, (count,), generator=generator)
    points = ring_arcs(angles)[labels, torch.arange(count)]
    return points + noise * torch.randn(count, 2, generator=generator), labels


def ring_arcs(angles: Tensor) -> Tensor:
    """Both circles at angles (m,): (2, m, 2)."""
    circle = torch.stack((angles.cos(), angles.sin()), dim=-1)
    return torch.stack((0.5 * circle, circle))


def moon_log_densities(x: Tensor, noise: float, *, nodes: int = 400) -> Tensor:
    """The log-densities of the halves of `draw_moons` in nats, by the midpoint rule over the angle.

        p(x | c) = 1/π ∫ N(x; arc_c(a), σ² I) da

    Args:
        x: shape (n, 2).
        noise: σ.
        nodes: of the rule; π / nodes should be well below σ.

    Returns:
        Shape (n, 2), a column for each half.
    """
    angles = math.pi * (torch.arange(nodes).to(x) + 0.5) / nodes
    return _smeared(x, moon_arcs(angles), noise)


def ring_log_densities(x: Tensor, noise: float, *, nodes: int = 400) -> Tensor:
    """The log-densities of the circles of `draw_rings`, as `moon_log_densities` has those of halves.

    Args:
        x: shape (n, 2).
        noise: σ.
        nodes: of the rule.

    Returns:
        Shape (n, 2), a column for each circle.
    """
    angles = 2 * math.pi * (torch.arange(nodes).to(x) + 0.5) / nodes
    return _smeared(x, ring_arcs(angles), noise)


def _smeared(x: Tensor, arcs: Tensor, noise: float) -> Tensor:
    """The log-densities (n, c) of equally likely Gaussians about each of the arcs (c, m, 2)."""
    squared = (x[:, None, None] - arcs).square().sum(-1) / noise**2
    return torch.logsumexp(-0.5 * squared, dim=-1) - math.log(arcs.shape[1] * 2 * math.pi * noise**2)
