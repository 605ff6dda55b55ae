"""What is shown against counting, and refusals."""

from __future__ import annotations

from math import sqrt

import pytest
import torch

from mlblog.data.mlm_collator import MLMCollator

V, N = 5, 40_000
WORDS = torch.tensor([[3, 0, 1]]).expand(N, 3)


@pytest.mark.parametrize(("rate", "masked", "other"), [(0.15, 0.8, 0.1), (0.5, 0.0, 0.9), (1.0, 0.3, 0.0)])
def test_symbols_are_as_frequent_as_the_paper_says(rate: float, masked: float, other: float) -> None:
    collate = MLMCollator(letters=V, rate=rate, masked=masked, other=other)
    shown, asked = collate(WORDS, torch.Generator().manual_seed(0))
    assert asked.float().mean(0).tolist() == pytest.approx([rate] * 3, abs=5 * sqrt(0.25 / N))
    assert torch.equal(shown[~asked], WORDS[~asked])
    for place, letter in enumerate(WORDS[0].tolist()):
        seen = shown[asked[:, place], place]
        # by hand: masked, other/V for every letter, and what is left for the letter itself
        expected = [other / V + (1 - masked - other) * (s == letter) for s in range(V)] + [masked]
        found = [(seen == s).float().mean().item() for s in range(V + 1)]
        assert found == pytest.approx(expected, abs=5 * sqrt(0.25 / len(seen)))
        assert collate.law(WORDS[:1])[0, place].tolist() == pytest.approx(expected, abs=1e-6)


def test_letters_chosen_already_are_the_only_ones_replaced() -> None:
    asked = torch.tensor([True, False, True]).expand(N, 3)
    shown, same = MLMCollator(letters=V, masked=0.5, other=0.5).show(WORDS, asked)
    assert torch.equal(same, asked)
    assert torch.equal(shown[:, 1], WORDS[:, 1])
    assert (shown[:, 0] != WORDS[:, 0]).any()


def test_shares_beyond_the_whole_are_refused() -> None:
    for rate in (0.0, 1.1):
        with pytest.raises(ValueError, match="rate in"):
            MLMCollator(letters=V, rate=rate)
    for masked, other in [(0.8, 0.3), (-0.1, 0.1)]:
        with pytest.raises(ValueError, match="add up to 1"):
            MLMCollator(letters=V, masked=masked, other=other)
