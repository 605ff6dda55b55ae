"""Which task's features another task is best learned from: a tournament on unseen examples, and its eigenvector.

Dimensions: S sources, n examples.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

LEAST = 1e-3  # a share of won examples below it, or above one less it, counts as that


def winning_shares(losses: ArrayLike) -> Floats:
    """On how many examples each source does better than each other one.

        W[i, j] = (#{x : l_i(x) < l_j(x)} + ½ #{x : l_i(x) = l_j(x)}) / n

    Args:
        losses: (S, n) of one target task, for the same examples.

    Returns:
        (S, S), ½ on the diagonal; W + Wᵀ = 1.

    Raises:
        ValueError: losses that are not finite, or not of shape (S, n) with an example at least.

    Example:
        >>> winning_shares([[1, 1, 1, 2], [2, 2, 2, 1]]).tolist()
        [[0.5, 0.75], [0.25, 0.5]]
    """
    table = np.asarray(losses, dtype=np.float64)
    if table.ndim != 2 or not table.size or not np.isfinite(table).all():
        raise ValueError(f"finite losses of shape (S, n) expected, given shape {table.shape}")
    less = (table[:, None] < table[None]).mean(-1)
    same = (table[:, None] == table[None]).mean(-1)
    return np.asarray(less + same / 2)


def principal_weights(ratios: ArrayLike, *, steps: int = 10_000) -> Floats:
    """The eigenvector of a positive matrix for its largest eigenvalue, with sum 1: by repeated multiplication.

    For consistent ratios R[i, j] = w_i / w_j it is w itself.

    Args:
        ratios: (S, S), all positive, such as how many times better i is than j.
        steps: after which it gives up.

    Raises:
        ValueError: entries that are not finite and positive, or no convergence.

    Example:
        >>> principal_weights([[1, 3], [1 / 3, 1]]).round(6).tolist()
        [0.75, 0.25]

    References:
        [zamir2018taskonomy], the Analytic Hierarchy Process.
    """
    matrix = np.asarray(ratios, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or not (np.isfinite(matrix) & (matrix > 0)).all():
        raise ValueError(f"finite and positive ratios of shape (S, S) expected, given shape {matrix.shape}")
    weights = np.full(len(matrix), 1 / len(matrix))
    for _ in range(steps):
        turned = matrix @ weights
        turned /= turned.sum()
        if np.abs(turned - weights).max() <= 1e-15:
            return np.asarray(turned)
        weights = turned
    raise ValueError(f"no convergence in {steps} steps")


def transfer_affinity(losses: ArrayLike) -> Floats:
    """How well each source transfers to one target, by ranks and not by the target's unit.

        R[i, j] = W[i, j] / W[j, i]        R a = λ a, Σ a = 1

    Args:
        losses: (S, n) of the target task, of readouts that were trained on each source's features.

    Returns:
        (S,), positive, with sum 1.

    Raises:
        ValueError: as for `winning_shares`.

    Example:
        >>> transfer_affinity([[1, 1, 1, 2], [2, 2, 2, 1]]).round(6).tolist()
        [0.75, 0.25]

    References:
        [zamir2018taskonomy], ordinal normalisation.
    """
    shares = winning_shares(losses).clip(LEAST, 1 - LEAST)
    return principal_weights(shares / shares.T)
