"""A shared block against torch's own encoder layer, and halting against a loop over places."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from mlblog.models.placed import BiasedScores, PlacedBlock
from mlblog.models.universal import UniversalTransformer

WIDTH, HEADS, HIDDEN, MOST = 12, 3, 20, 5
TOKENS = torch.tensor([[8, 1, 5, 5, 0, 3, 2], [8, 2, 2, 7, 4, 4, 0]])


def made(**options: object) -> UniversalTransformer:
    torch.manual_seed(0)
    given = {"width": WIDTH, "heads": HEADS, "hidden": HIDDEN, "most": MOST, **options}
    net = UniversalTransformer(9, 7, **given).double()  # type: ignore[arg-type]
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(torch.randn(weight.shape) * 0.4)
    return net


def torchs(block: PlacedBlock) -> nn.TransformerEncoderLayer:
    """Torch's layer with a block's weights."""
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, dropout=0.0, batch_first=True, norm_first=True).double()
    first, _, last = block.think
    pairs = {"self_attn.in_proj_": block.project_in, "self_attn.out_proj.": block.project_out, "linear1.": first,
             "linear2.": last, "norm1.": block.attend_norm, "norm2.": block.think_norm}  # fmt: skip
    layer.load_state_dict({
        name + part: getattr(module, part) for name, module in pairs.items() for part in ("weight", "bias")
    })  # fmt: skip
    return layer


def wave(at: int) -> list[float]:
    """The sinusoid of a place or a step, in plain numbers."""
    angles = [at / 10_000 ** (2 * i / WIDTH) for i in range(WIDTH // 2)]
    return [value for angle in angles for value in (math.sin(angle), math.cos(angle))]


def known(step: int, start: int, places: bool) -> Tensor:
    rows = [[a + places * b for a, b in zip(wave(step), wave(start + t), strict=True)] for t in range(TOKENS.shape[1])]
    return torch.tensor(rows, dtype=torch.float64)


@pytest.mark.parametrize("start", [0, 11])
@pytest.mark.parametrize("places", [True, False])
@pytest.mark.parametrize("tied", [True, False])
@torch.no_grad()
def test_steps_are_torchs_layers_one_after_another(tied: bool, places: bool, start: int) -> None:
    net = made(tied=tied, places=places, adaptive=False)
    logits, halting = net(TOKENS, start)
    state = net.embedding(TOKENS)
    for step in range(1, MOST + 1):
        state = torchs(net.blocks[0 if tied else step - 1])(state + known(step, start, places))
    torch.testing.assert_close(logits, net.name(net.norm(state)), rtol=0, atol=1e-5)  # sinusoids are in float32
    assert (halting.steps == MOST).all()
    assert len(net.blocks) == (1 if tied else MOST)


@pytest.mark.parametrize("tied", [True, False])
@torch.no_grad()
def test_a_place_that_has_halted_is_copied_and_its_states_are_averaged(tied: bool) -> None:
    """Each place by itself, step by step as it is told, on torch's layers."""
    net = made(tied=tied)
    net.embedding.weight.mul_(10)  # places differ
    net.halt.weight.mul_(0.1)
    net.halt.bias.fill_(-0.5)
    logits, halting = net(TOKENS)
    state = net.embedding(TOKENS)
    spent, steps, mean = torch.zeros(TOKENS.shape), torch.zeros(TOKENS.shape), torch.zeros_like(state)
    for step in range(1, MOST + 1):
        found = torchs(net.blocks[0 if tied else step - 1])(state + known(step, 0, True))
        for b in range(2):
            for t in range(TOKENS.shape[1]):
                if steps[b, t]:
                    continue
                state[b, t] = found[b, t]
                halt = torch.sigmoid(net.halt.weight[0] @ found[b, t] + net.halt.bias[0]).item()
                if spent[b, t] + halt >= 0.99 or step == MOST:
                    halt, steps[b, t] = 1 - spent[b, t].item(), step
                spent[b, t] += halt
                mean[b, t] += halt * found[b, t]
    assert len(steps.unique()) > 2
    assert torch.equal(halting.steps.float(), steps)
    torch.testing.assert_close(halting.weights.sum(-1), torch.ones(TOKENS.shape, dtype=torch.float64))
    torch.testing.assert_close(logits, net.name(net.norm(mean)), rtol=0, atol=1e-5)


@torch.no_grad()
def test_what_halts_at_once_has_taken_one_step() -> None:
    net = made()
    net.halt.weight.zero_()
    net.halt.bias.fill_(50)
    logits, halting = net(TOKENS)
    assert (halting.steps == 1).all()
    torch.testing.assert_close(logits, net(TOKENS, most=1)[0], rtol=0, atol=1e-12)


@torch.no_grad()
def test_a_shared_block_takes_any_number_of_steps() -> None:
    net = made(adaptive=False)
    longer = made(adaptive=False, most=MOST + 3)
    torch.testing.assert_close(net(TOKENS, most=MOST + 3)[0], longer(TOKENS)[0], rtol=0, atol=0)
    assert not torch.allclose(net(TOKENS)[0], longer(TOKENS)[0])
    apart = made(adaptive=False, tied=False)
    assert (apart(TOKENS, most=2)[1].steps == 2).all()
    for wrong in (0, MOST + 1):
        with pytest.raises(ValueError, match=f"given {wrong}"):
            apart(TOKENS, most=wrong)
    with pytest.raises(ValueError, match="given most=0"):
        made(most=0)


@torch.no_grad()
def test_with_a_bias_for_distances_it_does_not_matter_where_a_string_begins() -> None:
    net = made(places=False, scores=lambda: BiasedScores(HEADS, reach=2))
    torch.testing.assert_close(net(TOKENS, 9)[0], net(TOKENS)[0], rtol=0, atol=1e-12)
    assert not torch.allclose(made()(TOKENS, 9)[0], made()(TOKENS)[0])


@pytest.mark.parametrize("tied", [True, False])
def test_every_weight_is_trained_the_halting_unit_too(tied: bool) -> None:
    net = made(tied=tied)
    with torch.no_grad():
        net.halt.bias.fill_(-3)
    net(TOKENS)[0].square().sum().backward()
    for path, weight in net.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.abs().sum() > 0, path
