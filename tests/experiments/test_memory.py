"""What a character costs, counted one by one."""

from __future__ import annotations

import lzma
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from mlblog.data.stdlib import SYMBOLS, encode
from mlblog.experiments.gates import answers
from mlblog.experiments.memory import TRACKS, bits_after, bits_by_place, compressed_size
from mlblog.models.transformer_xl import ResidualBlock, TransformerXL

TEXT = np.random.default_rng(0).integers(0, SYMBOLS, size=TRACKS * 11 + 5).astype(np.uint8)


def network(memory: int) -> TransformerXL:
    torch.manual_seed(0)
    block = lambda: ResidualBlock(8, 2, 12)  # noqa: E731
    return TransformerXL(symbols=SYMBOLS, width=8, layers=2, memory=memory, block=block).eval()


def cost(net: TransformerXL, before: list[np.uint8], character: np.uint8) -> float:
    """Bits of a character after others, all read at once."""
    logits: Tensor = net(torch.tensor([[int(code) for code in before]]))[0][0, -1]
    return -float(logits.double().log_softmax(-1)[int(character)]) / math.log(2)


@torch.no_grad()
@pytest.mark.parametrize("memory", [0, 20])
def test_bits_by_place_are_those_of_characters_after_what_is_seen(memory: int) -> None:
    """11 characters of a track are three whole segments of 3, with the next character of each."""
    net, by_hand = network(memory), np.zeros(3)
    tracks = torch.from_numpy(TEXT[: TRACKS * 11].astype(int)).view(TRACKS, 11)
    for place in range(9):
        first = 0 if memory else place // 3 * 3
        after = net(tracks[:, first : place + 1])[0][:, -1].double().softmax(-1)
        by_hand[place % 3] -= sum(math.log2(p[c]) for p, c in zip(after, tracks[:, place + 1].tolist(), strict=True))
    assert bits_by_place(net, TEXT, 3) == pytest.approx(by_hand / (3 * TRACKS), abs=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(("memory", "context", "seen"), [(20, 3, 3), (20, 8, 8), (0, 2, 2), (0, 8, 4)])
def test_bits_after_a_context_are_those_of_the_same_characters(memory: int, context: int, seen: int) -> None:
    net = network(memory)
    places = [8, (8 + len(TEXT) - 1) // 2, len(TEXT) - 1]
    by_hand = np.mean([cost(net, list(TEXT[place - seen : place]), TEXT[place]) for place in places])
    assert bits_after(net, TEXT, 4, context, 8, 3) == pytest.approx(by_hand, abs=1e-5)


def test_a_text_compresses_to_what_xz_makes_of_it() -> None:
    text = b"import os\nprint(os.sep)\n" * 30
    whole = lzma.compress(text, preset=9 | lzma.PRESET_EXTREME, check=lzma.CHECK_NONE)
    assert 0 < len(whole) - compressed_size(encode(text)) < 70  # header, index and footer
    assert compressed_size(encode(b"")) == 0


@torch.no_grad()
def test_corridors_are_answered_by_the_signs_at_their_last_step() -> None:
    net = network(20)
    walked = torch.randint(9, (5, 6))
    assert torch.allclose(answers(net, walked, 2), net(walked)[0][:, -1, :4], atol=1e-5)
    assert not torch.allclose(answers(network(0), walked, 2), net(walked)[0][:, -1, :4], atol=1e-3)
