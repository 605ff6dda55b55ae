"""Estimators that say they are unbiased are: against enumeration, by a count of standard errors.

The exact gradient is itself checked against finite differences of a sum written out by hand.
"""

import itertools
import math

import pytest
import torch
from torch import Tensor, nn

from mlblog.losses.discrete import (
    GumbelSoftmax,
    Rebar,
    Reinforce,
    ReinforceExactBaseline,
    ReinforceLeaveOneOut,
    Relax,
    StraightThrough,
    Tuned,
    all_draws,
    bias_variance,
    draw,
    enumerated_bias_variance,
    exact_gradient,
    expected_loss,
)
from mlblog.losses.discrete.moments import Estimator

LOGITS = torch.tensor([[0.3, -1.1, 0.8], [1.4, 0.2, -0.5]], dtype=torch.float64)  # M = 2, K = 3


def loss(drawn: Tensor) -> Tensor:
    """Neither linear nor additive: (..., 2, 3) to (...)."""
    costs = torch.tensor([[0.5, -1.0, 2.0], [1.5, 0.3, -0.7]], dtype=torch.float64)
    linear = (costs * drawn).sum((-1, -2))
    return linear.square() + linear + drawn[..., 0, 1] * drawn[..., 1, 2]


def by_hand(logits: Tensor) -> float:
    """The expected loss, draw by draw."""
    total = 0.0
    weights = [[math.exp(value) for value in row] for row in logits.tolist()]
    for first, second in itertools.product(range(3), range(3)):
        drawn = torch.zeros(2, 3, dtype=torch.float64)
        drawn[0, first] = drawn[1, second] = 1
        chance = weights[0][first] / sum(weights[0]) * weights[1][second] / sum(weights[1])
        total += chance * loss(drawn).item()
    return total


def test_expected_loss_is_the_sum_by_hand() -> None:
    assert expected_loss(LOGITS, loss).item() == pytest.approx(by_hand(LOGITS), rel=1e-12)


def test_exact_gradient_is_that_of_finite_differences() -> None:
    found = exact_gradient(LOGITS, loss)
    for place in itertools.product(range(2), range(3)):
        step = torch.zeros_like(LOGITS)
        step[place] = 1e-5
        slope = (by_hand(LOGITS + step) - by_hand(LOGITS - step)) / 2e-5
        assert found[place].item() == pytest.approx(slope, abs=1e-8)


def test_a_batch_is_as_many_problems() -> None:
    batch = torch.stack([LOGITS, LOGITS.flip(-1), 2 * LOGITS, -LOGITS])
    for one, together in zip(batch, exact_gradient(batch, loss), strict=True):
        torch.testing.assert_close(exact_gradient(one, loss), together)


def _correction() -> nn.Module:
    return nn.Sequential(nn.Flatten(-2), nn.Linear(6, 5), nn.Tanh(), nn.Linear(5, 1), nn.Flatten(-2)).double()


@pytest.mark.parametrize(
    "estimator",
    [
        Reinforce(),
        ReinforceExactBaseline(),
        ReinforceLeaveOneOut(2),
        ReinforceLeaveOneOut(5),
        Rebar(temperature=0.7, scale=0.8),
        Rebar(temperature=0.1, scale=2.0),
        Relax(_correction(), temperature=1.3, scale=0.5),
    ],
    ids=["reinforce", "exact baseline", "leave one out of 2", "of 5", "rebar", "cold rebar", "relax"],
)
def test_the_mean_of_many_estimates_is_the_exact_gradient(estimator: Estimator) -> None:
    torch.manual_seed(7)
    many = 60_000
    found = estimator(LOGITS.expand(many, 2, 3), loss).detach()
    apart = (found.mean(0) - exact_gradient(LOGITS, loss)) / (found.std(0) / math.sqrt(many))
    assert apart.abs().max() < 4  # of six standard normal numbers, one in 2,600 times


@pytest.mark.parametrize("estimator", [Reinforce(), ReinforceExactBaseline()])
def test_reinforce_is_unbiased_by_enumeration(estimator: Reinforce | ReinforceExactBaseline) -> None:
    found = enumerated_bias_variance(estimator, LOGITS, loss)
    torch.testing.assert_close(found.mean, found.exact, rtol=1e-12, atol=1e-14)
    assert found.cosine.item() == pytest.approx(1)


