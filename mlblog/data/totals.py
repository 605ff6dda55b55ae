"""Binary numbers one after another, and their running total: the first is to be copied, the others to be added."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Totals(NamedTuple):
    """Numbers and what they add up to so far.

    Attributes:
        inputs: (B, T, n) binary digits as 1 and -1, the lowest first, and 0 above a number's length.
        totals: (B, T, K) binary digits as 1.0 and 0.0 of the total up to each number, K as few as suffice for all.
        carries: (B, T) digits in a row that a carry runs through when a number is added, the longest such run.
    """

    inputs: Tensor
    totals: Tensor
    carries: Tensor


def draw_totals(count: int, numbers: int, size: int, *, generator: torch.Generator) -> Totals:
    """Draw sequences; each number has 1 to `size` digits, all lengths equally likely, leading zeros among them.

    Args:
        count: B.
        numbers: T of a sequence, at least 1.
        size: n, at least 1.
        generator: draws everything.

    Raises:
        ValueError: no number, or no digit.

    Example:
        >>> drawn = draw_totals(1, 2, 3, generator=torch.Generator().manual_seed(7))  # 1, then 3
        >>> drawn.inputs.tolist(), drawn.totals.tolist(), drawn.carries.tolist()
        ([[[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]], [[[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]], [[0, 2]])

    References:
        [graves2016adaptive], section 3.3, there with decimal digits and an LSTM.
    """
    if numbers < 1 or size < 1:
        raise ValueError(f"at least one number of one digit expected, given numbers {numbers} and size {size}")
    lengths = torch.randint(1, size + 1, (count, numbers, 1), generator=generator)
    there = torch.arange(size) < lengths
    digits = torch.randint(2, (count, numbers, size), generator=generator) * there
    width = (numbers * (2**size - 1)).bit_length()
    values = (digits << torch.arange(size)).sum(-1)  # (B, T)
    after = values.cumsum(1)
    before = after - values
    at = torch.arange(width)
    carried = (before[..., None] ^ values[..., None] ^ after[..., None]) >> at & 1  # (B, T, K): into each digit
    run = longest = torch.zeros_like(values)
    for column in carried.unbind(-1):
        run = (run + 1) * column
        longest = longest.maximum(run)
    inputs = torch.where(there, 2.0 * digits - 1, torch.zeros(()))
    return Totals(inputs, (after[..., None] >> at & 1).float(), longest)
