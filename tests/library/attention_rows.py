"""The rows for cheaper attention."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from table import Row
from torch import Tensor

from mlblog.models import adaptive_span, favor, head_width, local_attention, lsh_attention, sparse_attention

_generator = torch.Generator().manual_seed(8)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


def whole(top: int, *shape: int) -> Tensor:
    return torch.randint(top, shape, generator=_generator)


QKV = tuple(numbers(4, 3, 8, 5) for _ in range(3))  # (B, H, T, K)
TURNS = numbers(2, 5, 3)
WAYS = favor.orthogonal_directions(7, 5, torch.Generator().manual_seed(0)).double()

ATTENTION = [
    Row("models.local_attention.local_attention",
        lambda: lambda q, k, v: local_attention.local_attention(q, k, v, torch.zeros(3)), QKV, batch=(0, 0, 0),
        leading=True, slack=2),
    Row("models.adaptive_span.AdaptiveSpan",
        lambda: adaptive_span.AdaptiveSpan(heads=3, most=6, ramp=2.5, start=0.3), QKV, batch=(0, 0, 0), leading=True,
        slack=2),
    Row("models.adaptive_span.soft_gate",
        lambda: lambda x: adaptive_span.soft_gate(x, torch.ones((), dtype=x.dtype), ramp=2.0), (numbers(4, 6).abs(),),
        lambda _: lambda x: torch.minimum(torch.ones(()), torch.relu((3 - x) / 2)), leading=True),
    Row("models.sparse_attention.strided_attention",
        lambda: functools.partial(sparse_attention.strided_attention, stride=3), QKV,
        lambda _: lambda q, k, v: F.scaled_dot_product_attention(
            q, k, v, sparse_attention.sparse_mask("strided", 8, stride=3).any(0)),
        batch=(0, 0, 0), leading=True, slack=2),
    Row("models.sparse_attention.fixed_attention",
        lambda: functools.partial(sparse_attention.fixed_attention, stride=3, summary=2), QKV,
        lambda _: lambda q, k, v: F.scaled_dot_product_attention(
            q, k, v, sparse_attention.sparse_mask("fixed", 8, stride=3, summary=2).any(0)),
        batch=(0, 0, 0), leading=True, slack=2),
    Row("models.lsh_attention.lsh_buckets", lambda: lambda x: lsh_attention.lsh_buckets(x, TURNS).to(x.dtype), QKV[:1],
        leading=True),
    Row("models.lsh_attention.lsh_attention",
        lambda: functools.partial(lsh_attention.lsh_attention, chunk=4), (*QKV[1:], whole(3, 4, 3, 2, 8)),
        batch=(0, 0, 0), leading=True, slack=2),
    Row("models.lsh_attention.lsh_reach", lambda: lambda b: lsh_attention.lsh_reach(b, chunk=4).long(),
        (whole(3, 4, 2, 8),), leading=True),
    Row("models.favor.log_positive_features", lambda: lambda x: favor.log_positive_features(x, WAYS).to(x.dtype),
        QKV[:1], leading=True, slack=2),
    Row("models.favor.trigonometric_features", lambda: lambda x: favor.trigonometric_features(x, WAYS).to(x.dtype),
        (numbers(4, 8, 5) / 2,), leading=True, slack=2),
    Row("models.favor.favor_attention", lambda: lambda q, k, v: favor.favor_attention(q, k, v, WAYS), QKV,
        batch=(0, 0, 0), leading=True, slack=2),
    Row("models.favor.favor_attention", lambda: lambda q, k, v: favor.favor_attention(q, k, v, WAYS, causal=False), QKV,
        batch=(0, 0, 0), leading=True, slack=2),
    Row("models.head_width.WideHeadAttention", lambda: head_width.WideHeadAttention(8, 2, head_width=7),
        (numbers(4, 5, 8),), leading=True),
]  # fmt: skip
