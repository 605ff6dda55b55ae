"""Noise step by step against its closed form, by Bayes' rule and by quadrature."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, distributions

from mlblog.models.diffusion import (
    cleaned,
    cosine_schedule,
    inpainted,
    less_noisy,
    linear_schedule,
    noised,
    noisier,
    sampled,
    spaced,
)
from mlblog.models.mixture_noise import MixtureNoise

B, D = 5, 3
MEANS = torch.tensor([[-1.0, 0.3], [0.8, 1.1], [0.4, -1.2]], dtype=torch.float64)
MIXTURE = MixtureNoise(MEANS, 0.4, torch.tensor([0.5, 0.2, 0.3], dtype=torch.float64))


def draws(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("levels", [linear_schedule(50), cosine_schedule(50)], ids=["linear", "cosine"])
def test_step_by_step_is_the_closed_form(levels: Tensor) -> None:
    """Mean and variance of x_t by iterating q(x_t | x_t-1): the mean shrinks, the variance grows."""
    mean, variance = 1.7, 0.0
    for t in range(1, len(levels)):
        beta = 1 - (levels[t] / levels[t - 1]).item()
        mean, variance = math.sqrt(1 - beta) * mean, (1 - beta) * variance + beta
        one = torch.tensor([[1.7]], dtype=torch.float64)
        assert noised(one, torch.zeros(1, 1), levels[t]).item() == pytest.approx(mean)
        assert noised(0 * one, torch.ones(1, 1), levels[t]).item() ** 2 == pytest.approx(variance)
    assert levels[0] == 1
    assert levels[-1] < 1e-4
    assert len(levels) == 51


def test_schedules_are_those_of_the_papers() -> None:
    rates = [1e-4 + (0.02 - 1e-4) * t / 999 for t in range(1_000)]
    assert linear_schedule(1_000)[-1].item() == pytest.approx(math.prod(1 - rate for rate in rates))
    found, squares = cosine_schedule(40), [math.cos((t / 40 + 0.008) / 1.008 * math.pi / 2) ** 2 for t in range(41)]
    assert found[:-1].tolist() == pytest.approx([square / squares[0] for square in squares[:-1]])
    assert (found[-1] / found[-2]).item() == pytest.approx(0.001)
    assert linear_schedule(21).diff().max() < 0
    for steps in (-1, 0, 1, 10, 20):
        with pytest.raises(ValueError, match=f"more than 20 steps expected, given {steps}"):
            linear_schedule(steps)


def test_the_random_walk_is_the_closed_form_by_sampling() -> None:
    levels, x = linear_schedule(30), torch.full((200_000,), 0.9, dtype=torch.float64)
    for t in range(1, 31):
        x = noisier(x, draws(200_000, seed=t), levels[t - 1], levels[t])
    level = levels[-1]
    assert x.mean().item() == pytest.approx(math.sqrt(level) * 0.9, abs=0.01)
    assert x.var().item() == pytest.approx(1 - level.item(), abs=0.01)


def test_cleaning_undoes_noise() -> None:
    x, noise, level = draws(B, D), draws(B, D, seed=1), torch.tensor(0.3)
    torch.testing.assert_close(cleaned(noised(x, noise, level), noise, level), x)


def test_the_random_step_is_bayes_rule() -> None:
    """q(x_t-1 | x_t, x_0) as the product of two Gaussians, against the step with η = 1 that is told the true noise."""
    a, b = torch.tensor(0.4, dtype=torch.float64), torch.tensor(0.55, dtype=torch.float64)
    clean, noise, fresh = draws(B, D), draws(B, D, seed=1), draws(B, D, seed=2)
    x = noised(clean, noise, a)
    ratio = (a / b).item()
    # x_t | x_t-1 ~ N(√r x_t-1, 1 - r), x_t-1 | x_0 ~ N(√b x_0, 1 - b)
    precision = ratio / (1 - ratio) + 1 / (1 - b.item())
    mean = (math.sqrt(ratio) * x / (1 - ratio) + b.sqrt() * clean / (1 - b)) / precision
    found = less_noisy(x, noise, a, b, fresh, eta=1.0)
    torch.testing.assert_close(found, mean + fresh / math.sqrt(precision))


@pytest.mark.parametrize("eta", [0.0, 0.6, 1.0])
def test_any_step_keeps_the_distribution_at_the_next_level(eta: float) -> None:
    clean, a, b = 0.8, torch.tensor(0.3), torch.tensor(0.7)
    noise = draws(100_000, 1)
    x = noised(torch.full_like(noise, clean), noise, a)
    found = less_noisy(x, noise, a, b, draws(100_000, 1, seed=3), eta=eta)
    assert found.mean().item() == pytest.approx(math.sqrt(0.7) * clean, abs=0.01)
    assert found.var().item() == pytest.approx(0.3, abs=0.01)


def test_noise_of_a_mixture_is_its_score_by_autograd() -> None:
    level = torch.tensor(0.35, dtype=torch.float64)
    x = draws(B, 2).requires_grad_()
    variance = 0.35 * 0.4**2 + 0.65
    parts = distributions.MultivariateNormal(math.sqrt(0.35) * MEANS, variance * torch.eye(2, dtype=torch.float64))
    whole = distributions.MixtureSameFamily(distributions.Categorical(MIXTURE.shares), parts)
    torch.testing.assert_close(MIXTURE.log_density(x, level), whole.log_prob(x))  # type: ignore[no-untyped-call]  # torch gives it no types
    slope = torch.autograd.grad(whole.log_prob(x).sum(), x)[0]  # type: ignore[no-untyped-call]  # torch gives it no types
    torch.testing.assert_close(MIXTURE.noise(x.detach(), level), -math.sqrt(0.65) * slope)


def test_shares_that_are_alike_have_the_precision_of_the_means() -> None:
    x, level = draws(B, 2), torch.tensor(0.35, dtype=torch.float64)
    variance = 0.35 * 0.4**2 + 0.65
    squares = ((x[:, None] - math.sqrt(0.35) * MEANS) ** 2).sum(-1)
    right = (torch.exp(-squares / (2 * variance)) / (2 * math.pi * variance)).mean(1).log()
    torch.testing.assert_close(MixtureNoise(MEANS, 0.4).log_density(x, level), right, rtol=0, atol=1e-12)


def test_a_component_without_a_share_is_left_out() -> None:
    alone = MixtureNoise(MEANS, 0.4, torch.tensor([0.0, 1.0, 0.0]))
    x, level = draws(B, 2), torch.tensor(0.5)
    torch.testing.assert_close(alone.noise(x, level), MixtureNoise(MEANS[1:2], 0.4).noise(x, level))
    drawn = alone.draw(2_000, torch.Generator().manual_seed(0))
    assert drawn.mean(0).tolist() == pytest.approx(MEANS[1].tolist(), abs=0.04)
    assert drawn.std(0).tolist() == pytest.approx([0.4, 0.4], abs=0.03)


@pytest.mark.parametrize(("eta", "near"), [(0.0, 0.02), (1.0, 0.02)])
def test_gaussian_data_come_back(eta: float, near: float) -> None:
    """With the exact noise, draws have the mean and the spread of the data."""
    data = MixtureNoise(torch.tensor([[0.7]], dtype=torch.float64), 0.5)
    levels = spaced(cosine_schedule(150), 150)
    generator = torch.Generator().manual_seed(0)
    path = sampled(data.noise, draws(20_000, 1, seed=5), levels, eta=eta, generator=generator)
    assert len(path) == 151
    assert path[-1].mean().item() == pytest.approx(0.7, abs=near)
    assert path[-1].std().item() == pytest.approx(0.5, abs=near)


def test_steps_are_spaced_from_the_noisiest_level_to_the_clean_one() -> None:
    levels = cosine_schedule(12)
    assert torch.equal(spaced(levels, 12), levels.flip(0))
    assert spaced(levels, 3).tolist() == [levels[12].item(), levels[8].item(), levels[4].item(), 1.0]
    with pytest.raises(ValueError, match="1 to 12"):
        spaced(levels, 13)


def test_what_is_known_is_kept_and_the_rest_follows_it() -> None:
    """Data on a line: of (x, y) x is known, and y is distributed as it is given x."""
    tight = MixtureNoise(torch.tensor([[-1.0, -1.0], [1.0, 1.0]], dtype=torch.float64), 0.1)
    known = torch.tensor([[1.05, 0.0], [-0.95, 0.0]], dtype=torch.float64).repeat_interleave(300, 0)
    mask = torch.tensor([True, False]).expand(600, 2)
    found = inpainted(
        tight.noise, draws(600, 2, seed=4), spaced(cosine_schedule(60), 60), known, mask, rounds=4,
        generator=torch.Generator().manual_seed(3),
    )  # fmt: skip
    assert torch.equal(found[:, 0], known[:, 0])
    same = (found[:, 1] * known[:, 0] > 0).double().mean()
    assert same > 0.97
    assert found[:300, 1].median().item() == pytest.approx(1.0, abs=0.05)


def test_filling_in_takes_a_round_or_more() -> None:
    x, known = draws(B, 2), torch.zeros(B, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match="at least one round expected, given 0"):
        inpainted(MIXTURE.noise, x, spaced(cosine_schedule(4), 4), known, known > 0, rounds=0)
