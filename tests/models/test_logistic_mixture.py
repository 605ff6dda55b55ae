"""Mixtures of logistic distributions against SciPy's distribution functions, and against their own draws."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor

from mlblog.models.logistic_mixture import DiscretizedMixLogistic, bits_of, mixture_size


def numbers(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_probabilities_are_differences_of_the_distribution_function() -> None:
    """One channel, 256 levels, by scipy.stats.logistic, with bells inside, at the ends, and far outside."""
    said = numbers(9)
    said[3:6] = torch.tensor([-0.99, 0.2, 1.7])
    said[6:] = torch.tensor([-2.0, -4.5, -1.0])
    found = DiscretizedMixLogistic(said.expand(256, 9), channels=1, levels=256).log_prob(torch.arange(256)[:, None])
    weights, means, scales = said.numpy().reshape(3, 3)
    shares = np.exp(weights) / np.exp(weights).sum()
    edges = np.concatenate([[-np.inf], (np.arange(255) + 0.5) * 2 / 255 - 1, [np.inf]])
    bells = [scipy.stats.logistic(m, np.exp(s)).cdf(edges) for m, s in zip(means, scales, strict=True)]
    right = (shares[:, None] * np.diff(np.array(bells), axis=1)).sum(0)
    np.testing.assert_allclose(found.exp().numpy(), right, rtol=1e-9, atol=1e-14)
    assert float(found.exp().sum()) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(("channels", "levels"), [(1, 256), (1, 2), (2, 7), (3, 5)])
def test_all_values_sum_to_one(channels: int, levels: int) -> None:
    said = 2 * numbers(4, mixture_size(2, channels))
    values = torch.tensor(list(itertools.product(range(levels), repeat=channels)))
    mixture = DiscretizedMixLogistic(said[:, None].expand(-1, len(values), -1), channels=channels, levels=levels)
    nats = mixture.log_prob(values.expand(4, -1, -1))
    torch.testing.assert_close(nats.exp().sum(1), torch.ones(4, dtype=torch.float64), rtol=0, atol=1e-12)


def test_a_channel_moves_the_mean_of_later_ones_alone() -> None:
    """One component, three channels: the conditional of each is a bell about m + tanh(a) x, by SciPy."""
    said = numbers(10)
    _, *means = said[:4].tolist()
    scales, (green, blue, other) = np.exp(said[4:7].numpy()), np.tanh(said[7:].numpy())
    edges = np.concatenate([[-np.inf], (np.arange(4) + 0.5) / 2 - 1, [np.inf]])
    for values in itertools.product(range(5), repeat=3):
        r, g, _ = (value / 2 - 1 for value in values)
        moved = [means[0], means[1] + green * r, means[2] + blue * r + other * g]
        right = 1.0
        for value, mean, scale in zip(values, moved, scales, strict=True):
            right *= np.diff(scipy.stats.logistic(mean, scale).cdf(edges))[value]
        found = DiscretizedMixLogistic(said, channels=3, levels=5).log_prob(torch.tensor(values))
        assert float(found.exp()) == pytest.approx(right, rel=1e-9)


def test_draws_follow_the_probabilities() -> None:
    count, said = 20_000, numbers(mixture_size(2, 2))
    values = torch.tensor(list(itertools.product(range(4), repeat=2)))
    mixture = DiscretizedMixLogistic(said.expand(count, -1), channels=2, levels=4)
    drawn = mixture.draw(torch.Generator().manual_seed(0))
    met = np.bincount((drawn @ torch.tensor([4, 1])).numpy(), minlength=16)
    shares = DiscretizedMixLogistic(said.expand(16, -1), channels=2, levels=4).log_prob(values).exp().numpy()
    assert scipy.stats.chisquare(met, count * shares / shares.sum()).pvalue > 1e-3


def test_far_away_bells_have_finite_prices_and_gradients() -> None:
    """Where both distribution functions are 1 to the last digit, a difference would be 0."""
    said = torch.tensor([0.0, -3.0, -6.5], requires_grad=True)
    mixture = DiscretizedMixLogistic(said.expand(3, 3), channels=1, levels=256)
    nats = mixture.log_prob(torch.tensor([[255], [128], [0]]))
    (gradient,) = torch.autograd.grad(nats.sum(), said)
    assert nats.isfinite().all()
    assert gradient.isfinite().all()
    assert gradient[1] > 0, "towards the values"


def test_log_prob_has_the_gradients_of_differences() -> None:
    said = numbers(5, mixture_size(3, 2)).requires_grad_()
    values = torch.tensor([[0, 3], [6, 6], [2, 0], [1, 5], [4, 4]])
    assert torch.autograd.gradcheck(lambda x: DiscretizedMixLogistic(x, channels=2, levels=7).log_prob(values), (said,))


def test_bits_and_sizes() -> None:
    assert float(bits_of(torch.tensor(-np.log(8.0)), 3)) == pytest.approx(1)
    with pytest.raises(ValueError, match="7 numbers say no mixture over 2 channels"):
        DiscretizedMixLogistic(torch.zeros(7), channels=2, levels=4)
    with pytest.raises(ValueError, match="0 numbers"):
        DiscretizedMixLogistic(torch.zeros(0), channels=1, levels=4)
