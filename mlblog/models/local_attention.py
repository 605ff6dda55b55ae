"""Attention to the last few places only, block by block: linear in their number.

Dimensions: … any leading axes such as a batch and heads, T places, K width, S span.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def local_attention(q: Tensor, k: Tensor, v: Tensor, log_gate: Tensor) -> Tensor:
    """Let every place look at itself and at the S - 1 places before it, as far as a gate is open at their distance.

        w[t, r] ∝ g(t - r) exp(q_t · k_r / √K)   for 0 ≤ t - r < S

    The places are cut into blocks of S. A block looks at itself and at the block before it, so that T places take
    2 S T products at most.

    Args:
        q: (…, T, K), queries.
        k: (…, T, K), keys.
        v: (…, T, K), values.
        log_gate: log g at the distances 0 … S - 1, minus infinity where the gate is closed; its leading axes are
            broadcast to those of `q`. A plain window is `torch.zeros(S)`. It must be open at distance 0.

    Returns:
        (…, T, K)

    Raises:
        ValueError: there is no distance at all.

    Example:
        >>> q, k, v = torch.randn(3, 2, 50, 8)
        >>> local_attention(q, k, v, torch.zeros(10)).shape
        torch.Size([2, 50, 8])

    References:
        [child2019generating], section 4.3, for the window alone; [sukhbaatar2019adaptive], eq. 4, for the gate.
    """
    size, span = q.shape[-2], log_gate.shape[-1]
    if not span:
        raise ValueError("a span of at least one place expected, given none")
    leading, span = q.shape[:-2], min(span, max(size, 1))
    block = max(span, min(size, 32))  # tiny blocks spend their time on calls
    bias = _by_block(log_gate[..., :span].to(q.dtype), block)  # (…, block, 2 block)
    q, k, v = (_flat(F.pad(x, (0, 0, 0, -size % block))) for x in (q, k, v))
    bias = _flat(bias.expand(*leading, *bias.shape[-2:])) if bias.ndim > 2 else bias[None]
    own = F.scaled_dot_product_attention(
        q[:, None, :block], k[:, None, :block], v[:, None, :block], attn_mask=bias[:, None, :, block:]
    )
    if q.shape[1] == block:
        return own[:, 0, :size].reshape(*leading, size, v.shape[-1])
    q, k, v = (x.reshape(len(x), x.shape[1] // block, block, x.shape[-1]) for x in (q, k, v))  # (L, N, block, K)
    k, v = (torch.cat((x[:, :-1], x[:, 1:]), dim=-2) for x in (k, v))  # (L, N - 1, 2 block, K)
    others = F.scaled_dot_product_attention(q[:, 1:], k, v, attn_mask=bias[:, None])
    out = torch.cat((own, others), dim=1).flatten(1, 2)[:, :size]
    return out.reshape(*leading, size, v.shape[-1])


def _by_block(log_gate: Tensor, block: int) -> Tensor:
    """The gate (…, S) between places of a block and those of the block before and of their own: (…, block, 2 block)."""
    places = torch.arange(2 * block, device=log_gate.device)
    distance = places[block:, None] - places
    inside = (distance >= 0) & (distance < log_gate.shape[-1])
    gate = log_gate[..., distance.clamp(0, log_gate.shape[-1] - 1)]
    return gate.masked_fill(~inside, -torch.inf)


def _flat(x: Tensor) -> Tensor:
    """(…, a, b) with one leading axis: the kernels of torch are quick for four axes only."""
    return x.reshape(x.shape[:-2].numel(), *x.shape[-2:])
