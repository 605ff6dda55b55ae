"""The share of each pixel that a convex shape covers: drawing without jagged edges.

Dimensions: n shapes, S rows and S columns of pixels, K corners. A pixel in row i and column j is the square from (j, i)
to (j + 1, i + 1): x runs to the right, y downwards.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

LINES = 8  # scan lines per row of pixels
Floats = NDArray[np.float64]


def disc_coverage(centres: Floats, radii: Floats, *, side: int) -> Floats:
    """Cover pixels by discs.

    Args:
        centres: (n, 2), x and y in pixels.
        radii: (n,), in pixels.
        side: S.

    Returns:
        (n, S, S), 0 to 1.

    Example:
        >>> disc_coverage(np.array([[1.0, 1.0]]), np.array([1.0]), side=2).round(2).tolist()
        [[[0.79, 0.79], [0.79, 0.79]]]
    """
    x, y = centres[:, :1], centres[:, 1:]

    def ends(at: Floats) -> tuple[Floats, Floats]:
        half = np.sqrt(np.maximum(radii[:, None] ** 2 - (at - y) ** 2, 0))
        return x - half, x + half

    return _coverage(y[:, 0] - radii, y[:, 0] + radii, ends, side)


def polygon_coverage(corners: Floats, *, side: int) -> Floats:
    """Cover pixels by convex polygons.

    Args:
        corners: (n, K, 2), x and y in pixels, in order along the edge.
        side: S.

    Returns:
        (n, S, S), 0 to 1.

    Example:
        >>> square = np.array([[[0.5, 0.0], [2.0, 0.0], [2.0, 1.5], [0.5, 1.5]]])
        >>> polygon_coverage(square, side=2).tolist()
        [[[0.5, 1.0], [0.25, 0.5]]]
    """
    first, second = corners, np.roll(corners, -1, axis=1)

    def ends(at: Floats) -> tuple[Floats, Floats]:
        left, right = np.full(at.shape, np.inf), np.full(at.shape, -np.inf)
        for edge in range(corners.shape[1]):
            (x, y), (x_end, y_end) = first[:, edge, :, None].swapaxes(0, 1), second[:, edge, :, None].swapaxes(0, 1)
            high = y_end - y
            level = high == 0
            met = (np.minimum(y, y_end) <= at) & (at <= np.maximum(y, y_end)) & ~level
            crossing = x + (at - y) / np.where(level, 1, high) * (x_end - x)
            left = np.where(met, np.minimum(left, crossing), left)
            right = np.where(met, np.maximum(right, crossing), right)
        missed = left > right
        return np.where(missed, 0, left), np.where(missed, 0, right)

    return _coverage(corners[..., 1].min(1), corners[..., 1].max(1), ends, side)


def _coverage(top: Floats, bottom: Floats, ends: Callable[[Floats], tuple[Floats, Floats]], side: int) -> Floats:
    """The mean over lines of what lies between the two ends on each, exact along the line."""
    rows, edges = np.arange(side), np.arange(side + 1)
    begins = np.clip(top[:, None], rows, rows + 1)  # (n, S): where in a row the shape begins, and where it ends
    high = np.clip(bottom[:, None], rows, rows + 1) - begins
    covered = np.zeros((len(top), side, side))
    for line in range(LINES):
        left, right = ends(begins + high * (line + 0.5) / LINES)
        passed = np.clip(edges, left[..., None], right[..., None])  # (n, S, S + 1)
        covered += np.diff(passed) * (high / LINES)[..., None]
    return covered
