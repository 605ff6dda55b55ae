"""The bound of the discrete VAE, summed by hand over every code of a small one."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from mlblog.experiments.ilsampling_vae import negative_bound, side_by_side
from mlblog.losses.discrete import exact_gradient, expected_loss
from mlblog.models.discrete_vae import DiscreteVAE


def small() -> tuple[DiscreteVAE, torch.Tensor]:
    torch.manual_seed(0)
    net = DiscreteVAE(pixels=7, variables=2, categories=3, hidden=5).double()
    return net, (torch.rand(4, 7, dtype=torch.float64) > 0.5).double()


def by_hand(net: DiscreteVAE, images: torch.Tensor) -> torch.Tensor:
    """-Σ_z q(z) log (p(x, z) / q(z)) for each image, one code at a time."""
    q = net.encode(images).softmax(-1)  # (4, 2, 3)
    bound = torch.zeros(4, dtype=torch.float64)
    for first, second in itertools.product(range(3), range(3)):
        code = F.one_hot(torch.tensor([first, second]), 3).double()
        chance = q[:, 0, first] * q[:, 1, second]
        pixels = net.decoder(code.reshape(1, 6)).expand(4, 7)
        surprise = F.binary_cross_entropy_with_logits(pixels, images, reduction="none").sum(-1)
        bound += chance * (surprise + chance.log() + 2 * math.log(3))
    return bound


def test_the_exact_bound_is_the_sum_by_hand() -> None:
    net, images = small()
    expected = by_hand(net, images).mean().item()
    assert negative_bound(side_by_side(net, 1), images).tolist() == pytest.approx([expected], rel=1e-12)


def test_the_sampled_bound_has_that_expectation() -> None:
    net, images = small()
    logits = net.encode(images)
    torch.testing.assert_close(expected_loss(logits, net.sampled_bound(logits, images)), by_hand(net, images))


def test_its_exact_gradient_is_that_of_the_bound() -> None:
    net, images = small()
    logits = net.encode(images)
    (expected,) = torch.autograd.grad(by_hand_from(net, logits, images), logits)
    torch.testing.assert_close(exact_gradient(logits, net.sampled_bound(logits, images)), expected)


def by_hand_from(net: DiscreteVAE, logits: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    """The bound as a differentiable function of the logits, its divergence in closed form by torch.distributions."""
    q = torch.distributions.Categorical(logits=logits)
    uniform = torch.distributions.Categorical(logits=torch.zeros_like(logits))
    divergence = torch.distributions.kl_divergence(q, uniform).sum()
    torch.testing.assert_close(net.divergence(logits).sum(), divergence)
    fit = logits.new_zeros(())
    for first, second in itertools.product(range(3), range(3)):
        code = F.one_hot(torch.tensor([first, second]), 3).double()
        pixels = net.decoder(code.reshape(1, 6)).expand(4, 7)
        surprise = F.binary_cross_entropy_with_logits(pixels, images, reduction="none").sum(-1)
        fit = fit + (q.probs[:, 0, first] * q.probs[:, 1, second] * surprise).sum()
    return fit + divergence


def test_shapes_and_more_leading_dimensions() -> None:
    net, images = small()
    logits = net.encode(images)
    assert logits.shape == (4, 2, 3)
    many = logits.softmax(-1).expand(6, 4, 2, 3)
    surprise = net.surprise(many, images)
    assert surprise.shape == (6, 4)
    torch.testing.assert_close(surprise[5], net.surprise(many[5], images))


def test_the_sampled_bound_has_a_slope_towards_categories_that_were_not_drawn() -> None:
    """Estimators ask for it at a one-hot draw, where most entries are zero."""
    net, images = small()
    bound = net.sampled_bound(net.encode(images), images)
    drawn = F.one_hot(torch.tensor([[0, 2], [1, 1], [2, 0], [0, 0]]), 3).double().requires_grad_()
    (slope,) = torch.autograd.grad(bound(drawn).sum(), drawn)
    for place in itertools.product(range(4), range(2), range(3)):
        step = torch.zeros_like(drawn)
        step[place] = 1e-6
        rise = (bound(drawn + step) - bound(drawn - step)).sum().item() / 2e-6
        assert slope[place].item() == pytest.approx(rise, abs=1e-6)
