"""Relaxed draws against torch's own, and conditional noise against the noise that it is conditioned on."""

import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import Tensor

from mlblog.losses.discrete import (
    GumbelSoftmax,
    StraightThroughGumbel,
    conditional_gumbels,
    exact_gradient,
    gumbel_like,
    gumbel_softmax,
)

LOGITS = torch.tensor([[0.4, -0.7, 1.1], [0.0, 0.5, -2.0]])


def loss(drawn: Tensor) -> Tensor:
    return (drawn * torch.tensor([[1.0, -2.0, 0.5], [0.3, 0.0, 2.0]])).sum((-1, -2)) ** 2


@pytest.mark.parametrize("temperature", [0.2, 1.0, 5.0])
def test_relaxed_draws_are_those_of_torch(temperature: float) -> None:
    torch.manual_seed(2)
    expected = F.gumbel_softmax(LOGITS, tau=temperature)
    torch.manual_seed(2)
    found = gumbel_softmax(LOGITS, gumbel_like(LOGITS), temperature=temperature)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("estimator", "hard"), [(GumbelSoftmax, False), (StraightThroughGumbel, True)])
def test_gradients_are_those_of_torch(estimator: type[GumbelSoftmax | StraightThroughGumbel], hard: bool) -> None:
    leaf = LOGITS.expand(11, 2, 3).clone().requires_grad_()
    torch.manual_seed(4)
    loss(F.gumbel_softmax(leaf, tau=0.7, hard=hard)).sum().backward()
    torch.manual_seed(4)
    torch.testing.assert_close(estimator(0.7)(leaf.detach(), loss), leaf.grad)


def test_relaxed_draws_have_the_law_of_torch_distributions() -> None:
    torch.manual_seed(6)
    theirs = torch.distributions.RelaxedOneHotCategorical(torch.tensor(0.8), logits=LOGITS[0]).sample((4000,))
    many = LOGITS[:1].expand(4000, 1, 3)
    ours = gumbel_softmax(many, gumbel_like(many), temperature=0.8)[:, 0]
    for category in range(3):
        assert stats.ks_2samp(ours[:, category].numpy(), theirs[:, category].numpy()).pvalue > 1e-3


def test_cold_relaxations_are_draws() -> None:
    torch.manual_seed(8)
    many = LOGITS.expand(20_000, 2, 3)
    share = gumbel_softmax(many, gumbel_like(many), temperature=1e-3).mean(0)
    torch.testing.assert_close(share, LOGITS.softmax(-1), rtol=0, atol=0.015)


def test_a_warm_relaxation_is_biased_and_a_cold_one_less() -> None:
    torch.manual_seed(9)
    exact = exact_gradient(LOGITS.double(), loss)
    found = {}
    for temperature in (0.2, 5.0):
        many = GumbelSoftmax(temperature)(LOGITS.double().expand(100_000, 2, 3), loss)
        found[temperature] = float((many.mean(0) - exact).norm() / exact.norm())
    assert found[0.2] < 0.3 * found[5.0]


def test_conditional_noise_has_the_law_of_noise_with_that_argmax() -> None:
    """Draw freely, keep what has the argmax; each coordinate must have the law of the conditional draw."""
    torch.manual_seed(10)
    log_p = LOGITS[:1].double().log_softmax(-1)
    free = log_p + gumbel_like(log_p.expand(30_000, 1, 3))
    for category in range(3):
        kept = free[(free.argmax(-1) == category)[:, 0]][:, 0]
        vertex = F.one_hot(torch.tensor([category]), 3).double().expand(len(kept), 1, 3)
        bound = conditional_gumbels(log_p.expand(len(kept), 1, 3), vertex)[:, 0]
        assert (bound.argmax(-1) == category).all()
        for coordinate in range(3):
            assert stats.ks_2samp(bound[:, coordinate].numpy(), kept[:, coordinate].numpy()).pvalue > 1e-3


def test_temperatures_in_a_tensor_are_as_many_settings() -> None:
    noise = gumbel_like(LOGITS.expand(2, 2, 3))
    together = gumbel_softmax(LOGITS, noise, temperature=torch.tensor([0.5, 2.0]).view(-1, 1, 1))
    for row, temperature in enumerate((0.5, 2.0)):
        torch.testing.assert_close(together[row], gumbel_softmax(LOGITS, noise[row], temperature=temperature))
