"""Coverage against areas by formula, and against a lattice of points in each pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from matplotlib.path import Path

from mlblog.data.raster import disc_coverage, polygon_coverage

POINTS = 64  # a pixel, in each direction
SIDE = 11


def lattice() -> np.ndarray:
    """(S, S, POINTS², 2): points x, y of every pixel."""
    steps = (np.arange(POINTS) + 0.5) / POINTS
    inside = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    corner = np.stack(np.meshgrid(np.arange(SIDE), np.arange(SIDE)), axis=-1)
    return np.asarray(corner[:, :, None] + inside)


def test_discs_cover_their_area() -> None:
    rng = np.random.default_rng(1)
    radii = rng.uniform(0.4, 3, size=50)
    centres = radii[:, None] + rng.random((50, 2)) * (SIDE - 2 * radii[:, None])
    found = disc_coverage(centres, radii, side=SIDE)
    np.testing.assert_allclose(found.sum((1, 2)), math.pi * radii**2, rtol=8e-3)
    large = radii > 1.5
    np.testing.assert_allclose(found.sum((1, 2))[large], math.pi * radii[large] ** 2, rtol=2e-3)
    assert found.min() >= 0
    assert found.max() <= 1 + 1e-12


def test_each_pixel_of_a_disc_is_covered_as_its_points_say() -> None:
    points = lattice()
    for centre, radius in (((5.3, 4.1), 3.2), ((2.0, 8.5), 0.45), ((0.2, 10.0), 2.5)):
        right = (((points - centre) ** 2).sum(-1) <= radius**2).mean(-1)
        found = disc_coverage(np.array([centre]), np.array([radius]), side=SIDE)[0]
        np.testing.assert_allclose(found, right, atol=0.012)


POLYGONS = {
    "triangle": [(1.2, 9.3), (5.1, 0.7), (9.9, 7.2)],
    "flat": [(2.3, 8.4), (6.2, 1.9), (10.1, 8.4)],
    "diamond": [(5.4, 1.1), (9.0, 5.3), (5.4, 9.5), (1.8, 5.3)],
    "partly outside": [(-2.0, 3.0), (5.0, -3.0), (8.0, 4.5), (2.0, 13.0)],
    "smaller than a pixel": [(3.2, 3.1), (3.9, 3.3), (3.5, 3.8)],
}


@pytest.mark.parametrize("name", POLYGONS)
def test_each_pixel_of_a_polygon_is_covered_as_its_points_say(name: str) -> None:
    corners = np.array(POLYGONS[name])
    right = Path(corners).contains_points(lattice().reshape(-1, 2)).reshape(SIDE, SIDE, -1).mean(-1)
    found = polygon_coverage(corners[None], side=SIDE)[0]
    np.testing.assert_allclose(found, right, atol=0.02)
    backwards = polygon_coverage(corners[None, ::-1], side=SIDE)[0]
    np.testing.assert_allclose(backwards, found, atol=1e-12)
    if name != "partly outside":
        x, y = corners.T
        area = abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2
        assert found.sum() == pytest.approx(area, rel=3e-3, abs=2e-3)


def test_upright_rectangles_are_exact() -> None:
    left, top, right, bottom = 1.3, 2.71, 7.05, 2.9
    corners = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]])
    edges = np.arange(SIDE + 1)
    expected = np.outer(np.diff(np.clip(edges, top, bottom)), np.diff(np.clip(edges, left, right)))
    np.testing.assert_allclose(polygon_coverage(corners, side=SIDE)[0], expected, atol=1e-12)
