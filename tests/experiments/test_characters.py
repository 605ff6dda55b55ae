"""What a character costs after others, and which losses count, one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mlblog.classical.contexts import ContextTable
from mlblog.data.stdlib import SYMBOLS
from mlblog.experiments.characters import ARMS, Ways, bits_by_counts, bits_by_layer, weighted
from mlblog.models.char_transformer import CharTransformer

TEXT = np.random.default_rng(0).integers(0, SYMBOLS, size=60).astype(np.uint8)


@torch.no_grad()
def test_bits_are_those_of_single_characters_after_as_many_others() -> None:
    torch.manual_seed(0)
    net = CharTransformer(symbols=SYMBOLS, places=5, width=8, heads=2, hidden=8, layers=3, ahead=2).eval()
    by_hand = np.zeros(3)
    for end in (5, 31, 58):  # evenly spread, and one more character after the last
        before = torch.from_numpy(TEXT[end - 5 : end].astype(np.int64))[None]
        shares = net(before)[:, 0, -1, 0].double().softmax(-1)
        by_hand -= np.log2(shares[:, int(TEXT[end])].numpy()) / 3
    assert bits_by_layer(net, TEXT, 5, 3) == pytest.approx(by_hand, abs=1e-5)
    assert bits_by_layer(net, TEXT, 5, 3, lowest=2) == pytest.approx(by_hand[2:], abs=1e-5)


def test_counts_are_asked_for_the_characters_that_networks_are_asked_for() -> None:
    known = np.random.default_rng(1).integers(0, 3, size=40).astype(np.uint8)
    text = np.random.default_rng(2).integers(0, 3, size=60).astype(np.uint8)
    table = ContextTable(known[None, None], [([], False), ([(0, -1)], False)], levels=4, strength=2.0)
    by_hand = 0.0
    for end in (5, 31, 58):
        alone = (np.bincount(known, minlength=4) + 2 / 4) / (40 + 2)
        followers = [known[at + 1] for at in range(39) if known[at] == text[end - 1]]
        after = (np.bincount(followers, minlength=4) + 2 * alone) / (len(followers) + 2)
        by_hand -= float(np.log2(after[text[end]])) / 3
    assert bits_by_counts(table, text, 1, 5, 3) == pytest.approx(by_hand)


def test_losses_count_as_the_ways_say() -> None:
    nats = torch.rand(3, 4, 5, 2, generator=torch.Generator().manual_seed(0))
    weights = torch.tensor([0.0, 1.0, 1.0])
    by_hand = {True: 0.0, False: 0.0}
    for layer in (1, 2):
        for one in range(4):
            for ahead, counts in enumerate((1.0, 0.5)):
                by_hand[False] += counts * nats[layer, one, 4, ahead].item() / 4
                by_hand[True] += sum(counts * nats[layer, one, place, ahead].item() for place in range(5)) / 20
    for everywhere, right in by_hand.items():
        assert weighted(nats, Ways(everywhere=everywhere), weights).item() == pytest.approx(right, rel=1e-5)


def test_each_arm_leaves_out_one_thing_and_the_last_all_but_one() -> None:
    left_out = {arm: sum(a != b for a, b in zip(ways, ARMS["all"], strict=True)) for arm, ways in ARMS.items()}
    assert list(left_out.values()) == [0, 1, 1, 1, 1, 3]
    assert ARMS["plain"].everywhere
    assert ARMS["all"].ahead == 2
