"""Additive attention and the two translators, against loops over places and cells stepped by hand."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mlblog.models.translator import AdditiveAttention, Translator


@torch.no_grad()
def test_attention_is_a_loop_over_places() -> None:
    torch.manual_seed(0)
    attend = AdditiveAttention(4).double()
    state, places = torch.randn(3, 4, dtype=torch.double), torch.randn(3, 5, 4, dtype=torch.double)
    mean, weights = attend(state, places)
    score = attend.score
    for b in range(3):
        fits = [
            torch.exp(
                score.score.weight[0]
                @ torch.tanh(score.from_place.weight @ places[b, j] + score.from_state.weight @ state[b])
            )
            for j in range(5)
        ]
        assert torch.allclose(weights[b], torch.stack(fits) / sum(fits))
        assert torch.allclose(mean[b], sum(fit * place for fit, place in zip(fits, places[b], strict=True)) / sum(fits))


def cells(net: nn.GRU) -> list[nn.GRUCell]:
    """Of both directions."""
    found = []
    for end in ("", "_reverse"):
        cell = nn.GRUCell(net.input_size, net.hidden_size).double()
        cell.load_state_dict({name: getattr(net, f"{name}_l0{end}") for name in cell.state_dict()})
        found.append(cell)
    return found


@pytest.mark.parametrize("attention", [True, False])
@torch.no_grad()
def test_scores_are_those_of_cells_stepped_one_by_one(attention: bool) -> None:
    torch.manual_seed(0)
    net = Translator(symbols=5, width=6, attention=attention).double()
    asked, right = torch.tensor([[1, 4, 0, 2], [3, 3, 1, 0]]), torch.tensor([[2, 0, 1], [4, 1, 1]])
    logits = net(asked, right)
    forth, back = cells(net.read)
    for b in range(2):
        symbols = net.embed.weight[asked[b]]
        ahead, behind, state = [], [], torch.zeros(3, dtype=torch.double)
        for symbol in symbols:
            state = forth(symbol, state)
            ahead.append(state)
        state = torch.zeros(3, dtype=torch.double)
        for symbol in symbols.flip(0):
            state = back(symbol, state)
            behind.insert(0, state)
        places = torch.stack([torch.cat(pair) for pair in zip(ahead, behind, strict=True)])
        context = torch.cat((ahead[-1], behind[0]))
        state = torch.tanh(net.begin(context))
        for t, before in enumerate([5, *right[b, :-1].tolist()]):  # 5 is what the decoder reads first
            if net.attend is not None:
                context = net.attend(state[None], places[None])[0][0]
            state = net.write(torch.cat((net.embed.weight[before], context)), state)
            assert torch.allclose(logits[b, t], net.name(torch.cat((state, context))))


@pytest.mark.parametrize("attention", [True, False])
def test_a_free_answer_is_the_likeliest_symbol_of_each_forced_step(attention: bool) -> None:
    torch.manual_seed(0)
    net, asked = Translator(symbols=9, width=16, attention=attention), torch.randint(9, (30, 6))
    found = net.answer(asked, length=4)
    assert torch.equal(found, net(asked, found).argmax(-1))
    assert len({tuple(row) for row in found.tolist()}) > 3


def test_where_it_looks_are_weights_over_places() -> None:
    net = Translator(symbols=5, width=6, attention=True)
    looks = net.looks(torch.tensor([[1, 4, 0, 2]]), length=3)
    assert looks.shape == (1, 3, 4)
    assert torch.allclose(looks.sum(-1), torch.ones(1, 3))
    with pytest.raises(ValueError, match="attends to nothing"):
        Translator(symbols=5, width=6, attention=False).looks(torch.tensor([[1]]), length=1)


@pytest.mark.parametrize("attention", [True, False])
def test_every_weight_is_trained(attention: bool) -> None:
    net = Translator(symbols=5, width=6, attention=attention)
    logits: Tensor = net(torch.tensor([[1, 4, 0, 2]]), torch.tensor([[2, 0, 1, 3]]))
    logits.square().sum().backward()
    for path, weight in net.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.abs().sum() > 0, path


def test_an_odd_width_cannot_be_shared_by_two_directions() -> None:
    with pytest.raises(ValueError, match="odd"):
        Translator(symbols=5, width=7, attention=True)
