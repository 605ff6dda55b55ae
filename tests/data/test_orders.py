"""Ranks against Python's sorting, and gaps against all pairs."""

from __future__ import annotations

import itertools

import pytest
import torch

from mlblog.data.orders import NOTHING, draw_orders


def test_ranks_and_gaps_are_those_of_sorting_and_of_pairs() -> None:
    drawn = draw_orders(200, 5, generator=torch.Generator().manual_seed(0))
    for row, ranks, count, gap in zip(*(part.tolist() for part in drawn), strict=True):
        values, there = row[:count], row[5:]
        assert there == [1] * count + [0] * (5 - count)
        assert row[count:5] == [0] * (5 - count)
        assert [sorted(values).index(value) for value in values] == ranks[:count]
        assert ranks[count:] == [NOTHING] * (5 - count)
        assert gap == pytest.approx(min(abs(a - b) for a, b in itertools.combinations(values, 2)), abs=1e-6)


def test_all_counts_are_equally_likely_and_numbers_uniform() -> None:
    drawn = draw_orders(6_000, 4, generator=torch.Generator().manual_seed(1))
    assert [(drawn.counts == n).float().mean().item() for n in range(5)] == pytest.approx(
        [0, 0, *[1 / 3] * 3], abs=0.02
    )
    first = drawn.inputs[:, 0]
    assert first.mean().item() == pytest.approx(0, abs=0.03)
    assert first.var().item() == pytest.approx(1 / 3, abs=0.02)
    with pytest.raises(ValueError, match="size 1"):
        draw_orders(1, 1, generator=torch.Generator())
