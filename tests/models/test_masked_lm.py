"""Masks against counting, and networks that cannot see what is hidden."""

from __future__ import annotations

from itertools import product
from math import comb

import pytest
import torch

from mlblog.models.masked_lm import MaskedLM, MaskedTransformer, masks_by_coin, masks_of_size

B, T, V, H = 4, 5, 7, 6
NETS = [lambda: MaskedLM(letters=V, places=T, width=H),
        lambda: MaskedTransformer(letters=V, places=T, width=H, heads=2, layers=2)]  # fmt: skip


@pytest.mark.parametrize("size", [1, 2, 5])
def test_masks_of_a_size_are_all_of_them(size: int) -> None:
    masks = masks_of_size(T, size)
    expected = {some for some in product((False, True), repeat=T) if sum(some) == size}
    assert {tuple(mask.tolist()) for mask in masks.hidden} == expected
    assert masks.p.tolist() == pytest.approx([1 / comb(T, size)] * comb(T, size))


def test_masks_by_coin_are_as_frequent_as_tosses() -> None:
    masks = masks_by_coin(T, 0.3)
    tossed = torch.rand(60_000, T, generator=torch.Generator().manual_seed(0)) < 0.3
    tossed = tossed[tossed.any(1)]
    powers = 2 ** torch.arange(T)
    shares = torch.bincount((tossed * powers).sum(1), minlength=2**T) / len(tossed)
    found = torch.zeros(2**T).index_add_(0, (masks.hidden * powers).sum(1), masks.p)
    assert len(masks.p) == 2**T - 1
    assert masks.p.sum().item() == pytest.approx(1)
    torch.testing.assert_close(found, shares, atol=8e-3, rtol=0)


@pytest.mark.parametrize("make", NETS)
def test_what_is_hidden_does_not_reach_the_scores_and_the_rest_does(make: type[MaskedLM]) -> None:
    torch.manual_seed(0)
    net = make()
    words = torch.randint(V, (B, T))
    hidden = torch.zeros(B, T, dtype=torch.bool)
    hidden[:, 2] = True
    other = words.clone()
    other[:, 2] = (other[:, 2] + 1) % V
    assert torch.equal(net(words, hidden), net(other, hidden))
    other[:, 3] = (other[:, 3] + 1) % V
    assert (net(words, hidden) != net(other, hidden)).any(-1).all()
    assert not torch.equal(net(words, hidden), net(words, ~hidden))


def test_laws_that_are_none_are_refused() -> None:
    for size in (0, T + 1):
        with pytest.raises(ValueError, match="1 to 5 hidden letters"):
            masks_of_size(T, size)
    for rate in (0.0, 1.0):
        with pytest.raises(ValueError, match="rate in"):
            masks_by_coin(T, rate)
