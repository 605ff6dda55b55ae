"""Adversarial losses against their definitions, and the best discriminator against closed forms."""

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.stats import norm
from torch.nn import functional as F

from mlblog.losses.adversarial import (
    discriminator_loss,
    jensen_shannon,
    minimax_loss,
    non_saturating_loss,
    optimal_discriminator,
)

LOGITS = torch.tensor([-3.0, -0.2, 0.0, 1.7, 30.0], dtype=torch.float64)


def test_the_losses_are_cross_entropies() -> None:
    on_real, on_fake = discriminator_loss(LOGITS, LOGITS[:3])
    ones, zeros = torch.ones(5, dtype=torch.float64), torch.zeros(5, dtype=torch.float64)
    bce = F.binary_cross_entropy_with_logits
    torch.testing.assert_close(on_real, bce(LOGITS, ones, reduction="none"))
    torch.testing.assert_close(on_fake, bce(LOGITS[:3], zeros[:3], reduction="none"))
    torch.testing.assert_close(non_saturating_loss(LOGITS), bce(LOGITS, ones, reduction="none"))
    torch.testing.assert_close(minimax_loss(LOGITS), -bce(LOGITS, zeros, reduction="none"))


def test_one_gradient_vanishes_where_the_other_is_largest() -> None:
    sure = torch.tensor([-12.0], dtype=torch.float64, requires_grad=True)  # the discriminator knows a fake
    probability = torch.sigmoid(sure).item()
    assert torch.autograd.grad(minimax_loss(sure).sum(), sure)[0].item() == pytest.approx(-probability)
    assert torch.autograd.grad(non_saturating_loss(sure).sum(), sure)[0].item() == pytest.approx(probability - 1)


def test_no_discriminator_beats_the_optimal_one() -> None:
    x = np.linspace(-4, 4, 2001)
    p, q, step = norm.pdf(x, -0.5, 1.2), norm.pdf(x, 0.8, 0.9), x[1] - x[0]
    p, q = p / (p.sum() * step), q / (q.sum() * step)
    best = optimal_discriminator(p, q)

    def value(d: np.ndarray) -> float:
        return float(np.sum(p * np.log(d) + q * np.log1p(-d)) * step)

    random = np.random.default_rng(0)
    for _ in range(20):
        other = np.clip(best + 0.1 * random.normal() * np.sin(x + random.normal()), 1e-6, 1 - 1e-6)
        assert value(other) < value(best)
    weights = np.full_like(x, step)
    assert value(best) == pytest.approx(2 * jensen_shannon(p, q, weights) - np.log(4), abs=1e-9)


@pytest.mark.parametrize("shift", [0.0, 0.3, 0.75, 1.0])
def test_two_uniform_distributions_are_apart_by_their_shift(shift: float) -> None:
    """U(0, 1) and U(t, 1 + t): JSD = t log 2 up to t = 1."""
    count = 4_000
    x = (np.arange(3 * count) + 0.5) / count
    p, q = (x < 1).astype(float), ((x > shift) & (x < 1 + shift)).astype(float)
    assert jensen_shannon(p, q, np.full_like(x, 1 / count)) == pytest.approx(shift * np.log(2), abs=1e-9)


def test_probabilities_agree_with_scipy() -> None:
    p, q = np.random.default_rng(2).dirichlet(np.ones(7), size=2)
    p[2] = 0
    p /= p.sum()
    assert jensen_shannon(p, q, np.ones(7)) == pytest.approx(jensenshannon(p, q) ** 2)


def test_where_there_is_nothing_the_discriminator_cannot_tell() -> None:
    assert optimal_discriminator(np.zeros(3), np.array([0.0, 1.0, 0.0])).tolist() == [0.5, 0.0, 0.5]
