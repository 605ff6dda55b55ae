"""The ring against a plain sum, and its traffic against the formula."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlblog.training.ring import ring_allreduce


@given(ranks=st.integers(1, 9), size=st.integers(0, 40), seed=st.integers(0, 999))
def test_every_rank_ends_with_the_sum(ranks: int, size: int, seed: int) -> None:
    vectors = list(np.random.default_rng(seed).normal(size=(ranks, size)))
    before = [vector.copy() for vector in vectors]
    sums, sent = ring_allreduce(vectors)
    np.testing.assert_allclose(sums, [np.sum(before, axis=0)] * ranks, atol=1e-12)
    assert all(np.array_equal(each, sums[0]) for each in sums)  # to the bit, or replicas drift apart
    assert all(np.array_equal(a, b) for a, b in zip(before, vectors, strict=True))
    assert sent.sum() == 2 * (ranks - 1) * size


@pytest.mark.parametrize("ranks", [2, 3, 8])
def test_a_rank_sends_less_than_twice_its_vector(ranks: int) -> None:
    _, sent = ring_allreduce([np.ones(24)] * ranks)
    assert sent.tolist() == [2 * (ranks - 1) / ranks * 24] * ranks


@pytest.mark.parametrize("vectors", [[], [np.ones(3), np.ones(4)], [np.ones((2, 2))]])
def test_other_shapes_are_refused(vectors: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match="vector of one length"):
        ring_allreduce(vectors)
