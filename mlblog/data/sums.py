"""Sums of two binary numbers, digit under digit, with carries that come from near and from far."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

BASE = 2  #: of the digits
START = BASE * BASE  #: the token before the lowest digits; a pair of digits a, b is the token a · BASE + b
NOTHING = -100  #: what is asked for at a place of which nothing is asked


class Sums(NamedTuple):
    """Sums of one length, lowest digits first, with what is to be said at each place.

    Attributes:
        tokens: (B, N + 1) `START`, then pairs of digits; the last pair is two zeros, so that the sum fits.
        answers: (B, N + 1) digits of the sum, `NOTHING` at the start.
        reach: (B, N + 1) places to look back for the one that decides on the carry: 1 unless the pair below adds up to
            BASE - 1, which hands on what it gets; 0 at the start.
    """

    tokens: NDArray[np.int64]
    answers: NDArray[np.int64]
    reach: NDArray[np.int64]


def draw_sums(*, count: int, size: int, rng: np.random.Generator) -> Sums:
    """Draw sums; in each, the chance that a pair is made to hand on a carry is its own, uniform in [0, 1).

    Args:
        count: B.
        size: N, digits of a sum, at least 2.
        rng: draws everything.

    Raises:
        ValueError: no room for a carry.

    Example:
        >>> sums = draw_sums(count=1, size=5, rng=np.random.default_rng(3))  # 1 + 7, lowest digits first
        >>> sums.tokens.tolist(), sums.answers.tolist(), sums.reach.tolist()
        ([[4, 3, 1, 1, 0, 0]], [[-100, 0, 0, 0, 1, 0]], [[0, 1, 1, 2, 3, 1]])
    """
    if size < 2:
        raise ValueError(f"at least two digits expected, given size {size}")
    first, second = rng.integers(BASE, size=(2, count, size))
    nines = rng.random((count, size)) < rng.random((count, 1))
    second = np.where(nines, BASE - 1 - first, second)
    first[:, -1] = second[:, -1] = 0
    answers, reach = np.full((2, count, size + 1), NOTHING)
    reach[:, 0] = carry = np.zeros(count, dtype=np.int64)
    for at in range(size):
        total = first[:, at] + second[:, at] + carry
        carry, answers[:, at + 1] = np.divmod(total, BASE)
        hands_on = first[:, at - 1] + second[:, at - 1] == BASE - 1 if at else False
        reach[:, at + 1] = np.where(hands_on, reach[:, at], 0) + 1
    return Sums(np.pad(first * BASE + second, ((0, 0), (1, 0)), constant_values=START), answers, reach)
