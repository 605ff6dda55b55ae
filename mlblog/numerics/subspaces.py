"""Angles between two subspaces.

Dimensions: D features, k and m columns.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def principal_angles(first: NDArray[np.float64], second: NDArray[np.float64]) -> NDArray[np.float64]:
    """The angles between the spaces that two sets of columns span, in radians, from the smallest to the largest.

        cos θ_i = the i-th largest singular value of Q₁' Q₂,   Q orthonormal bases

    Small angles are taken from their sines, of (I - Q₁ Q₁') Q₂, since a cosine near 1 has lost their digits.

    Args:
        first: (D, k), of full column rank.
        second: (D, m), of full column rank, m ≤ k.

    Returns:
        (m,), in [0, π / 2].

    Raises:
        ValueError: the shapes do not fit, m > k, k > D, or a number is not finite.

    Example:
        >>> plane, line = np.eye(3)[:, :2], np.array([[1.0], [0.0], [1.0]])
        >>> np.degrees(principal_angles(plane, line)).round(6).tolist()
        [45.0]

    References:
        [bjorck1973numerical], section 3.
    """
    first, second = (np.asarray(columns, dtype=np.float64) for columns in (first, second))
    if (
        first.ndim != 2
        or second.ndim != 2
        or len(first) != len(second)
        or not second.shape[1] <= first.shape[1] <= len(first)
    ):
        raise ValueError(f"(D, k) and (D, m) with m ≤ k ≤ D expected, given {first.shape} and {second.shape}")
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise ValueError("finite columns expected")
    q, r = np.linalg.qr(first)[0], np.linalg.qr(second)[0]
    shared = q.T @ r
    cosines = np.clip(np.linalg.svd(shared, compute_uv=False), 0.0, 1.0)
    sines = np.clip(np.linalg.svd(r - q @ shared, compute_uv=False)[::-1], 0.0, 1.0)
    angles: NDArray[np.float64] = np.where(cosines**2 < 0.5, np.arccos(cosines), np.arcsin(sines))
    return angles
