"""What pixels cost after their neighbours, counted one by one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mlblog.classical.contexts import Context, ContextTable

V = 3
rng = np.random.default_rng(0)
KNOWN, ASKED = (rng.integers(0, V, (n, 4, 5)).astype(np.uint8) for n in (7, 6))
CONTEXTS: list[Context] = [([], True), ([(0, -1)], False), ([(0, -1), (-1, 1)], False), ([(0, -1), (-2, 0)], True)]


def looked_up(image: np.ndarray, row: int, column: int, context: Context) -> tuple[object, ...]:
    """The values of a context; None beyond the edge."""
    neighbours, placed = context
    inside = lambda i, j: 0 <= i < 4 and 0 <= j < 5  # noqa: E731
    at = [(row + up, column + left) for up, left in neighbours]
    return (*((row, column) if placed else ()), *(int(image[i, j]) if inside(i, j) else None for i, j in at))


def by_hand(contexts: list[Context], strength: float) -> np.ndarray:
    bits = np.zeros(ASKED.shape)
    for m, row, column in np.ndindex(*ASKED.shape):
        shares = [1 / V] * V
        for context in contexts:
            wanted = looked_up(ASKED[m], row, column, context)
            met = [
                int(image[i, j])
                for image in KNOWN
                for i, j in np.ndindex(4, 5)
                if looked_up(image, i, j, context) == wanted
            ]
            shares = [(met.count(v) + strength * shares[v]) / (len(met) + strength) for v in range(V)]
        bits[m, row, column] = -math.log2(shares[ASKED[m, row, column]])
    return bits


@pytest.mark.parametrize("count", range(5))
@pytest.mark.parametrize("strength", [0.5, 20.0])
def test_bits_are_those_of_counts_one_by_one(count: int, strength: float) -> None:
    found = ContextTable(KNOWN, CONTEXTS[:count], levels=V, strength=strength).bits(ASKED)
    np.testing.assert_allclose(found, by_hand(CONTEXTS[:count], strength), atol=1e-12)


def test_probabilities_of_a_pixel_sum_to_one() -> None:
    asked = np.repeat(ASKED[:1], V, axis=0)
    asked[:, 2, 2] = range(V)
    bits = ContextTable(KNOWN, CONTEXTS, levels=V, strength=2.0).bits(asked)
    assert (2.0 ** -bits[:, 2, 2]).sum() == pytest.approx(1)


@pytest.mark.parametrize("offset", [(0, 0), (0, 1), (1, -1)])
def test_later_neighbours_and_no_strength_are_refused(offset: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="earlier neighbours"):
        ContextTable(KNOWN, [([offset], False)], levels=V, strength=1.0)
    with pytest.raises(ValueError, match="strength > 0"):
        ContextTable(KNOWN, [], levels=V, strength=0.0)
