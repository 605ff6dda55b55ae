"""Sparse patterns: the masks counted place by place, the attentions against dense attention with the mask."""

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.models.sparse_attention import fixed_attention, sparse_mask, strided_attention

B, K = 2, 5
CASES = [(47, 6, 2), (48, 6, 1), (5, 7, 3), (30, 1, 1), (64, 8, 8)]  # places, stride, summaries


def drawn(places: int) -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(1)
    return tuple(
        torch.randn(B, 3, places, K, dtype=torch.float64, generator=generator).requires_grad_() for _ in range(3)
    )


@pytest.mark.parametrize(("size", "stride", "summary"), CASES)
def test_masks_are_as_counted(size: int, stride: int, summary: int) -> None:
    strided = sparse_mask("strided", size, stride=stride)
    fixed = sparse_mask("fixed", size, stride=stride, summary=summary)
    for i in range(size):
        for j in range(size):
            assert strided[0, i, j] == (i - stride < j <= i)
            assert strided[1, i, j] == (j in range(i, -1, -stride))
            assert fixed[0, i, j] == (j <= i and i // stride == j // stride)
            assert fixed[1, i, j] == (j <= i and j % stride in range(stride - summary, stride))


@pytest.mark.parametrize("pattern", ["strided", "fixed"])
@pytest.mark.parametrize("size", [47, 64])
def test_two_hops_reach_everything_before_and_one_does_not(pattern: str, size: int) -> None:
    """Reachability, by the product of the adjacency matrix with itself."""
    first, second = sparse_mask(pattern, size, stride=8).int()
    before = torch.ones(size, size).tril().bool()
    both = first | second
    assert torch.equal((both @ both) > 0, before)
    assert not torch.equal(both > 0, before)
    assert not torch.equal((first @ first) > 0, before), "hops of one kind do not"
    assert not torch.equal((second @ second) > 0, before)


@pytest.mark.parametrize("pattern", ["strided", "fixed"])
@pytest.mark.parametrize(("size", "stride", "summary"), CASES)
def test_attention_is_dense_attention_with_the_mask(pattern: str, size: int, stride: int, summary: int) -> None:
    q, k, v = drawn(size)
    if pattern == "strided":
        mask, ours = sparse_mask("strided", size, stride=stride), strided_attention(q, k, v, stride=stride)
    else:
        mask = sparse_mask("fixed", size, stride=stride, summary=summary)
        ours = fixed_attention(q, k, v, stride=stride, summary=summary)
    dense = F.scaled_dot_product_attention(q, k, v, attn_mask=mask.any(0))
    torch.testing.assert_close(ours, dense, rtol=0, atol=1e-10)
    upstream = torch.randn_like(dense)
    theirs = torch.autograd.grad(dense, (q, k, v), upstream)
    for mine, right in zip(torch.autograd.grad(ours, (q, k, v), upstream), theirs, strict=True):
        torch.testing.assert_close(mine, right, rtol=0, atol=1e-10)


@pytest.mark.parametrize("attend", [strided_attention, fixed_attention])
def test_no_gradient_comes_from_later_places(attend) -> None:
    leaves = drawn(40)
    for x in torch.autograd.grad(attend(*leaves, stride=6)[..., 20, :].sum(), leaves):
        assert x[..., 21:, :].abs().max() == 0


def test_odd_strides_and_summaries_are_refused() -> None:
    q, k, v = drawn(8)
    with pytest.raises(ValueError, match="stride 0"):
        strided_attention(q, k, v, stride=0)
    with pytest.raises(ValueError, match="summary 4"):
        fixed_attention(q, k, v, stride=3, summary=4)
    with pytest.raises(ValueError, match="summary 0"):
        sparse_mask("fixed", 8, stride=3, summary=0)
