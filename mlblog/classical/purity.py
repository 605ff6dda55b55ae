"""How mixed the labels of a set are: entropy, Gini impurity, and what a split gains.

Shares have shape (..., C): the last axis is over C classes and sums to one.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.points import distributions

Floats = NDArray[np.float64]
Impurity = Callable[[Floats], Floats]


def entropy(shares: object) -> Floats:
    """Shannon's entropy in bits.

        H(p) = - Σ_c p_c log₂ p_c,   with 0 log 0 = 0

    Args:
        shares: shape (..., C).

    Returns:
        Shape (...): 0 where one class has everything, log₂ C where all have the same, in between elsewhere.

    Raises:
        ValueError: a share is negative, or the shares of a set do not sum to one.

    Example:
        >>> entropy([[0.5, 0.5], [1.0, 0.0]]).tolist()
        [1.0, 0.0]

    References:
        [shannon1948mathematical], section 6; as a criterion for splits, [quinlan1986induction].
    """
    p = distributions(shares, "shares")
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1.0))).sum(axis=-1) + 0.0, dtype=np.float64)


def gini(shares: object) -> Floats:
    """Gini impurity: how often two draws from the set, with replacement, differ in class.

        G(p) = Σ_c p_c (1 - p_c) = 1 - Σ_c p_c²

    Args:
        shares: shape (..., C).

    Returns:
        Shape (...): 0 where one class has everything, 1 - 1/C where all have the same.

    Raises:
        ValueError: a share is negative, or the shares of a set do not sum to one.

    Example:
        >>> gini([0.5, 0.5]).item()
        0.5

    References:
        [breiman1984classification].
    """
    return np.asarray(1 - (distributions(shares, "shares") ** 2).sum(axis=-1), dtype=np.float64)


def information_gain(y: object, parts: object, *, impurity: Impurity = entropy) -> float:
    """How much less mixed the labels are once the part is known, on average over the n points.

        gain = I(y) - Σ_g n_g / n · I(labels in part g)

    Args:
        y: shape (n,), labels.
        parts: shape (n,), the part that a split puts each point into.
        impurity: a function of shares; the gain is never negative if it is concave, as `entropy` and `gini` are.

    Returns:
        In the unit of the impurity; for `entropy`, bits a point.

    Raises:
        ValueError: the shapes differ, or there are no points.

    Example:
        >>> information_gain(["a", "a", "b", "b"], [0, 0, 1, 1])
        1.0

    References:
        [quinlan1986induction], section 4.
    """
    labels, groups = np.asarray(y), np.asarray(parts)
    if labels.ndim != 1 or labels.shape != groups.shape or len(labels) == 0:
        raise ValueError(f"labels and parts of one shape (n,) expected, given {labels.shape} and {groups.shape}")
    classes, codes = np.unique(labels, return_inverse=True)
    names, rows = np.unique(groups, return_inverse=True)
    counts = np.zeros((len(names), len(classes)))
    np.add.at(counts, (rows, codes), 1)
    sizes = counts.sum(axis=1)
    before = impurity(counts.sum(axis=0) / len(labels))
    after = impurity(counts / sizes[:, None]) @ sizes / len(labels)
    return float(before - after)
