"""The three parts of the variance against loops over every string, place and symbol, one gradient at a time."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from mlblog.models.mask_gradients import gradient_moments, gradient_variance_decomposition
from mlblog.models.mask_replacements import every_symbol, replacement_variance
from mlblog.models.masked_lm import MaskedLM, masks_of_size

V, T = 4, 3
WORDS = torch.tensor([[0, 3, 1], [2, 2, 0]])


@pytest.fixture
def net() -> MaskedLM:
    torch.manual_seed(0)
    return MaskedLM(letters=V, places=T, width=5).double()


def test_parts_are_those_of_nested_loops(net: MaskedLM) -> None:
    law = torch.rand(2, T, V + 1, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    law = law / law.sum(-1, keepdim=True)
    strings = []
    for n, word in enumerate(WORDS):
        places = []
        for place in range(T):
            symbols = []
            for symbol in range(V + 1):
                shown = word.clone()
                shown[place] = symbol
                net.zero_grad()
                logits = net(shown[None], torch.zeros(1, T, dtype=torch.bool))
                F.cross_entropy(logits[0, place][None], word[place][None]).backward()
                gradient = torch.cat([w.grad.flatten() for w in net.parameters() if w.grad is not None])
                symbols.append((law[n, place, symbol].item(), gradient.numpy().copy()))
            places.append(symbols)
        strings.append(places)

    def mean(symbols: list[tuple[float, np.ndarray]]) -> np.ndarray:
        return np.asarray(sum(p * g for p, g in symbols))

    centre = np.mean([np.mean([mean(s) for s in places], axis=0) for places in strings], axis=0)
    sentence = place_part = replaced = 0.0
    for places in strings:
        own = np.mean([mean(s) for s in places], axis=0)
        sentence += ((own - centre) ** 2).sum() / 2
        for symbols in places:
            middle = mean(symbols)
            place_part += ((middle - own) ** 2).sum() / (2 * T)
            replaced += sum(p * ((g - middle) ** 2).sum() for p, g in symbols) / (2 * T)
    found = replacement_variance(net, WORDS, law)
    assert list(found) == pytest.approx([sentence, place_part, replaced], rel=1e-9)


def test_masks_alone_leave_two_parts(net: MaskedLM) -> None:
    law = torch.zeros(2, T, V + 1, dtype=torch.float64)
    law[..., V] = 1
    masks = masks_of_size(T, 1)
    moments = gradient_moments(net, WORDS, masks.hidden, masks.p.double())
    expected = gradient_variance_decomposition(moments, masks.p, masks.p)
    found = replacement_variance(net, WORDS, law)
    assert found[:2] == pytest.approx(expected, rel=1e-6)
    assert found.replacement == pytest.approx(0, abs=1e-12)


def test_every_symbol_is_at_every_place_once() -> None:
    rows = every_symbol(WORDS, V)
    for n, place, symbol in np.ndindex(2, T, V + 1):
        expected = WORDS[n].tolist()
        expected[place] = symbol
        assert rows[n, place, symbol].tolist() == expected


def test_laws_that_do_not_fit_are_refused(net: MaskedLM) -> None:
    with pytest.raises(ValueError, match="probabilities of shape"):
        replacement_variance(net, WORDS, torch.full((2, T, V), 1 / V))
    with pytest.raises(ValueError, match="probabilities of shape"):
        replacement_variance(net, WORDS, torch.full((2, T, V + 1), 0.3))
