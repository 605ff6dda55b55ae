"""Attention over segments, against sums over pairs and against reading everything at once."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from mlblog.models.transformer_xl import RelativeMultiHeadAttention, ResidualBlock, TransformerXL, rel_shift


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (1, 4), (3, 3), (3, 7), (5, 6)])
def test_the_shift_is_an_index_gather(rows: int, columns: int) -> None:
    scores = torch.randn(2, 3, rows, columns, dtype=torch.double)
    shifted = rel_shift(scores)
    for query in range(rows):
        for key in range(columns - rows + query + 1):
            distance = columns - rows + query - key
            assert torch.equal(shifted[..., query, key], scores[..., query, columns - 1 - distance])


def test_scores_with_fewer_keys_than_queries_are_refused() -> None:
    with pytest.raises(ValueError, match=r"S ≥ T.*\(3, 2\)"):
        rel_shift(torch.zeros(3, 2))


def sinusoid(distance: int, width: int) -> Tensor:
    angles = [distance / 10_000 ** (2 * (i // 2) / width) for i in range(width)]
    return torch.tensor([math.cos(a) if i % 2 else math.sin(a) for i, a in enumerate(angles)], dtype=torch.double)


def by_pairs(attend: RelativeMultiHeadAttention, x: Tensor, memory: Tensor) -> Tensor:
    """(T, D): a matrix product for each pair of a query and a key, O(T S D²)."""
    heads, (places, width) = attend.heads, x.shape
    size, seen, out = width // heads, torch.cat((memory, x)), torch.zeros_like(x)
    for i in range(places):
        at = len(memory) + i
        for h in range(heads):
            rows = slice(h * size, (h + 1) * size)
            q = attend.query.weight[rows] @ x[i]
            scores, values = [], []
            for j in range(at + 1):
                k = attend.key_value.weight[:width][rows] @ seen[j]
                r = attend.distance.weight[rows] @ sinusoid(at - j, width)
                scores.append(((q + attend.u[h, 0]) @ k + (q + attend.v[h, 0]) @ r) / math.sqrt(size))
                values.append(attend.key_value.weight[width:][rows] @ seen[j])
            weights = torch.stack(scores).exp()
            out[i, rows] = (weights[:, None] * torch.stack(values)).sum(0) / weights.sum()
    return out @ attend.out.weight.T


@torch.no_grad()
@pytest.mark.parametrize("remembered", [0, 1, 5])
def test_attention_is_the_sum_over_pairs(remembered: int) -> None:
    torch.manual_seed(0)
    attend = RelativeMultiHeadAttention(width=6, heads=3).double()
    attend.u.normal_()
    attend.v.normal_()
    x, memory = torch.randn(2, 4, 6, dtype=torch.double), torch.randn(2, remembered, 6, dtype=torch.double)
    found = attend(x, memory)
    for one in range(2):
        assert torch.allclose(found[one], by_pairs(attend, x[one], memory[one]), atol=1e-5)  # sines are float32
    if not remembered:
        assert torch.equal(found, attend(x))


def network(memory: int) -> TransformerXL:
    torch.manual_seed(1)
    net = TransformerXL(symbols=11, width=6, layers=3, memory=memory, block=lambda: ResidualBlock(6, 2, 10))
    return net.double()


def read(net: TransformerXL, tokens: Tensor, segment: int) -> Tensor:
    memory, found = None, []
    for some in tokens.split(segment, dim=1):
        logits, memory = net(some, memory)
        found.append(logits)
    return torch.cat(found, dim=1)


@torch.no_grad()
def test_with_enough_memory_segments_change_nothing() -> None:
    net, tokens = network(memory=14), torch.randint(11, (2, 14))
    whole, _ = net(tokens)
    for segment in (1, 4, 7):
        assert torch.allclose(read(net, tokens, segment), whole)


@torch.no_grad()
@pytest.mark.parametrize("memory", [0, 1, 3, 5, 8])
def test_a_layer_sees_its_segment_so_far_and_the_places_that_are_kept(memory: int) -> None:
    """Every place by itself, from the states of all places before it in the layer below."""
    net, tokens, segment = network(memory), torch.randint(11, (2, 13)), 4
    states = net.embed(tokens)
    for block in net.blocks:
        after = []
        for place in range(13):
            first = max(0, place // segment * segment - memory)
            after.append(block(states[:, place : place + 1], states[:, first:place]))
        states = torch.cat(after, dim=1)
    assert torch.allclose(read(net, tokens, segment), net.name(net.norm(states)))


def test_memory_keeps_the_inputs_of_layers_without_gradient() -> None:
    net, tokens = network(memory=5), torch.randint(11, (2, 7))
    _, memory = net(tokens)
    assert memory.shape == (3, 2, 5, 6)
    assert not memory.requires_grad
    assert torch.equal(memory[0], net.embed(tokens)[:, 2:])
    _, after = net(tokens[:, :2], memory)
    assert torch.equal(after[:, :, :3], memory[:, :, 2:])
    tokens[:, :2] += 1
    tokens %= 11
    net.embed.weight.grad = None
    logits, _ = net(torch.zeros(2, 1, dtype=torch.long), memory)
    logits.sum().backward()
    assert net.embed.weight.grad is not None
    assert net.embed.weight.grad[1:].abs().sum() == 0  # nothing flows to what the memory was made of


def test_every_weight_is_trained() -> None:
    net, tokens = network(memory=5), torch.randint(11, (3, 12))
    read(net, tokens, 6).square().sum().backward()
    for path, weight in net.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.abs().sum() > 0, path


@pytest.mark.parametrize(("width", "heads"), [(6, 4), (5, 1), (0, 1), (4, 0)])
def test_widths_that_heads_cannot_share_are_refused(width: int, heads: int) -> None:
    with pytest.raises(ValueError, match="an even width and a divisor"):
        RelativeMultiHeadAttention(width, heads)


def test_inputs_of_other_shapes_are_refused() -> None:
    attend, net = RelativeMultiHeadAttention(6, 2), network(memory=2)
    with pytest.raises(ValueError, match=r"x \(…, T, 6\) expected, given \(2, 3, 5\)"):
        attend(torch.zeros(2, 3, 5))
    with pytest.raises(ValueError, match=r"memory \(2, 'M', 6\) expected, given \(1, 4, 6\)"):
        attend(torch.zeros(2, 3, 6), torch.zeros(1, 4, 6))
    with pytest.raises(ValueError, match=r"tokens \(B, T\) expected, given \(3,\)"):
        net(torch.zeros(3, dtype=torch.long))
    with pytest.raises(ValueError, match=r"memory \(3, 2, 'M', 6\) expected, given \(2, 2, 4, 6\)"):
        net(torch.zeros(2, 3, dtype=torch.long), torch.zeros(2, 2, 4, 6))
