"""Parity of a vector with gaps: the more of its entries are there, the harder the question."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Parity(NamedTuple):
    """Vectors and the parity of each.

    Attributes:
        inputs: (B, n) of 1, -1, and 0 where nothing is.
        odd: (B,) 1.0 where the number of ones is odd, else 0.0.
        counts: (B,) entries that are not zero, from 1 to n.
    """

    inputs: Tensor
    odd: Tensor
    counts: Tensor


def draw_parity(count: int, size: int, *, generator: torch.Generator) -> Parity:
    """Draw vectors with 1 to `size` entries, all numbers equally likely, at the front; each entry is 1 or -1.

    Args:
        count: B.
        size: n, at least 1.
        generator: draws everything.

    Raises:
        ValueError: a vector without entries.

    Example:
        >>> drawn = draw_parity(2, 3, generator=torch.Generator().manual_seed(0))
        >>> drawn.inputs.tolist(), drawn.odd.tolist(), drawn.counts.tolist()
        ([[1.0, -1.0, 1.0], [1.0, 0.0, 0.0]], [0.0, 1.0], [3, 1])

    References:
        [graves2016adaptive], section 3.1, there with 64 entries.
    """
    if size < 1:
        raise ValueError(f"at least one entry expected, given size {size}")
    counts = torch.randint(1, size + 1, (count,), generator=generator)
    signs = 2.0 * torch.randint(2, (count, size), generator=generator) - 1
    inputs = torch.where(torch.arange(size) < counts[:, None], signs, torch.zeros(()))
    return Parity(inputs, ((inputs > 0).sum(1) % 2).float(), counts)
