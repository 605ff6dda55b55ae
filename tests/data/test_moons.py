"""Moons and rings against scikit-learn, and their densities against SciPy's quadrature and histograms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import multivariate_normal
from sklearn.datasets import make_circles, make_moons

from mlblog.data.moons import draw_moons, draw_rings, moon_arcs, moon_log_densities, ring_arcs, ring_log_densities


def test_arcs_are_scikit_learns() -> None:
    angles = torch.linspace(0, math.pi, 7, dtype=torch.float64)
    theirs, labels = make_moons(14, shuffle=False)
    np.testing.assert_allclose(moon_arcs(angles).flatten(0, 1).numpy(), theirs, atol=1e-12)
    assert labels.tolist() == [0] * 7 + [1] * 7
    angles = 2 * math.pi * torch.arange(7, dtype=torch.float64) / 7
    theirs, labels = make_circles(14, shuffle=False, factor=0.5)
    np.testing.assert_allclose(ring_arcs(angles).flip(0).flatten(0, 1).numpy(), theirs, atol=1e-12)


@pytest.mark.parametrize(("draw", "arcs"), [(draw_moons, moon_arcs), (draw_rings, ring_arcs)])
def test_points_are_as_far_from_their_arc_as_the_noise(draw: object, arcs: object) -> None:
    points, labels = draw(4_000, 1e-4, generator=torch.Generator().manual_seed(0))  # type: ignore[operator]
    both = arcs(torch.linspace(0, 2 * math.pi if draw is draw_rings else math.pi, 2_001))  # type: ignore[operator]
    nearest = torch.stack([torch.cdist(points, arc).min(1).values for arc in both], dim=1)
    assert torch.equal(nearest.argmin(1), labels)
    assert nearest.min(1).values.max() < 2e-3
    assert labels.double().mean().item() == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("densities", [moon_log_densities, ring_log_densities])
def test_densities_are_scipys_quadrature(densities: object) -> None:
    points = torch.tensor([[0.4, 0.9], [1.0, 0.1], [-0.5, 0.3]], dtype=torch.float64)
    found = densities(points, 0.2)  # type: ignore[operator]
    end = math.pi if densities is moon_log_densities else 2 * math.pi
    for row, point in zip(found, points.numpy(), strict=True):
        for half in range(2):

            def integrand(a: float, half: int = half, point: np.ndarray = point) -> float:
                if densities is moon_log_densities:
                    centre = (math.cos(a), math.sin(a)) if half == 0 else (1 - math.cos(a), 0.5 - math.sin(a))
                else:
                    centre = ((0.5, 1.0)[half] * math.cos(a), (0.5, 1.0)[half] * math.sin(a))
                return float(multivariate_normal(centre, 0.04).pdf(point))

            assert row[half].exp().item() == pytest.approx(quad(integrand, 0, end)[0] / end, rel=2e-3)


@pytest.mark.parametrize(("draw", "densities"), [(draw_moons, moon_log_densities), (draw_rings, ring_log_densities)])
def test_draws_follow_their_density(draw: object, densities: object) -> None:
    """Shares in cells of a grid beside sums of the density over them."""
    points, labels = draw(60_000, 0.2, generator=torch.Generator().manual_seed(1))  # type: ignore[operator]
    edges = np.linspace(-3, 3, 13)
    fine = torch.linspace(-3, 3, 121, dtype=torch.float64)[:-1] + 0.025
    grid = torch.stack(torch.meshgrid(fine, fine, indexing="ij"), dim=-1).flatten(0, 1)
    found = densities(grid, 0.2).exp().view(12, 10, 12, 10, 2).sum((1, 3)) * 0.05**2  # type: ignore[operator]
    for half in range(2):
        mine = points[labels == half].numpy()
        shares = np.histogram2d(*mine.T, bins=(edges, edges))[0] / len(mine)
        np.testing.assert_allclose(shares, found[..., half].numpy(), atol=6e-3)
        assert found[..., half].sum().item() == pytest.approx(1, abs=1e-3)
