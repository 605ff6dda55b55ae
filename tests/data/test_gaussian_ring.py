"""The ring of Gaussians: its centres and its moments."""

import numpy as np
import pytest
import torch

from mlblog.data.ring import ring_centres, ring_of_gaussians


def test_centres_are_the_roots_of_unity() -> None:
    roots = 3 * np.exp(2j * np.pi * np.arange(5) / 5)
    np.testing.assert_allclose(ring_centres(5, 3.0).numpy(), np.stack([roots.real, roots.imag], axis=1), atol=1e-6)


def test_points_lie_evenly_about_their_centres() -> None:
    torch.manual_seed(0)
    points = ring_of_gaussians(60_000, modes=6, radius=2.0, spread=0.1)
    distances = torch.cdist(points, ring_centres(6, 2.0))
    nearest = distances.argmin(dim=1)
    shares = torch.bincount(nearest, minlength=6) / len(points)
    assert shares.tolist() == pytest.approx([1 / 6] * 6, abs=0.01)
    away = points - ring_centres(6, 2.0)[nearest]
    assert away.std(dim=0).tolist() == pytest.approx([0.1, 0.1], rel=0.02)
