"""Symbols for words: probabilities by enumeration, draws by counting, and the best of several by search."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.models.text_to_image import TextConditioner, TokenPainter, draw_tokens, reranked

WORDS, N, D, K, P = 5, 3, 8, 2, 4


def painter() -> TokenPainter:
    torch.manual_seed(3)
    text = TextConditioner(words=WORDS, length=N, width=D, heads=2, layers=1)
    net = TokenPainter(text, tokens=K, places=P, width=D, heads=2, layers=2).eval()
    net.name.weight.data *= 3  # so that it prefers some pictures to others
    return net


SAID = torch.tensor([[4, 0, 2]])
EVERY = torch.tensor(list(itertools.product(range(K), repeat=P)))  # all 16 pictures


def prices(net: TokenPainter, words: Tensor, strength: float = 1.0) -> Tensor:
    """log p of every picture, symbol by symbol, each with its own call on a picture that goes no further."""
    found = []
    for picture in EVERY.tolist():
        total = 0.0
        for place, symbol in enumerate(picture):
            so_far = torch.tensor([[*picture[:place], 0]])
            given = net(so_far, words)[0, place]
            plain = net(so_far, torch.full_like(words, WORDS))[0, place]
            logits = [(1 - strength) * p + strength * g for p, g in zip(plain.tolist(), given.tolist(), strict=True)]
            total += logits[symbol] - math.log(sum(math.exp(logit) for logit in logits))
        found.append(total)
    return torch.tensor(found)


def test_every_picture_has_a_probability_and_they_add_up_to_one() -> None:
    net = painter()
    with torch.inference_mode():
        logits = net(EVERY, SAID.expand(len(EVERY), -1))
        forced = -F.cross_entropy(logits.flatten(0, 1), EVERY.flatten(), reduction="none").view(-1, P).sum(1)
        assert forced.exp().sum().item() == pytest.approx(1, abs=1e-5)
        torch.testing.assert_close(forced, prices(net, SAID), atol=1e-5, rtol=0)
        assert forced.exp().max() > 4 / len(EVERY)


@pytest.mark.parametrize("strength", [0.0, 1.0, 2.5])
def test_draws_are_as_frequent_as_enumeration_says(strength: float) -> None:
    net, count = painter(), 8_000
    drawn = draw_tokens(net, SAID.expand(count, -1), torch.Generator().manual_seed(0), strength=strength)
    powers = torch.tensor([K ** (P - 1 - place) for place in range(P)])
    shares = torch.bincount((drawn * powers).sum(1), minlength=len(EVERY)) / count
    with torch.inference_mode():
        expected = prices(net, SAID, strength).exp()
    assert (shares - expected).abs().max() < 4 * math.sqrt(0.25 / count)
    other = torch.full_like(SAID, WORDS)
    unread = prices(net, other, 1.0).exp()
    assert (expected - unread).abs().max() > 0.02 or strength == 0
    if strength == 0:
        torch.testing.assert_close(expected, unread, atol=1e-5, rtol=0)


def test_words_count_by_place_and_a_caption_left_out_says_nothing() -> None:
    net = painter()
    tokens = torch.zeros(1, P, dtype=torch.long)
    turned = SAID.flip(1)
    assert not torch.allclose(net(tokens, SAID), net(tokens, turned))
    words = torch.cat((SAID, turned))
    lost = net.text.left_out(words, torch.tensor([True, True]))
    assert torch.equal(lost, torch.full_like(words, WORDS))
    assert torch.equal(net.text.left_out(words, torch.tensor([False, True]))[0], SAID[0])
    apart = net.text(words)
    assert not torch.allclose(apart[0], apart[1])
    torch.testing.assert_close(*net.text(lost))


def test_the_best_draw_is_the_one_that_search_finds() -> None:
    generator = torch.Generator().manual_seed(1)
    draws, scores = torch.randn(4, 6, 2, generator=generator), torch.randn(4, 6, generator=generator)
    scores[3, 2] = scores[1, 2] = 9.0
    found = reranked(draws, scores)
    for caption in range(6):
        ranked = sorted(range(4), key=lambda draw: (-scores[draw, caption].item(), draw))
        assert torch.equal(found[caption], draws[ranked[0], caption])
