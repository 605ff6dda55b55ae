"""Questions about tables of numbers, in words, with their answers by Python."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ASKED = ("count", "sum", "max")  #: what can be asked of rows, or of a column of them
COMPARED = ("above", "below")  #: how a column can be compared with a number
COLUMNS = 3  #: of a table
#: All words; those of columns are the last, "nothing" fills up.
WORDS = (*ASKED, *COMPARED, "nothing", *(f"column {one}" for one in range(COLUMNS)))


class Questions(NamedTuple):
    """Tables, a question about each, and its answer.

    Attributes:
        tables: (B, R, C) numbers in [0, 1).
        words: (B, 4) numbers of `WORDS`: what is asked, of which column, how is compared, and which column.
        pivots: (B,) the number to compare with.
        answers: (B,)
    """

    tables: NDArray[np.float64]
    words: NDArray[np.int64]
    pivots: NDArray[np.float64]
    answers: NDArray[np.float64]


def draw_questions(*, count: int, rows: int, compared: bool, rng: np.random.Generator) -> Questions:
    """Draw tables and questions, such as "sum of column 2", or "sum of column 2 where column 0 is above 0.4".

    Args:
        count: B.
        rows: R, at least 1.
        compared: whether only some rows are asked about, which takes two operations.
        rng: draws everything.

    Raises:
        ValueError: a table without rows.

    Example:
        >>> asked = draw_questions(count=1, rows=4, compared=True, rng=np.random.default_rng(0))
        >>> [WORDS[word] for word in asked.words[0]], asked.pivots.round(2).tolist()
        (['sum', 'column 2', 'above', 'column 2'], [0.71])
    """
    if rows < 1:
        raise ValueError(f"at least one row expected, given rows {rows}")
    tables, pivots = rng.random((count, rows, COLUMNS)), rng.uniform(0.2, 0.8, count)
    asked, how = rng.integers(len(ASKED), size=count), rng.integers(len(COMPARED), size=count)
    column, other = rng.integers(COLUMNS, size=(2, count))
    nothing, first = WORDS.index("nothing"), WORDS.index("column 0")
    words = np.stack((asked, first + column, len(ASKED) + how, first + other), axis=1)
    words[asked == ASKED.index("count"), 1] = nothing
    if not compared:
        words[:, 2:] = nothing
    answers = [
        answer(table, [WORDS[word] for word in each], pivot)
        for table, each, pivot in zip(tables, words.tolist(), pivots.tolist(), strict=True)
    ]
    return Questions(tables, words, pivots, np.array(answers))


def answer(table: NDArray[np.float64], words: list[str], pivot: float) -> float:
    """Answer a question about a table (R, C), in Python; of no rows the sum and the maximum are 0."""
    asked, of, how, other = words
    rows = table.tolist()
    if how != "nothing":
        at = int(other.removeprefix("column "))
        rows = [row for row in rows if (row[at] > pivot if how == "above" else row[at] < pivot)]
    if asked == "count":
        return float(len(rows))
    values = [row[int(of.removeprefix("column "))] for row in rows]
    return float(sum(values) if asked == "sum" else max(values, default=0.0))
