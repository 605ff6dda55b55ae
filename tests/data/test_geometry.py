"""Hulls against SciPy, polygons against the crossing points of their sides."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.spatial import ConvexHull

from mlblog.data.geometry import convex_hulls, draw_problems, is_simple, polygon_area, same_polygon


@pytest.mark.parametrize("size", [3, 4, 9, 41])
def test_hulls_are_those_of_scipy(size: int) -> None:
    problems = draw_problems("hull", count=70, size=size, rng=np.random.default_rng(size))
    for points, answer in zip(problems.points, problems.answers.tolist(), strict=True):
        corners = [place for place in answer if place < size]
        assert answer == corners + [size] * (size + 1 - len(corners))
        right = ConvexHull(points).vertices.tolist()  # counter-clockwise
        start = right.index(int(points[:, 0].argmin()))
        assert corners == right[start:] + right[:start]
        assert polygon_area(points[corners]) == pytest.approx(ConvexHull(points).volume)
        assert polygon_area(points[corners[::-1]]) == pytest.approx(-ConvexHull(points).volume)


def test_points_on_a_circle_are_all_corners() -> None:
    angles = np.sort(np.random.default_rng(1).uniform(-np.pi, np.pi, 13))
    circle = np.stack((np.cos(angles), np.sin(angles)), axis=1)
    order = np.random.default_rng(2).permutation(13)
    answer = convex_hulls(circle[order][None])[0].tolist()
    assert answer[-1] == 13
    assert same_polygon(order[answer[:-1]].tolist(), list(range(13)))


@pytest.mark.parametrize("size", [1, 6])
def test_sorting_puts_the_numbers_in_order(size: int) -> None:
    problems = draw_problems("sort", count=11, size=size, rng=np.random.default_rng(0))
    assert (problems.answers[:, -1] == size).all()
    for numbers, answer in zip(problems.points[:, :, 0], problems.answers, strict=True):
        assert numbers[answer[:-1]].tolist() == sorted(numbers.tolist())


def crosses(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> bool:
    """Whether a + s (b - a) = c + t (d - c) for s and t strictly between 0 and 1."""
    s, t = np.linalg.solve(np.stack((b - a, c - d), axis=1), c - a)
    return bool(1e-12 < s < 1 - 1e-12 and 1e-12 < t < 1 - 1e-12)


@pytest.mark.parametrize("corners", [3, 4, 5, 6])
def test_a_simple_polygon_is_one_whose_sides_do_not_cross(corners: int) -> None:
    rng, seen = np.random.default_rng(corners), set()
    for _ in range(60):
        polygon = rng.random((corners, 2))
        sides = list(zip(polygon, np.roll(polygon, -1, axis=0), strict=True))
        expected = not any(crosses(*one, *other) for one, other in itertools.combinations(sides, 2))
        assert is_simple(polygon) == expected
        seen.add(expected)
    assert seen == ({True} if corners == 3 else {True, False})


def test_what_is_no_polygon_is_not_simple() -> None:
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    assert is_simple(square)
    assert not is_simple(square[:2])
    assert not is_simple(square[:0])
    assert not is_simple(square[[0, 1, 2, 1]])


def test_the_same_polygon_may_start_anywhere_and_turns_one_way() -> None:
    assert all(same_polygon([4, 7, 1, 9][start:] + [4, 7, 1, 9][:start], [4, 7, 1, 9]) for start in range(4))
    assert not same_polygon([4, 1, 7, 9], [4, 7, 1, 9])
    assert not same_polygon([4, 7, 1], [4, 7, 1, 9])
    assert not same_polygon([4, 7, 1, 4], [4, 7, 1, 9])
