"""Intermediate loss sampling against its definition by autograd, its expansion, and projections by other means."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from torch import Tensor

from mlblog.losses.discrete import (
    IntermediateLossSampler,
    Loss,
    PublishedLossSampler,
    StraightThrough,
    clamp_and_divide,
    divide_by_sum,
    draw,
    enumerated_bias_variance,
    sparsemax,
)

VECTORS = st.lists(st.floats(-3, 3, width=32), min_size=2, max_size=7)


def linear(costs: Tensor) -> Loss:
    return lambda drawn: (costs * drawn).sum((-1, -2))


def problem(categories: int) -> tuple[Tensor, Tensor]:
    torch.manual_seed(categories)
    return torch.randn(1, categories, dtype=torch.float64), torch.randn(1, categories, dtype=torch.float64)


def test_the_estimate_is_the_gradient_of_the_intermediate_loss() -> None:
    """KL(π_D ‖ softmax(l)) by autograd, with Δ = J_h' g by autograd too, where the library has both in closed form."""
    torch.manual_seed(0)
    logits, costs = torch.randn(3, 2, 5, dtype=torch.float64), torch.randn(2, 5, dtype=torch.float64)

    def loss(drawn: Tensor) -> Tensor:
        return (costs * drawn).sum((-1, -2)).square() + (drawn**3).sum((-1, -2))

    drawn, alpha = draw(logits), 0.02
    sample = drawn.clone().requires_grad_()
    (step,) = torch.autograd.grad(loss(sample / sample.sum(-1, keepdim=True)).sum(), sample)
    moved = drawn - alpha * step
    target = moved / moved.sum(-1, keepdim=True)
    assert (target > 0).any()
    leaf = logits.clone().requires_grad_()
    kl = -(target * leaf.log_softmax(-1)).sum()  # up to the constant Σ π_D log π_D
    (expected,) = torch.autograd.grad(kl, leaf)
    found = IntermediateLossSampler(alpha).given(logits, loss, drawn)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("categories", [2, 3, 7])
def test_at_small_alpha_the_mean_is_its_expansion(categories: int) -> None:
    """α [(c_j - c'π) + π_j (K c_j - 1'c)] + O(α²), for a linear loss."""
    logits, costs = problem(categories)
    alpha, chance = 1e-6, logits.softmax(-1)
    found = enumerated_bias_variance(IntermediateLossSampler(alpha), logits, linear(costs)).mean / alpha
    first_order = (costs - (costs * chance).sum()) + chance * (categories * costs - costs.sum())
    torch.testing.assert_close(found, first_order, rtol=1e-4, atol=1e-5)


def test_with_two_categories_and_a_linear_loss_the_direction_is_exact() -> None:
    logits, costs = problem(2)
    found = enumerated_bias_variance(IntermediateLossSampler(0.05), logits, linear(costs))
    assert found.cosine.item() == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("projection", [divide_by_sum, clamp_and_divide, sparsemax])
def test_with_more_categories_no_projection_is_unbiased(projection: object) -> None:
    logits, costs = problem(6)
    found = enumerated_bias_variance(IntermediateLossSampler(1e-3, projection), logits, linear(costs))  # type: ignore[arg-type]
    assert found.cosine.item() < 0.99


def test_the_sum_can_flip_the_sign_and_the_simplex_cannot() -> None:
    """Costs 0, 3, 3, ...: where the best is drawn, as mostly, the sum that is divided by is 1 - 3 α (K - 1) < 0."""
    categories, alpha = 12, 0.5
    costs = torch.full((1, categories), 3.0, dtype=torch.float64)
    costs[0, 0] = 0.0  # the best
    logits = 4.0 * (costs == 0).double()
    flipped = enumerated_bias_variance(IntermediateLossSampler(alpha), logits, linear(costs))
    kept = enumerated_bias_variance(IntermediateLossSampler(alpha, sparsemax), logits, linear(costs))
    assert flipped.inner.item() < 0 < kept.inner.item()


def test_centring_keeps_the_mean_and_lowers_the_noise_at_small_alpha() -> None:
    logits, costs = problem(5)
    plain = enumerated_bias_variance(IntermediateLossSampler(1e-3), logits, linear(costs))
    centered = enumerated_bias_variance(IntermediateLossSampler(1e-3, centered=True), logits, linear(costs))
    torch.testing.assert_close(plain.mean, centered.mean)
    assert centered.signal_to_noise.item() > 1000 * plain.signal_to_noise.item()


def test_the_published_form_is_a_fixed_number_apart_at_alpha_zero() -> None:
    """At α = 0, π_D = z, and E[-z / π] is -1 in all entries, which a softmax does not see."""
    logits, costs = problem(4)
    found = enumerated_bias_variance(PublishedLossSampler(0.0), logits, linear(costs))
    torch.testing.assert_close(found.mean, -torch.ones_like(found.mean), rtol=1e-5, atol=1e-5)


def test_the_published_form_is_the_derived_one_over_pi() -> None:
    logits, costs = problem(3)
    drawn = draw(logits)
    chance = logits.softmax(-1)
    derived = IntermediateLossSampler(0.1).given(logits, linear(costs), drawn)  # π - π_D
    published = PublishedLossSampler(0.1).given(logits, linear(costs), drawn)  # -π_D / π
    torch.testing.assert_close((derived - chance) / chance, published, rtol=1e-5, atol=1e-6)


def test_a_tensor_of_steps_is_as_many_estimators() -> None:
    logits, costs = problem(5)
    steps = torch.tensor([0.1, 0.02], dtype=torch.float64)
    drawn = draw(logits).expand(2, 1, 5)
    together = IntermediateLossSampler(steps.view(-1, 1, 1)).given(logits.expand(2, 1, 5), linear(costs), drawn)
    for step, one in zip(steps.tolist(), together, strict=True):
        torch.testing.assert_close(IntermediateLossSampler(step).given(logits, linear(costs), drawn[0]), one)


@settings(deadline=None, max_examples=40)
@given(VECTORS)
def test_sparsemax_is_the_nearest_point_of_the_simplex(entries: list[float]) -> None:
    """Against bisection for the threshold, Σ max(v - τ, 0) = 1."""
    vector = torch.tensor(entries, dtype=torch.float64)
    threshold = optimize.brentq(
        lambda tau: sum(max(entry - tau, 0) for entry in entries) - 1, min(entries) - 1, max(entries), xtol=1e-14
    )
    expected = torch.tensor([max(entry - threshold, 0) for entry in entries], dtype=torch.float64)
    torch.testing.assert_close(sparsemax(vector), expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("projection", [divide_by_sum, clamp_and_divide, sparsemax])
def test_vertices_stay_where_they_are(projection: object) -> None:
    corners = torch.eye(4, dtype=torch.float64)
    torch.testing.assert_close(projection(corners), corners)  # type: ignore[operator]


def test_clamping_leaves_no_negative_entry() -> None:
    found = clamp_and_divide(torch.tensor([2.0, -1.0, 6.0]))
    assert found.tolist() == [0.25, 0.0, 0.75]
    assert divide_by_sum(torch.tensor([2.0, -1.0, 4.0])).tolist() == pytest.approx([0.4, -0.2, 0.8])


def test_straight_through_is_exact_for_a_linear_loss() -> None:
    logits, costs = problem(5)
    found = enumerated_bias_variance(StraightThrough(), logits, linear(costs))
    torch.testing.assert_close(found.mean, found.exact)
    assert found.variance.item() == pytest.approx(0, abs=1e-20)
    assert math.isclose(found.cosine.item(), 1)
