"""`torch.nn.MultiheadAttention` with the same weights is the oracle; its mask says where a query may not look."""

import pytest
import torch
from torch import Tensor, nn

from mlblog.models.attention import MultiHeadAttention

B, T, S, D, H = 2, 5, 7, 12, 3


def pair() -> tuple[MultiHeadAttention, nn.MultiheadAttention]:
    """Ours and torch's, in float64, with the same random weights and biases."""
    torch.manual_seed(0)
    ours = MultiHeadAttention(D, H).double()
    theirs = nn.MultiheadAttention(D, H, batch_first=True, dtype=torch.float64)
    with torch.no_grad():
        for weight in ours.parameters():
            weight.normal_()
        theirs.in_proj_weight.copy_(ours.project_in.weight)
        theirs.in_proj_bias.copy_(ours.project_in.bias)
        theirs.out_proj.load_state_dict(ours.project_out.state_dict())
    return ours, theirs


def inputs() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    draw = (torch.randn(B, n, D, dtype=torch.float64, generator=generator) for n in (T, S))
    return tuple(x.requires_grad_() for x in draw)


def assert_close(actual: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


def compare(ours: Tensor, theirs: Tensor, nets: tuple[nn.Module, nn.Module], inputs: tuple[Tensor, ...]) -> None:
    """Equal output, and equal gradients of inputs and weights for one and the same upstream gradient."""
    assert_close(ours, theirs)
    upstream = torch.randn_like(ours)
    mine, reference = nets
    got = torch.autograd.grad(ours, [*inputs, *mine.parameters()], upstream)
    expected = torch.autograd.grad(theirs, [*inputs, *reference.parameters()], upstream)
    for actual, right in zip(got, expected, strict=True):
        assert_close(actual, right)


def test_self_attention_agrees_with_torch() -> None:
    ours, theirs = pair()
    x, _ = inputs()
    compare(ours(x), theirs(x, x, x, need_weights=False)[0], (ours, theirs), (x,))


def test_attention_to_a_memory_agrees_with_torch() -> None:
    ours, theirs = pair()
    x, memory = inputs()
    compare(ours(x, memory), theirs(x, memory, memory, need_weights=False)[0], (ours, theirs), (x, memory))


def test_a_causal_mask_agrees_with_torch() -> None:
    ours, theirs = pair()
    x, _ = inputs()
    may_look = torch.ones(T, T, dtype=torch.bool).tril()
    compare(ours(x, mask=may_look), theirs(x, x, x, attn_mask=~may_look, need_weights=False)[0], (ours, theirs), (x,))


def test_a_padding_mask_agrees_with_torch_and_hides_the_padding() -> None:
    ours, theirs = pair()
    x, memory = inputs()
    padding = torch.arange(S) >= torch.tensor([[4], [6]])  # (B, S)
    expected = theirs(x, memory, memory, key_padding_mask=padding, need_weights=False)[0]
    may_look = ~padding[:, None, None, :]
    compare(ours(x, memory, may_look), expected, (ours, theirs), (x, memory))
    other = memory.detach().masked_fill(padding[:, :, None], 1e3)
    assert_close(ours(x, other, may_look), expected)


def test_heads_are_real() -> None:
    """With the same weights, three heads and one give different outputs: the number of heads is not ignored."""
    ours, _ = pair()
    single = MultiHeadAttention(D, 1).double()
    single.load_state_dict(ours.state_dict())
    x, _ = inputs()
    assert (ours(x) - single(x)).abs().max() > 0.1


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="width 12 and heads 5"):
        MultiHeadAttention(12, 5)
