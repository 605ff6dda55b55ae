"""How well found units go with known labels: purities, and the share of the labels' entropy that units tell.

Dimensions: n frames, K units, C labels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlblog.classical.purity import entropy

Floats = NDArray[np.float64]


def joint_shares(units: object, labels: object) -> Floats:
    """How often each unit and each label are together.

        p_zy = |{t : z_t = z, y_t = y}| / n

    Args:
        units: shape (n,), whatever can be told apart.
        labels: shape (n,).

    Returns:
        Shape (K, C), of the units and the labels that occur, in sorted order; the sum is 1.

    Raises:
        ValueError: the shapes differ, or there are no frames.

    Example:
        >>> joint_shares([0, 0, 7, 7], ["a", "b", "b", "b"]).tolist()
        [[0.25, 0.25], [0.0, 0.5]]
    """
    z, y = np.asarray(units), np.asarray(labels)
    if z.ndim != 1 or z.shape != y.shape or len(z) == 0:
        raise ValueError(f"units and labels of one shape (n,) expected, given {z.shape} and {y.shape}")
    (names, rows), (classes, columns) = (np.unique(each, return_inverse=True) for each in (z, y))
    counts = np.zeros((len(names), len(classes)))
    np.add.at(counts, (rows, columns), 1)
    return counts / len(z)


def phone_purity(units: object, labels: object) -> float:
    """The share of frames that are right if each unit is read as the label that it mostly goes with.

        Σ_z max_y p_zy

    It never falls when a unit is split: with a unit for each frame it is 1.

    Args:
        units: shape (n,).
        labels: shape (n,).

    Example:
        >>> phone_purity([0, 0, 0, 1], ["a", "a", "b", "b"])
        0.75

    References:
        [hsu2021hubert], section IV-E.
    """
    return float(joint_shares(units, labels).max(axis=1).sum())


def cluster_purity(units: object, labels: object) -> float:
    """The same with the two exchanged: falls where a label is spread over several units.

        Σ_y max_z p_zy

    Args:
        units: shape (n,).
        labels: shape (n,).

    Example:
        >>> cluster_purity([0, 1, 2, 2], ["a", "a", "b", "b"])
        0.75

    References:
        [hsu2021hubert], section IV-E.
    """
    return float(joint_shares(units, labels).max(axis=0).sum())


def pnmi(units: object, labels: object) -> float:
    """The share of what there is to know of the label that the unit tells: mutual information over entropy.

        I(y; z) / H(y) = (H(y) + H(z) - H(y, z)) / H(y)

    Args:
        units: shape (n,).
        labels: shape (n,), two or more different ones.

    Returns:
        0 where unit and label are independent, 1 where the unit determines the label.

    Raises:
        ValueError: all labels are the same: there is nothing to know.

    Example:
        >>> pnmi([0, 1, 2, 2], ["a", "a", "b", "b"])
        1.0

    References:
        [hsu2021hubert], section IV-E: phone-normalised mutual information.
    """
    shares = joint_shares(units, labels)
    of_label = float(entropy(shares.sum(axis=0)))
    if of_label == 0:
        raise ValueError("two labels or more expected, given one")
    together = float(entropy(shares.ravel()))
    return (of_label + float(entropy(shares.sum(axis=1))) - together) / of_label
