"""Importance sampling of whole minibatches, and ridge regression, whose optimum is known.

Dimensions: n rows of D numbers, B of them in a minibatch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


class Buckets(NamedTuple):
    """A partition of n examples, from each part of which one is drawn.

    Attributes:
        members: B arrays of rows, which together are 0 to n - 1.
        chances: B arrays of the chance of each member within its bucket; each sums to 1.
    """

    members: tuple[Whole, ...]
    chances: tuple[Floats, ...]


def minibatch_importance_sampling(scores: object, count: int) -> Buckets:
    """Put examples into buckets of sums of scores as equal as a greedy rule makes them; draw in each by score.

        p_i = s_i / Σ_{j in the bucket of i} s_j        ĝ = (1/n) Σ_b g_{i_b} / p_{i_b}

    The largest scores are dealt first, each to the bucket with the least so far. With equal sums the covariance of ĝ is
    that of B independent draws by score, less what the means of buckets differ by.

    Args:
        scores: shape (n,), positive.
        count: B, from 1 to n.

    Raises:
        ValueError: the scores are not positive numbers, or count is outside 1 to n.

    Example:
        >>> found = minibatch_importance_sampling([4.0, 1.0, 1.0, 2.0], 2)
        >>> [rows.tolist() for rows in found.members], [each.tolist() for each in found.chances]
        ([[0], [3, 1, 2]], [[1.0], [0.5, 0.25, 0.25]])

    References:
        [csiba2018importance], section 2, bucket sampling; how buckets are filled is ours.
    """
    s = np.asarray(scores, dtype=np.float64)
    if s.ndim != 1 or not (np.isfinite(s) & (s > 0)).all():
        raise ValueError("finite and positive scores of shape (n,) expected")
    if not 1 <= count <= len(s):
        raise ValueError(f"1 to {len(s)} buckets expected, given {count}")
    sums = np.zeros(count)
    filled: list[list[int]] = [[] for _ in range(count)]
    for row in np.argsort(-s, kind="stable"):
        least = int(sums.argmin())
        filled[least].append(int(row))
        sums[least] += s[row]
    members = tuple(np.array(rows, dtype=np.int64) for rows in filled)
    return Buckets(members, tuple(s[rows] / s[rows].sum() for rows in members))


def draw_from_buckets(buckets: Buckets, random: np.random.Generator, size: int) -> tuple[Whole, Floats]:
    """Draw minibatches, one row from each bucket.

    Args:
        buckets: B of them.
        random: of the draws.
        size: how many minibatches, m.

    Returns:
        Rows, shape (m, B), and 1 / p of each, by which gradients are multiplied before their sum is divided by n.
    """
    rows, weights = [], []
    for members, chances in zip(buckets.members, buckets.chances, strict=True):
        which = random.choice(len(members), p=chances, size=size)
        rows.append(members[which])
        weights.append(1 / chances[which])
    return np.stack(rows, axis=1), np.stack(weights, axis=1)


def bucket_variance(f: object, buckets: Buckets) -> float:
    """Exact total variance of (1/n) Σ_b f_{i_b} / p_{i_b}.

        Σ_b ( Σ_{i in b} ‖f_i‖² / (n² p_i) - ‖Σ_{i in b} f_i / n‖² )

    Args:
        f: at each example, shape (n, D).
        buckets: of these n.

    Returns:
        In squared units of f.

    Raises:
        ValueError: f is not (n, D), finite, of as many examples as the buckets have.
    """
    values = np.asarray(f, dtype=np.float64)
    if values.ndim != 2 or len(values) != sum(map(len, buckets.members)) or not np.isfinite(values).all():
        raise ValueError(f"f of shape (n, D), finite, expected, given {values.shape}")
    n, total = len(values), 0.0
    for members, chances in zip(buckets.members, buckets.chances, strict=True):
        here = values[members] / n
        mean = here.sum(axis=0)
        away = here / chances[:, None] - mean  # not as a difference of squares, which would lose what is small
        total += float(chances @ np.square(away).sum(axis=1))
    return total


def ridge_optimum(x: object, y: object, *, penalty: float) -> Floats:
    """The weights of ridge regression, in closed form.

        argmin_w (1/2n) Σ_i (x_i·w - y_i)² + (penalty/2) ‖w‖² = (XᵀX/n + penalty·1)⁻¹ Xᵀy/n

    Args:
        x: shape (n, D).
        y: shape (n,).
        penalty: positive. Others, scikit-learn among them, do not divide by n: their penalty is n times ours.

    Returns:
        Shape (D,).

    Raises:
        ValueError: the shapes do not fit, a number is not finite, or the penalty is not positive.
    """
    rows, targets = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if (
        rows.ndim != 2
        or targets.shape != rows.shape[:1]
        or not (np.isfinite(rows).all() and np.isfinite(targets).all())
    ):
        raise ValueError(f"finite x (n, D) and y (n,) expected, given {rows.shape} and {targets.shape}")
    if not penalty > 0:
        raise ValueError(f"a positive penalty expected, given {penalty}")
    moment = rows.T @ rows / len(rows) + penalty * np.eye(rows.shape[1])
    return np.asarray(np.linalg.solve(moment, rows.T @ targets / len(rows)))
