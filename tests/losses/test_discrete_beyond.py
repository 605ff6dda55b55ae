"""Beyond categories: the Gaussian's identity, and the biases of a Poisson and a von Mises variable in closed form."""

import math

import pytest
import torch
from scipy import special
from torch import Tensor
from torch.distributions import Normal, Poisson, VonMises

from mlblog.losses.discrete import intermediate_loss

DRAWS = 200_000


def estimate(location: Tensor, value: Tensor) -> float:
    return float(torch.autograd.grad(value.mean(), location)[0])


def test_for_a_gaussian_mean_it_is_the_reparameterised_gradient_draw_by_draw() -> None:
    """dL_I/dμ = α g/σ² - (z - μ)/σ², with the same z as `rsample`."""
    mean, deviation, alpha = torch.full((5,), 0.4, dtype=torch.float64), 1.3, 0.07
    loss = torch.sin
    leaf = mean.clone().requires_grad_()
    torch.manual_seed(1)
    (found,) = torch.autograd.grad(
        intermediate_loss(Normal(leaf, torch.full_like(leaf, deviation)), loss, alpha=alpha).sum(), leaf
    )
    torch.manual_seed(1)
    drawn = Normal(leaf, torch.full_like(leaf, deviation)).rsample()
    (pathwise,) = torch.autograd.grad(loss(drawn).sum(), leaf)
    torch.testing.assert_close(found, (alpha * pathwise - (drawn.detach() - mean)) / deviation**2)


def test_for_a_gaussian_deviation_it_is_biased_by_a_second_order_term() -> None:
    """E dL_I/dσ = 2α E[ε g]/σ² - α² E[g²]/σ³: for L = z, g = 1 and E[ε g] = 0, so it is -α²/σ³ and not 0."""
    deviation, alpha = torch.tensor(0.8, dtype=torch.float64, requires_grad=True), 0.9
    torch.manual_seed(2)
    variable = Normal(torch.zeros(DRAWS, dtype=torch.float64), deviation.expand(DRAWS))
    found = estimate(deviation, intermediate_loss(variable, lambda z: z, alpha=alpha))
    assert found == pytest.approx(-(alpha**2) / deviation.item() ** 3, abs=0.03)


def test_for_a_poisson_rate_it_takes_the_derivative_for_the_difference() -> None:
    """α E[L'(z)]/λ = 2α (λ - t)/λ for L = (z - t)², where the exact gradient is 2λ + 1 - 2t."""
    rate, aim, alpha = torch.tensor(3.0, dtype=torch.float64, requires_grad=True), 5.0, 0.6
    torch.manual_seed(3)
    variable = Poisson(rate.expand(DRAWS), validate_args=False)
    found = estimate(rate, intermediate_loss(variable, lambda z: (z - aim) ** 2, alpha=alpha)) * 3.0 / alpha
    assert found == pytest.approx(2 * (3.0 - aim), abs=0.1)
    assert abs(found - (2 * 3.0 + 1 - 2 * aim)) > 0.8  # by 1, whatever α


def test_for_a_von_mises_direction_the_sign_is_right_and_the_size_is_not() -> None:
    """To first order in α: α κ E[cos(z - μ) sin(z - t)] = α κ E[cos²] sin(μ - t); exactly, E[cos] sin(μ - t)."""
    direction, concentration, aim, alpha = torch.tensor(0.3, dtype=torch.float64, requires_grad=True), 2.0, 1.3, 0.02
    torch.manual_seed(4)
    variable = VonMises(direction.expand(10 * DRAWS), torch.tensor(concentration, dtype=torch.float64))
    found = estimate(direction, intermediate_loss(variable, lambda z: -torch.cos(z - aim), alpha=alpha))
    squared = (1 + special.iv(2, concentration) / special.iv(0, concentration)) / 2
    assert found / (alpha * concentration) == pytest.approx(squared * math.sin(0.3 - aim), abs=0.08)
