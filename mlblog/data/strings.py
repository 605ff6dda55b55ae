"""Strings of symbols in which each place asks for the symbol a few places before it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SYMBOLS = 8  #: how many there are; two more mark the start and the end of a string
BACK = 3  #: places to look back
NOTHING = -100  #: what is asked for at a place of which nothing is asked


class Strings(NamedTuple):
    """Strings of one length, with what is to be said at each place.

    Attributes:
        tokens: (B, N + 2) symbols, between a start, `SYMBOLS`, and an end, `SYMBOLS` + 1.
        answers: (B, N + 2) symbols, or `NOTHING`.
    """

    tokens: NDArray[np.int64]
    answers: NDArray[np.int64]


def draw_strings(*, count: int, size: int, rng: np.random.Generator) -> Strings:
    """Draw strings of uniform and independent symbols; asked for at place t is the symbol at place t - 3.

    Args:
        count: B.
        size: N, at least 4: nothing is asked of shorter ones.
        rng: draws the symbols.

    Raises:
        ValueError: a string that is too short.

    Example:
        >>> strings = draw_strings(count=1, size=5, rng=np.random.default_rng(0))
        >>> strings.tokens.tolist(), strings.answers.tolist()
        ([[8, 6, 5, 4, 2, 2, 9]], [[-100, -100, -100, -100, 6, 5, -100]])
    """
    if size <= BACK:
        raise ValueError(f"a string of more than {BACK} symbols expected, given size {size}")
    symbols = rng.integers(SYMBOLS, size=(count, size))
    tokens = np.pad(symbols, ((0, 0), (1, 1)))
    tokens[:, 0], tokens[:, -1] = SYMBOLS, SYMBOLS + 1
    answers = np.full_like(tokens, NOTHING)
    answers[:, 1 + BACK : -1] = symbols[:, :-BACK]
    return Strings(tokens, answers)
