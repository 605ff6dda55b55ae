"""Parities by counting."""

from __future__ import annotations

import pytest
import torch

from mlblog.data.parity import draw_parity


def test_answers_are_those_of_counting() -> None:
    drawn = draw_parity(300, 5, generator=torch.Generator().manual_seed(0))
    for row, odd, count in zip(drawn.inputs.tolist(), drawn.odd.tolist(), drawn.counts.tolist(), strict=True):
        assert all(entry in (1, -1) for entry in row[:count])
        assert row[count:] == [0] * (5 - count)
        assert odd == row.count(1) % 2


def test_all_numbers_of_entries_and_both_signs_are_equally_likely() -> None:
    drawn = draw_parity(6_000, 4, generator=torch.Generator().manual_seed(1))
    assert [(drawn.counts == n).float().mean().item() for n in range(5)] == pytest.approx([0, *[0.25] * 4], abs=0.02)
    assert drawn.inputs[:, 0].mean().item() == pytest.approx(0, abs=0.04)
    with pytest.raises(ValueError, match="size 0"):
        draw_parity(1, 0, generator=torch.Generator())
