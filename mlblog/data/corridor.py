"""A corridor with a sign at its beginning, as text: what was on the sign is asked for at the end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Corridors(NamedTuple):
    """Walks along corridors.

    Attributes:
        steps: (n, length): the sign, below `signs`; then walls, from `signs` on; at last the highest number, which
            asks.
        signs: (n,) what was on the sign.
    """

    steps: NDArray[np.int64]
    signs: NDArray[np.int64]


def draw_corridors(count: int, *, length: int, signs: int, walls: int, rng: np.random.Generator) -> Corridors:
    """Draw signs and walls, all equally likely.

    Args:
        count: n.
        length: of a corridor, sign and question included.
        signs: how many there are.
        walls: how many look different.
        rng: where the draws come from.

    Raises:
        ValueError: no place for a sign and a question.

    Example:
        >>> draw_corridors(2, length=5, signs=3, walls=2, rng=np.random.default_rng(0)).steps.tolist()
        [[1, 4, 4, 3, 5], [2, 3, 3, 3, 5]]
    """
    if length < 2:
        raise ValueError(f"a length of at least 2 expected, for a sign and a question, given {length}")
    steps = rng.integers(signs, signs + walls, size=(count, length))
    steps[:, 0] = rng.integers(0, signs, size=count)
    steps[:, -1] = signs + walls
    return Corridors(steps, steps[:, 0].copy())
