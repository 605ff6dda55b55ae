"""The experiments on discrete gradients: their exact parts against enumeration, and each at smoke scale elsewhere."""

import pytest
import torch

from mlblog.data.digits import load_digits
from mlblog.experiments.ilsampling import (
    bernoulli_loss,
    divergence,
    fixed_point,
    linear_loss,
    square_loss,
    toy_exact_gradient,
    toy_loss,
)
from mlblog.experiments.ilsampling_beyond import AIMS, scaled_gradient
from mlblog.experiments.ilsampling_vae import binary_parts, no_code
from mlblog.losses.discrete import IntermediateLossSampler, all_draws, enumerated_bias_variance, exact_gradient


def target(problems: int, variables: int, categories: int) -> torch.Tensor:
    torch.manual_seed(categories)
    return torch.rand(problems, variables, categories, dtype=torch.float64).softmax(-1)


@pytest.mark.parametrize("epsilon", [1e-8, 1e-2])
def test_the_toys_exact_gradient_is_that_of_enumeration(epsilon: float) -> None:
    p = target(5, 2, 3)
    logits = torch.randn(5, 2, 3, dtype=torch.float64)
    torch.testing.assert_close(
        toy_exact_gradient(logits, p, epsilon), exact_gradient(logits, toy_loss(p, epsilon)), rtol=1e-9, atol=1e-12
    )


def test_the_fixed_point_is_one_of_the_estimator() -> None:
    """At ε = 1e-8 and π ∝ p (1 - p), the enumerated mean of the estimates is zero."""
    p = target(4, 1, 5)
    found = enumerated_bias_variance(IntermediateLossSampler(0.1), fixed_point(p).log(), toy_loss(p, 1e-8))
    assert found.mean.abs().max() < 1e-6
    away = enumerated_bias_variance(IntermediateLossSampler(0.1), p.log(), toy_loss(p, 1e-8))
    assert away.mean.abs().max() > 1e-3


def test_divergence_is_that_of_torch() -> None:
    p, q = target(3, 2, 5), target(3, 2, 5).flip(-1)
    categorical = torch.distributions.Categorical
    torch.testing.assert_close(divergence(p, q), torch.distributions.kl_divergence(categorical(p), categorical(q)))


def test_the_two_losses_agree_on_draws_and_not_between() -> None:
    costs = torch.randn(1, 4, dtype=torch.float64)
    draws = all_draws(1, 4)
    torch.testing.assert_close(linear_loss(costs)(draws), square_loss(costs)(draws))
    assert not torch.allclose(linear_loss(costs)(draws / 2), square_loss(costs)(draws / 2))


def test_the_two_outcomes_have_their_losses() -> None:
    assert bernoulli_loss(0.45)(all_draws(1, 2)).tolist() == pytest.approx([0.45**2, 0.55**2])


def test_the_gaussians_scaled_gradient_is_exact() -> None:
    torch.manual_seed(0)
    assert scaled_gradient("Gaussian", 0.5, 200_000) == pytest.approx(2 * (0.5 - AIMS["Gaussian"]), abs=0.03)


def test_digits_are_split_into_zeros_and_ones() -> None:
    parts = binary_parts(load_digits())
    assert [tuple(images.shape) for images in parts] == [(1200, 64), (200, 64), (397, 64)]
    assert set(parts.test.unique().tolist()) == {0, 1}
    blank = parts._replace(train=torch.zeros(8, 64), test=torch.zeros(3, 64))
    assert no_code(blank) == pytest.approx(64 * torch.log(torch.tensor(10 / 9)).item(), rel=1e-5)
