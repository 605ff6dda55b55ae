"""How the modes of the ring are counted, and what the losses of generators side by side do."""

import math

import pytest
import torch

from mlblog.data.ring import ring_of_gaussians
from mlblog.experiments.gan import (
    MODES,
    RADIUS,
    SETTINGS,
    SPREAD,
    covered,
    generator_losses,
    mode_shares,
    share_divergence,
    step_apart,
)


def test_the_ring_itself_covers_every_mode() -> None:
    torch.manual_seed(0)
    shares = mode_shares(ring_of_gaussians(20_000, modes=MODES, radius=RADIUS, spread=SPREAD))
    assert covered(shares) == MODES
    assert float(shares.sum()) == pytest.approx(1 - math.exp(-4.5), abs=0.005)  # 3 sigma in 2-D
    assert share_divergence(shares) < 0.001


def test_a_collapsed_generator_covers_one() -> None:
    points = torch.stack([torch.tensor([[RADIUS, 0.0]]).repeat(50, 1), torch.zeros(50, 2)])
    assert covered(mode_shares(points)).tolist() == [1, 0]


def test_a_generator_off_the_ring_is_as_far_as_can_be_but_for_the_tails() -> None:
    """The ring has e^-4.5 elsewhere, so m there is (1 + e) / 2 and log 2 is missed by little."""
    e = math.exp(-4.5)
    expected = ((1 - e) * math.log(2) + e * math.log(2 * e / (1 + e)) + math.log(2 / (1 + e))) / 2
    assert share_divergence(torch.zeros(MODES, dtype=torch.float64)) == pytest.approx(expected, rel=1e-9)


def test_each_loss_has_its_gradient_and_rescaled_the_mean_of_the_other() -> None:
    torch.manual_seed(0)
    logits = (2 * torch.randn(1, 9)).expand(len(SETTINGS), 9).clone().requires_grad_()
    generator_losses(logits).sum().backward()
    assert logits.grad is not None
    by_loss = {setting.loss: -logits.grad[i] for i, setting in enumerate(SETTINGS)}
    chance = logits[0].detach().sigmoid()
    torch.testing.assert_close(by_loss["minimax"], chance)
    torch.testing.assert_close(by_loss["non-saturating"], 1 - chance)
    for loss, other in [("minimax", "non-saturating"), ("non-saturating", "minimax")]:
        rescaled = by_loss[f"{loss}, rescaled"]
        torch.testing.assert_close(rescaled.mean(), by_loss[other].mean())
        torch.testing.assert_close(rescaled / rescaled[0], by_loss[loss] / by_loss[loss][0])


def test_steps_are_those_of_adam_at_each_rate() -> None:
    rates = torch.tensor([0.01, 0.3])
    side_by_side = torch.ones(2, 3, 1, requires_grad=True)
    together = torch.optim.Adam([side_by_side], lr=1.0, betas=(0.5, 0.9))
    alone = [torch.ones(3, 1, requires_grad=True) for _ in rates]
    apart = [torch.optim.Adam([x], lr=float(rate), betas=(0.5, 0.9)) for x, rate in zip(alone, rates, strict=True)]
    for _ in range(4):
        for optimizer, value in [(together, side_by_side), *zip(apart, alone, strict=True)]:
            optimizer.zero_grad()
            (value**4 * torch.tensor([[1.0], [2], [3]])).sum().backward()
        step_apart(together, rates)
        for optimizer in apart:
            optimizer.step()
    torch.testing.assert_close(side_by_side.detach(), torch.stack([x.detach() for x in alone]))