def test_gumbel_softmax_is_told_from_unbiased_estimators() -> None:
    """The count of standard errors above can fail."""
    torch.manual_seed(7)
    found = GumbelSoftmax(1.0)(LOGITS.expand(60_000, 2, 3), loss)
    apart = (found.mean(0) - exact_gradient(LOGITS, loss)) / (found.std(0) / math.sqrt(60_000))
    assert apart.abs().max() > 10


def test_sampled_moments_are_near_the_enumerated_ones() -> None:
    torch.manual_seed(3)
    sampled = bias_variance(StraightThrough(), LOGITS, loss, draws=40_000)
    enumerated = enumerated_bias_variance(StraightThrough(), LOGITS, loss)
    torch.testing.assert_close(sampled.mean, enumerated.mean, rtol=0, atol=0.02)
    assert sampled.variance.item() == pytest.approx(enumerated.variance.item(), rel=0.05)
    assert sampled.signal_to_noise.item() == pytest.approx(enumerated.signal_to_noise.item(), rel=0.1)
    assert enumerated.inner.item() == pytest.approx((enumerated.mean * enumerated.exact).sum().item())


def test_tuning_lowers_the_variance_and_keeps_the_mean() -> None:
    torch.manual_seed(11)
    rebar = Rebar(temperature=0.5, scale=0.0)  # no control variate at first
    before = bias_variance(rebar, LOGITS, loss, draws=20_000).variance.item()
    tuned = Tuned(rebar, rate=0.05)
    for _ in range(60):
        assert not tuned(LOGITS.expand(200, 2, 3), loss).requires_grad
    after = bias_variance(rebar, LOGITS, loss, draws=20_000)
    assert after.variance.item() < 0.8 * before
    torch.testing.assert_close(after.mean, after.exact, rtol=0, atol=0.06)


def test_relax_without_a_correction_is_rebar() -> None:
    silent = _correction()
    for parameter in silent.parameters():
        nn.init.zeros_(parameter)
    many = LOGITS.expand(5, 2, 3)
    torch.manual_seed(13)
    rebar = Rebar(temperature=0.6, scale=0.9)(many, loss)
    torch.manual_seed(13)
    torch.testing.assert_close(Relax(silent, temperature=0.6, scale=0.9)(many, loss), rebar)
    torch.manual_seed(13)
    assert not torch.allclose(Relax(_correction(), temperature=0.6, scale=0.9)(many, loss), rebar)


def test_draws_have_the_probabilities_of_a_softmax() -> None:
    torch.manual_seed(5)
    drawn = draw(LOGITS.expand(40_000, 2, 3))
    assert drawn.dtype == torch.float64
    torch.testing.assert_close(drawn.sum(-1), torch.ones(40_000, 2, dtype=torch.float64))
    chance = torch.distributions.Categorical(logits=LOGITS).probs
    torch.testing.assert_close(drawn.mean(0), chance, rtol=0, atol=0.01)


def test_all_draws_are_different_and_complete() -> None:
    draws = all_draws(3, 4)
    assert draws.shape == (64, 3, 4)
    assert len(torch.unique(draws, dim=0)) == 64
    assert torch.equal(draws.sum(-1), torch.ones(64, 3, dtype=torch.float64))


def test_too_many_draws_are_refused() -> None:
    with pytest.raises(ValueError, match=r"10\^8 draws are more than 65536; sample"):
        expected_loss(torch.zeros(8, 10), lambda z: z.sum((-1, -2)))


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        ReinforceLeaveOneOut(1)
    with pytest.raises(ValueError, match="at least 2"):
        bias_variance(Reinforce(), LOGITS, loss, draws=1)


def test_signal_to_noise_is_a_ratio_of_squares_by_hand() -> None:
    """Of one bit with the loss z₁ and chance p: estimates 1 - p with probability p, and 0, each in two entries ±."""
    p = 0.3
    logits = torch.tensor([[p, 1 - p]], dtype=torch.float64).log()
    found = enumerated_bias_variance(Reinforce(), logits, lambda z: z[..., 0, 0])
    mean = p * (1 - p)
    variance = 2 * (p * (1 - p) ** 2 - mean**2)
    assert found.variance.item() == pytest.approx(variance)
    assert found.signal_to_noise.item() == pytest.approx(2 * mean**2 / variance)
    assert found.cosine.item() == pytest.approx(1)
    assert found.inner.item() == pytest.approx(2 * mean**2)
