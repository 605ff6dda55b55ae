"""The sampler's chances, weights and variance, by counting and by enumeration."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mlblog.training.importance_sampler import ImportanceSampler, covariance_trace


def test_examples_are_drawn_as_often_as_the_proposal_says_and_weighted_so_that_the_mean_is_right() -> None:
    sampler = ImportanceSampler(5, uniform=0.25, leading=(2,), generator=torch.Generator().manual_seed(0))
    sampler.tell(torch.arange(5).expand(2, 5), torch.tensor([[0.0, 1, 2, 3, 4], [5.0, 0, 0, 0, 0]]))
    by_hand = torch.tensor([[0.05, 0.125, 0.2, 0.275, 0.35], [0.8, 0.05, 0.05, 0.05, 0.05]])
    torch.testing.assert_close(sampler.proposal, by_hand)
    drawn = sampler.draw(200_000)
    counts = torch.stack([torch.bincount(rows, minlength=5) for rows in drawn.rows]) / 200_000
    assert (counts - by_hand).abs().max() < 0.005
    values = torch.tensor([1.0, -2, 3, 7, 4])
    assert ((drawn.weights * values[drawn.rows]).mean(-1) - values.mean()).abs().max() < 0.05


def test_what_nothing_was_told_of_counts_as_the_mean() -> None:
    sampler = ImportanceSampler(4, uniform=0.5)
    assert sampler.proposal.tolist() == [0.25] * 4
    sampler.tell(torch.tensor([3]), torch.tensor([0.0]))
    assert sampler.proposal.tolist() == [0.25] * 4  # zeros alone
    sampler.tell(torch.tensor([0, 3]), torch.tensor([6.0, 2.0]))
    assert sampler.proposal.tolist() == [0.3125, 0.25, 0.25, 0.1875]


def test_scores_and_options_that_mean_nothing_are_refused() -> None:
    for uniform in (0.0, 1.5):
        with pytest.raises(ValueError, match="uniform"):
            ImportanceSampler(3, uniform=uniform)
    for score in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="finite"):
            ImportanceSampler(3).tell(torch.tensor([0]), torch.tensor([score]))


def test_the_trace_is_that_of_the_covariance_over_all_draws() -> None:
    """Enumerated: each example's weighted gradient, with its chance."""
    random = np.random.default_rng(1)
    gradients, proposal = random.normal(size=(6, 4)), random.dirichlet(np.ones(6))
    estimates = gradients / (6 * proposal[:, None])
    mean = gradients.mean(0)
    expected = np.trace((proposal[:, None] * (estimates - mean)).T @ (estimates - mean))
    found = covariance_trace(
        torch.from_numpy(np.linalg.norm(gradients, axis=1)),
        torch.tensor(np.linalg.norm(mean)),
        torch.from_numpy(proposal),
    )
    assert found.item() == pytest.approx(expected, rel=1e-12)


def test_a_share_of_uniform_draws_bounds_what_wrong_scores_cost() -> None:
    norms = torch.tensor([1e-6, 1e-6, 1e-6, 4.0])
    sampler = ImportanceSampler(4, uniform=0.2)
    sampler.tell(torch.arange(4), torch.tensor([1.0, 1, 1, 0]))
    worst = covariance_trace(norms, torch.tensor(1.0), sampler.proposal)
    uniform = covariance_trace(norms, torch.tensor(1.0), torch.full((4,), 0.25))
    assert worst + 1 <= (uniform + 1) / 0.2 * (1 + 1e-6)
    assert worst > 4 * uniform
