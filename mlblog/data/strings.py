"""Strings of symbols that are to be rewritten: tasks in which order is everything."""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

Task = Literal["copy", "back", "reverse"]

SYMBOLS = 8  #: how many there are; two more mark the start and the end of a string
BACK = 3  #: places that the task "back" looks back
NOTHING = -100  #: what is asked for at a place of which nothing is asked


class Strings(NamedTuple):
    """Strings of one length, with what is to be said at each place.

    Attributes:
        tokens: (B, N + 2) symbols, between a start, `SYMBOLS`, and an end, `SYMBOLS` + 1.
        answers: (B, N + 2) symbols, or `NOTHING`.
    """

    tokens: NDArray[np.int64]
    answers: NDArray[np.int64]


def draw_strings(task: Task, *, count: int, size: int, rng: np.random.Generator) -> Strings:
    """Draw strings of uniform and independent symbols.

    Args:
        task: what to say at place t of x_1 … x_N: "copy" x_t; "back" x_(t - 3), where there is one; "reverse"
            x_(N + 1 - t).
        count: B.
        size: N, at least 1, or 4 for "back", of which nothing is asked otherwise.
        rng: draws the symbols.

    Raises:
        ValueError: another task, or a string too short for it.

    Example:
        >>> strings = draw_strings("reverse", count=1, size=4, rng=np.random.default_rng(0))
        >>> strings.tokens.tolist(), strings.answers.tolist()
        ([[8, 6, 5, 4, 2, 9]], [[-100, 2, 4, 5, 6, -100]])
    """
    if task not in get_args(Task):
        raise ValueError(f"one of {', '.join(get_args(Task))} expected, given {task!r}")
    if size < (BACK + 1 if task == "back" else 1):
        raise ValueError(f"a longer string expected for {task!r}, given size {size}")
    symbols = rng.integers(SYMBOLS, size=(count, size))
    tokens = np.pad(symbols, ((0, 0), (1, 1)))
    tokens[:, 0], tokens[:, -1] = SYMBOLS, SYMBOLS + 1
    answers = np.full_like(tokens, NOTHING)
    if task == "back":
        answers[:, 1 + BACK : -1] = symbols[:, :-BACK]
    else:
        answers[:, 1:-1] = symbols if task == "copy" else symbols[:, ::-1]
    return Strings(tokens, answers)
