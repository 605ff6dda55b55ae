"""Points in the unit square and numbers in the unit interval, with the sequences that a pointer network should answer.

Dimensions: B problems, N points.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Task = Literal["hull", "sort"]
INPUTS: dict[Task, int] = {"hull": 2, "sort": 1}  # coordinates of a point


class Problems(NamedTuple):
    """Problems of one size; place N, which is no point, ends an answer and fills it up."""

    points: NDArray[np.float64]  # (B, N, 2) or (B, N, 1)
    answers: NDArray[np.int64]  # (B, N + 1) places


def draw_problems(task: Task, *, count: int, size: int, rng: np.random.Generator) -> Problems:
    """Points that are uniform and independent, with their right answers.

    Args:
        task: "hull", the corners of the convex hull; "sort", all numbers from the smallest up.
        count: B.
        size: N, at least 3 for a hull.
        rng: what draws them.
    """
    points = rng.random((count, size, INPUTS[task]))
    if task == "hull":
        return Problems(points, convex_hulls(points))
    ends = np.full((count, 1), size)
    return Problems(points, np.concatenate((points[:, :, 0].argsort(axis=1), ends), axis=1))


def convex_hulls(points: NDArray[np.float64]) -> NDArray[np.int64]:
    """Corners of the convex hulls, counter-clockwise from the leftmost point, by gift wrapping of all sets at once.

    From a corner, with the direction in which the last edge ran, the next corner is the point that asks for the least
    turn to the left. Points are taken to be in general position: no three in line.

    Args:
        points: (B, N, 2), N at least 3.

    Returns:
        (B, N + 1) places of corners, then N.

    Example:
        >>> convex_hulls(np.array([[[0.5, 0.4], [1, 0], [0, 0.1], [0.9, 1]]]))
        array([[2, 1, 3, 4, 4]])

    References:
        [jarvis1973identification].
    """
    count, size, _ = points.shape
    rows = np.arange(count)
    answers = np.full((count, size + 1), size)
    first = points[:, :, 0].argmin(axis=1)  # (B,)
    corner, direction = first, np.tile([0.0, -1.0], (count, 1))  # all points lie to the left of this
    open_ = np.ones(count, dtype=bool)
    for step in range(size):
        answers[open_, step] = corner[open_]
        ways = points - points[rows, corner][:, None]  # (B, N, 2)
        x, y = direction[:, :1], direction[:, 1:]
        turns = np.arctan2(x * ways[:, :, 1] - y * ways[:, :, 0], x * ways[:, :, 0] + y * ways[:, :, 1])  # (B, N)
        turns[rows, corner] = np.inf
        following = turns.argmin(axis=1)
        direction = ways[rows, following]
        corner = following
        open_ = open_ & (corner != first)
        if not open_.any():
            break
    return answers


def polygon_area(corners: NDArray[np.float64]) -> float:
    """Area of a polygon, positive if its corners (K, 2) run counter-clockwise: ½ Σ (xᵢ yᵢ₊₁ - xᵢ₊₁ yᵢ).

    Example:
        >>> polygon_area(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]]))
        1.0
    """
    x, y = corners.T
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum() / 2)


def is_simple(corners: NDArray[np.float64]) -> bool:
    """Whether a polygon (K, 2) has at least three corners, all different, and no two of its sides cross.

    Example:
        >>> is_simple(np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]))  # a bow tie
        False
    """
    count = len(corners)
    if count < 3 or len(np.unique(corners, axis=0)) < count:
        return False
    ends = np.roll(corners, -1, axis=0)
    # side[i, j]: on which side of side i corner j lies, side_end[i, j] the end of side j
    side, side_end = (
        (ends - corners)[:, None, 0] * (other[None, :, 1] - corners[:, None, 1])
        - (ends - corners)[:, None, 1] * (other[None, :, 0] - corners[:, None, 0])
        for other in (corners, ends)
    )
    parts = side * side_end < 0  # side i's line parts the ends of side j
    return not bool((parts & parts.T).any())


def same_polygon(one: list[int], other: list[int]) -> bool:
    """Whether two lists of corners name the same polygon in the same sense, wherever they start.

    Example:
        >>> same_polygon([2, 1, 3], [3, 2, 1]), same_polygon([2, 1, 3], [1, 2, 3])
        (True, False)
    """
    if set(one) != set(other) or len(set(one)) < len(one):
        return False
    start = other.index(one[0])
    return other[start:] + other[:start] == one
