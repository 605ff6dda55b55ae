"""Spirals that run both ways, seen at few irregular times, with noise."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor

#: Points of a spiral among which those seen are drawn; as many more follow.
SEEN = 100
#: Radians from one point to the next, which are the unit of time.
STEP = 1.2 * math.pi / SEEN
PITCH = 0.2  # growth of the radius in a radian
FIRST, LAST = 0.5 * math.pi, 7.2 * math.pi  # angles between which spirals are
#: The largest angle at which any is seen: what comes after it is where none has been.
FARTHEST = LAST - 1.2 * math.pi


class Spirals(NamedTuple):
    """Spirals, and what is seen of each.

    Attributes:
        paths: (n, 200, 2) without noise; the latter half comes after all that is seen.
        points: (n, k, 2) seen, with noise.
        rows: (n, k) which of the first 100 points they are, rising.
        begin: (n,) the angle at the first point.
    """

    paths: Tensor
    points: Tensor
    rows: Tensor
    begin: Tensor

    @property
    def times(self) -> Tensor:
        """When points are seen, (n, k), from 0."""
        return self.rows * STEP


def draw_spirals(count: int, seen: int, noise: float, *, generator: torch.Generator) -> Spirals:
    """Draw spirals with starts at random, as [chen2018neural], section 5.1, describes them.

    The first half of them turns counter-clockwise and outwards, the second clockwise and inwards; both pass the same
    points, so that where one goes cannot be told from where it is.

    Args:
        count: n.
        seen: k, points seen of each, without replacement among the first 100.
        noise: standard deviation of each coordinate of what is seen.
        generator: of starts, rows and noise.

    Raises:
        ValueError: more than 100 points are to be seen, or none.

    Example:
        >>> spirals = draw_spirals(4, 30, 0.1, generator=torch.Generator().manual_seed(0))
        >>> spirals.paths.shape, spirals.points.shape
        (torch.Size([4, 200, 2]), torch.Size([4, 30, 2]))
    """
    if not 0 < seen <= SEEN:
        raise ValueError(f"of a spiral 1 to {SEEN} points can be seen, got {seen}")
    begin = FIRST + torch.rand(count, generator=generator) * (LAST - FIRST - 2 * SEEN * STEP)
    inward = torch.arange(count) >= (count + 1) // 2
    paths = spiral_paths(begin, inward)
    rows = torch.rand(count, SEEN, generator=generator).argsort(-1)[:, :seen].sort(-1).values
    clean = paths.gather(1, rows[..., None].expand(-1, -1, 2))
    return Spirals(paths, clean + noise * torch.randn(clean.shape, generator=generator), rows, begin)


def spiral_paths(begin: Tensor, inward: Tensor) -> Tensor:
    """Spirals without noise: r = a φ outwards, or r = a (φ₀ + φ₁ - φ) inwards and mirrored.

    Args:
        begin: angles φ at the first point, shape (n,).
        inward: whether they go inwards, shape (n,).

    Returns:
        Shape (n, 200, 2).
    """
    angle = begin[:, None] + STEP * torch.arange(2 * SEEN)
    radius = PITCH * torch.where(inward[:, None], FIRST + LAST - angle, angle)
    sign = torch.where(inward, -1.0, 1.0)[:, None]
    return radius[..., None] * torch.stack((angle.cos(), sign * angle.sin()), dim=-1)
