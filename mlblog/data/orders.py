"""Numbers to be put in order: the more there are, and the closer two of them, the harder the question."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

NOTHING = -100  #: the rank of a place where nothing is


class Orders(NamedTuple):
    """Vectors of numbers, and which place each has in order.

    Attributes:
        inputs: (B, 2 n) numbers in [-1, 1), 0 where nothing is, then 1 where something is and 0 elsewhere.
        ranks: (B, n) of each number among those that are there, from 0 for the least; `NOTHING` where nothing is.
        counts: (B,) numbers that are there, from 2 to n.
        gaps: (B,) between the two closest ones.
    """

    inputs: Tensor
    ranks: Tensor
    counts: Tensor
    gaps: Tensor


def draw_orders(count: int, size: int, *, generator: torch.Generator) -> Orders:
    """Draw vectors with 2 to `size` numbers at the front, all counts equally likely.

    Args:
        count: B.
        size: n, at least 2.
        generator: draws everything.

    Raises:
        ValueError: nothing to put in order.

    Example:
        >>> drawn = draw_orders(1, 3, generator=torch.Generator().manual_seed(3))
        >>> drawn.inputs.double().round(decimals=1).tolist(), drawn.ranks.tolist(), drawn.counts.tolist()
        ([[-0.8, -0.4, 0.0, 1.0, 1.0, 0.0]], [[0, 1, -100]], [2])

    References:
        [graves2016adaptive], section 3.4, there one after another, and answered one after another.
    """
    if size < 2:
        raise ValueError(f"at least two numbers expected, given size {size}")
    counts = torch.randint(2, size + 1, (count,), generator=generator)
    values = 2 * torch.rand(count, size, generator=generator) - 1
    there = torch.arange(size) < counts[:, None]
    far = torch.where(there, values, 9.0 + 9.0 * torch.arange(size))  # beyond all numbers, farther apart than any
    ordered = far.sort(dim=1)
    ranks = torch.where(there, ordered.indices.argsort(dim=1), NOTHING)
    gaps = ordered.values.diff(dim=1).amin(1)
    return Orders(torch.cat((torch.where(there, values, 0.0), there.float()), dim=1), ranks, counts, gaps)
