"""Attention to about √T places in place of T, by two fixed patterns [child2019generating].

Dimensions: … any leading axes such as a batch and heads, T places, K width, L stride, N = ⌈T / L⌉ blocks, C summaries.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

Pattern = Literal["strided", "fixed"]


def sparse_mask(pattern: Pattern, size: int, *, stride: int, summary: int = 1) -> Tensor:
    """Where each place looks, hop by hop: boolean, true where the place of the row looks at that of the column.

    Strided: the L places up to its own; every L-th place before it. Fixed: its own block of L places; the last C places
    of each block. No place looks ahead. Either way two hops reach everything before.

    Args:
        pattern: "strided" or "fixed".
        size: T.
        stride: L.
        summary: C ≤ L, for "fixed" alone.

    Returns:
        (2, T, T) boolean, one hop each.

    Raises:
        ValueError: the stride is not positive, or there are more summaries than places in a block.

    Example:
        >>> sparse_mask("strided", 6, stride=3).any(0)[5].int().tolist()
        [0, 0, 1, 1, 1, 1]
        >>> sparse_mask("fixed", 6, stride=3).any(0)[5].int().tolist()
        [0, 0, 1, 1, 1, 1]

    References:
        [child2019generating], section 4.3.
    """
    _expect(stride, summary)
    place = torch.arange(size)
    row, column = place[:, None], place[None]
    if pattern == "strided":
        hops = torch.stack((row - column < stride, (row - column) % stride == 0))
    else:
        hops = torch.stack(
            (row // stride == column // stride, (column % stride >= stride - summary).expand(size, size))
        )
    return hops & (column <= row)


def strided_attention(q: Tensor, k: Tensor, v: Tensor, *, stride: int) -> Tensor:
    """Attention to the last L places and to every L-th before them, in one softmax: T (2 L + T / L) products.

    Args:
        q: (…, T, K), queries.
        k: (…, T, K), keys.
        v: (…, T, K), values.
        stride: L; √T makes it cheapest.

    Returns:
        (…, T, K)

    Raises:
        ValueError: the stride is not positive.

    References:
        [child2019generating], section 4.3; both hops in one head, their third way of combining them.
    """
    _expect(stride, 1)
    size = q.shape[-2]
    q, k, v = (_blocks(x, stride) for x in (q / math.sqrt(q.shape[-1]), k, v))  # (…, N, L, K)
    blocks = q.shape[-3]
    near_k, near_v = (torch.cat((F.pad(x, (0, 0, 0, 0, 1, 0))[..., :-1, :, :], x), dim=-2) for x in (k, v))
    near = (q @ near_k.mT).masked_fill(~_window(blocks, stride, q.device), -torch.inf)  # (…, N, L, 2 L)
    residue_q, residue_k, residue_v = (x.transpose(-3, -2) for x in (q, k, v))  # (…, L, N, K): equal place in a block
    before = torch.ones(blocks, blocks, dtype=torch.bool, device=q.device).tril(-1)  # a place itself is near
    far = (residue_q @ residue_k.mT).masked_fill(~before, -torch.inf).transpose(-3, -2)  # (…, N, L, N)
    weights = torch.cat((near, far), dim=-1).softmax(-1)
    to_near, to_far = weights[..., : 2 * stride], weights[..., 2 * stride :]
    out = to_near @ near_v + (to_far.transpose(-3, -2) @ residue_v).transpose(-3, -2)
    return out.flatten(-3, -2)[..., :size, :]


def fixed_attention(q: Tensor, k: Tensor, v: Tensor, *, stride: int, summary: int = 1) -> Tensor:
    """Attention to the own block of L places and to the last C places of each block before: T (L + C T / L) products.

    Args:
        q: (…, T, K), queries.
        k: (…, T, K), keys.
        v: (…, T, K), values.
        stride: L.
        summary: C ≤ L.

    Returns:
        (…, T, K)

    Raises:
        ValueError: the stride is not positive, or there are more summaries than places in a block.

    References:
        [child2019generating], section 4.3; both hops in one head.
    """
    _expect(stride, summary)
    size = q.shape[-2]
    q, k, v = (_blocks(x, stride) for x in (q / math.sqrt(q.shape[-1]), k, v))  # (…, N, L, K)
    blocks = q.shape[-3]
    causal = torch.ones(stride, stride, dtype=torch.bool, device=q.device).tril()
    own = (q @ k.mT).masked_fill(~causal, -torch.inf)  # (…, N, L, L)
    last_k, last_v = (x[..., -summary:, :].flatten(-3, -2)[..., None, :, :] for x in (k, v))  # (…, 1, N C, K)
    block = torch.arange(blocks, device=q.device)
    earlier = (block[:, None] > block).repeat_interleave(summary, dim=1)[:, None]  # (N, 1, N C)
    far = (q @ last_k.mT).masked_fill(~earlier, -torch.inf)  # (…, N, L, N C)
    weights = torch.cat((own, far), dim=-1).softmax(-1)
    to_own, to_far = weights[..., :stride], weights[..., stride:]
    return (to_own @ v + to_far @ last_v).flatten(-3, -2)[..., :size, :]


def _expect(stride: int, summary: int) -> None:
    if stride < 1 or not 1 <= summary <= stride:
        raise ValueError(f"stride ≥ summary ≥ 1 expected, given stride {stride} and summary {summary}")


def _blocks(x: Tensor, stride: int) -> Tensor:
    """(…, T, K) in blocks, the last one filled up with zeros, which nothing before them looks at: (…, N, L, K)."""
    padded = F.pad(x, (0, 0, 0, -x.shape[-2] % stride))
    return padded.reshape(*x.shape[:-2], padded.shape[-2] // stride, stride, x.shape[-1])


def _window(blocks: int, stride: int, device: torch.device) -> Tensor:
    """Whether a place of a block looks at one of the block before or of its own: (N, L, 2 L) boolean."""
    place = torch.arange(2 * stride, device=device)
    distance = place[stride:, None] - place
    inside = (distance >= 0) & (distance < stride)
    there = (torch.arange(blocks, device=device) > 0)[:, None, None] | (place >= stride)  # no block before the first
    return inside & there
