"""Blocks against `torch.nn.TransformerEncoderLayer` and `TransformerDecoderLayer` with the same weights."""

import math

import torch
from torch import Tensor, nn

from mlblog.models.attention import MultiHeadAttention
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
