"""How the modes of the ring are counted."""

import pytest
import torch

from mlblog.data.ring import ring_of_gaussians
from mlblog.experiments.gan import MODES, RADIUS, SPREAD, covered, mode_shares


def test_the_ring_itself_covers_every_mode() -> None:
    torch.manual_seed(0)
    shares = mode_shares(ring_of_gaussians(20_000, modes=MODES, radius=RADIUS, spread=SPREAD))
    assert covered(shares) == MODES
    assert float(shares.sum()) == pytest.approx(1 - torch.exp(torch.tensor(-4.5)).item(), abs=0.005)  # 3 sigma in 2-D


def test_a_collapsed_generator_covers_one() -> None:
    assert covered(mode_shares(torch.tensor([[RADIUS, 0.0]]).repeat(50, 1))) == 1
    assert covered(mode_shares(torch.zeros(50, 2))) == 0
