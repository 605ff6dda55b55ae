"""Blocks against `torch.nn.TransformerEncoderLayer` and `TransformerDecoderLayer` with the same weights."""

import math

import pytest
import torch
from torch import Tensor, nn

from mlblog.models.attention import MultiHeadAttention
from mlblog.models.pointer import PointerTransformer
from mlblog.models.pointer_keys import KeyPointer
from mlblog.models.transformer import DecoderBlock, EncoderBlock, sinusoidal_positions

B, T, N, D, H, F = 2, 5, 7, 12, 3, 20


def randomise(net: nn.Module) -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        for weight in net.parameters():
            weight.normal_(std=0.5)


def copy_attention(ours: MultiHeadAttention, theirs: nn.MultiheadAttention) -> None:
    with torch.no_grad():
        theirs.in_proj_weight.copy_(ours.project_in.weight)
        theirs.in_proj_bias.copy_(ours.project_in.bias)
        theirs.out_proj.load_state_dict(ours.project_out.state_dict())


def assert_same_with_gradients(ours: Tensor, theirs: Tensor, *inputs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-10)
    upstream = torch.randn_like(ours)
    pairs = zip(torch.autograd.grad(ours, inputs, upstream), torch.autograd.grad(theirs, inputs, upstream), strict=True)
    for actual, expected in pairs:
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


def test_an_encoder_block_agrees_with_torch() -> None:
    ours = EncoderBlock(D, H, F).double()
    randomise(ours)
    theirs = nn.TransformerEncoderLayer(D, H, F, 0.0, batch_first=True, norm_first=True, dtype=torch.float64)
    copy_attention(ours.attend, theirs.self_attn)
    for mine, reference in (
        (ours.attend_norm, theirs.norm1),
        (ours.think_norm, theirs.norm2),
        (ours.think[0], theirs.linear1),
        (ours.think[2], theirs.linear2),
    ):
        reference.load_state_dict(mine.state_dict())
    x = torch.randn(B, N, D, dtype=torch.float64, requires_grad=True)
    assert_same_with_gradients(ours(x), theirs(x), x)


def test_a_decoder_block_agrees_with_torch() -> None:
    ours = DecoderBlock(D, H, F).double()
    randomise(ours)
    theirs = nn.TransformerDecoderLayer(D, H, F, 0.0, batch_first=True, norm_first=True, dtype=torch.float64)
    copy_attention(ours.attend, theirs.self_attn)
    copy_attention(ours.recall, theirs.multihead_attn)
    for mine, reference in (
        (ours.attend_norm, theirs.norm1),
        (ours.recall_norm, theirs.norm2),
        (ours.think_norm, theirs.norm3),
        (ours.think[0], theirs.linear1),
        (ours.think[2], theirs.linear2),
    ):
        reference.load_state_dict(mine.state_dict())
    x, memory = (torch.randn(B, n, D, dtype=torch.float64, requires_grad=True) for n in (T, N))
    future = torch.ones(T, T, dtype=torch.bool).triu(1)
    assert_same_with_gradients(ours(x, memory), theirs(x, memory, tgt_mask=future), x, memory)


def test_a_decoder_block_does_not_see_the_future() -> None:
    block = DecoderBlock(D, H, F)
    randomise(block)
    x, memory = torch.randn(1, T, D, requires_grad=True), torch.randn(1, N, D)
    (gradient,) = torch.autograd.grad(block(x, memory)[0, 2].sum(), x)
    assert (gradient[0, :3].abs().sum(1) > 0).all()
    assert (gradient[0, 3:] == 0).all()


def test_sinusoidal_positions_are_the_formula() -> None:
    table = sinusoidal_positions(T, 6)
    for place in range(T):
        for pair in range(3):
            angle = place / 10_000 ** (2 * pair / 6)
            expected = torch.tensor([math.sin(angle), math.cos(angle)])
            torch.testing.assert_close(table[place, 2 * pair : 2 * pair + 2], expected)


@pytest.mark.parametrize("rate", [0.0, 0.4, 1.0])
def test_dropout_falls_on_every_branch_while_training_and_on_none_after(rate: float) -> None:
    """With a rate of one no branch is left, and a block is the identity; the blocks are linear in what is kept."""
    torch.manual_seed(0)
    x, memory = torch.randn(3, 5, 8), torch.randn(3, 7, 8)
    for block, inputs in ((EncoderBlock(8, 2, 12, rate), (x,)), (DecoderBlock(8, 2, 12, rate), (x, memory))):
        silent = type(block)(8, 2, 12, 0.0)
        silent.load_state_dict(block.state_dict())
        torch.testing.assert_close(block.eval()(*inputs), silent(*inputs), rtol=0, atol=0)
        trained = block.train()(*inputs)
        if rate == 0:
            torch.testing.assert_close(trained, silent(*inputs), rtol=0, atol=0)
        elif rate == 1:
            torch.testing.assert_close(trained, x, rtol=0, atol=0)
        else:
            assert not torch.allclose(trained, silent(*inputs))
            assert not torch.allclose(trained, block(*inputs))  # drawn anew


@pytest.mark.parametrize("kind", [PointerTransformer, KeyPointer])
def test_dropout_reaches_the_blocks_of_a_pointer_transformer(kind: type[PointerTransformer | KeyPointer]) -> None:
    """With a rate of one no branch of the encoder or the decoder is left, and embeddings go straight through."""
    torch.manual_seed(0)
    letters, prefix = torch.tensor([[0, 1, 2, 3], [4, 5, 6, 7]]), torch.tensor([[2, 0], [5, 7]])
    net = kind(width=8, heads=2, layers=2, hidden=12, dropout=1.0)
    embedded = net.embedding(letters)
    memories = net.encode(letters)
    for memory, norm in zip(memories, net.encoder_norms, strict=True):
        torch.testing.assert_close(memory, norm(embedded), rtol=0, atol=0)
    start = torch.full((2, 1), net.embedding.num_embeddings - 1)
    states = net.decoder_norm(net.embedding(torch.cat((start, prefix), dim=1)))
    pointed = net.decode(memories, letters, prefix)
    straight = net.point(states, memories[-1], pointed == -torch.inf)
    torch.testing.assert_close(pointed, straight, rtol=0, atol=0)
    assert not torch.allclose(net.eval().encode(letters)[0], net.encoder_norms[0](embedded))
