"""Least-squares problems with few rows that are much longer than the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def skewed_rows(n: int, width: int, *, skew: float, random: np.random.Generator) -> tuple[Floats, Floats]:
    """Rows of a least-squares problem of which one in a hundred is `skew` times as long as the others.

    Args:
        n: rows, a multiple of 100.
        width: D.
        skew: factor on the long rows, at least 1.
        random: of all of it.

    Returns:
        Rows, shape (n, D), of normal numbers, the long ones divided so that the mean of squares is 1; and targets,
        shape (n,), which are linear in the rows but for normal noise of a tenth.

    Raises:
        ValueError: n is not a positive multiple of 100, or the factor is below 1.
    """
    if n < 100 or n % 100 or not skew >= 1:
        raise ValueError(f"a multiple of 100 rows and skew ≥ 1 expected, given {n} and {skew}")
    scale = np.where(np.arange(n) < n // 100, skew, 1.0)
    rows = random.normal(size=(n, width)) * (scale / np.sqrt(np.mean(scale**2)))[:, None]
    truth = random.normal(size=width) / np.sqrt(width)
    return rows, rows @ truth + 0.1 * random.normal(size=n)
