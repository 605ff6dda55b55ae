"""Transfer affinities: eigenvectors by NumPy, shares by counting, and matrices whose weights are known."""

from __future__ import annotations

import numpy as np
import pytest

from mlblog.classical.transfer_affinity import LEAST, principal_weights, transfer_affinity, winning_shares

S, N = 5, 41
RANDOM = np.random.default_rng(47)


def by_eig(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eig(matrix)
    first = np.real(vectors[:, np.argmax(np.abs(values))])
    return np.asarray(first / first.sum())


def test_shares_are_counted() -> None:
    losses = RANDOM.integers(0, 4, (S, N)).astype(float)  # with ties
    right = np.zeros((S, S))
    for i in range(S):
        for j in range(S):
            for x in range(N):
                right[i, j] += (losses[i, x] < losses[j, x]) + 0.5 * (losses[i, x] == losses[j, x])
    np.testing.assert_allclose(winning_shares(losses), right / N)


def test_weights_are_the_principal_eigenvector() -> None:
    matrix = RANDOM.uniform(0.1, 9, (S, S))
    np.testing.assert_allclose(principal_weights(matrix), by_eig(matrix), rtol=1e-10)


def test_consistent_ratios_give_their_weights_back() -> None:
    weights = RANDOM.dirichlet(np.ones(S))
    np.testing.assert_allclose(principal_weights(weights[:, None] / weights), weights, rtol=1e-12)


def test_affinity_is_that_of_the_paper_step_by_step() -> None:
    losses = RANDOM.normal(size=(S, N)) + 0.3 * np.arange(S)[:, None]
    wins = (losses[:, None] < losses[None]).mean(-1) + 0.5 * np.eye(S)
    np.testing.assert_allclose(transfer_affinity(losses), by_eig(wins / wins.T), rtol=1e-10)
    assert (np.diff(transfer_affinity(np.sort(losses, axis=0))) < 0).all()


def test_a_source_that_always_wins_is_finite() -> None:
    """Of two sources, one of which is always better, the ratio is that of the limits of shares."""
    found = transfer_affinity([[0.0] * 3, [1.0] * 3])
    np.testing.assert_allclose(found, [1 - LEAST, LEAST], rtol=1e-9)


def test_the_unit_of_losses_does_not_matter() -> None:
    losses = RANDOM.exponential(size=(S, N))
    np.testing.assert_allclose(transfer_affinity(losses), transfer_affinity(np.log(losses) * 3 + 2))


@pytest.mark.parametrize("matrix", [[[1.0, 2.0]], [[1.0, 0.0], [2.0, 1.0]], [[1.0, float("inf")], [1.0, 1.0]]])
def test_ratios_that_are_none_are_refused(matrix: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="positive ratios"):
        principal_weights(matrix)


def test_few_steps_are_too_few() -> None:
    with pytest.raises(ValueError, match="no convergence in 1 steps"):
        principal_weights([[1.0, 5.0], [0.5, 1.0]], steps=1)


@pytest.mark.parametrize("losses", [[1.0], [[]], [[float("nan")]]])
def test_losses_that_cannot_be_compared_are_refused(losses: object) -> None:
    with pytest.raises(ValueError, match="finite losses"):
        winning_shares(losses)  # type: ignore[arg-type]
