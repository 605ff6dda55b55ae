"""Attention to places that hash alike, found by sorting [kitaev2020reformer].

Dimensions: … any leading axes such as a batch and heads, T places, K width, R rounds of hashing, B buckets, C places of
a chunk, N = T / C chunks.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.numerics.precision import widened

_LAST_RESORT = -1e5  # a place looks at itself only if it may look nowhere else


def lsh_buckets(x: Tensor, rotations: Tensor) -> Tensor:
    """The bucket of each vector in each round: the nearest of the 2 · B / 2 directions ± columns of a random matrix.

    Vectors of small angle share a bucket more often than others, whatever their length.

    Args:
        x: (…, T, K).
        rotations: (R, K, D), standard normal; D = B / 2.

    Returns:
        (…, R, T), whole numbers below B.

    References:
        [kitaev2020reformer], section 2, after Andoni and others (2015).
    """
    wide = widened(x)
    turned = wide[..., None, :, :] @ rotations.to(wide.dtype)  # (…, R, T, D)
    return torch.cat((turned, -turned), dim=-1).argmax(-1)


def lsh_attention(qk: Tensor, v: Tensor, buckets: Tensor, *, chunk: int) -> Tensor:
    """Causal attention of each place to those before it that share a bucket and lie near it in the sorted order.

    The places are sorted by bucket and cut into chunks. In round r place i looks at P_i^r: the places of its bucket, up
    to its own, in its chunk and in the one before. The softmax runs over the union of the rounds,

        o_i = Σ_j exp(q_i · k_j / √K) v_j / Σ_j …,   j in P_i^1 ∪ … ∪ P_i^R,   k_j = q_j / |q_j|,

    where i itself counts only if there is no other j. Each place takes 2 R C products.

    Args:
        qk: (…, T, K), what is both query and, at length 1, key; T a multiple of C.
        v: (…, T, K), values.
        buckets: (…, R, T), as `lsh_buckets` finds them.
        chunk: C.

    Returns:
        (…, T, K)

    Raises:
        ValueError: the chunk does not divide the number of places.

    Example:
        >>> x, v, rotations = torch.randn(64, 8), torch.randn(64, 8), torch.randn(4, 8, 2)
        >>> lsh_attention(x, v, lsh_buckets(x, rotations), chunk=16).shape
        torch.Size([64, 8])

    References:
        [kitaev2020reformer], section 2; the counts that keep the union from counting twice are their N_ij.
    """
    size, rounds = qk.shape[-2], buckets.shape[-2]
    if chunk < 1 or size % chunk:
        raise ValueError(f"a number of places that is a multiple of chunk expected, given {size} and {chunk}")
    order = (buckets * size + torch.arange(size, device=qk.device)).argsort(-1)  # (…, R, T)
    rank = order.argsort(-1)
    codes = _codes(buckets, rank, chunk)
    q, k, wide_v = widened(qk) / math.sqrt(qk.shape[-1]), F.normalize(widened(qk), dim=-1), widened(v)
    found, log_totals = [], []
    for number in range(rounds):  # one by one, as their scores would not fit into a cache together
        back = rank[..., number, :, None]
        out, log_total = _one_round(q, k, wide_v, order[..., number, :], codes, number, chunk)
        found.append(out.gather(-2, back.expand(out.shape)))
        log_totals.append(log_total.gather(-2, back))
    share = torch.stack(log_totals).softmax(0)  # (R, …, T, 1): of each round in the union
    return (share * torch.stack(found)).sum(0).to(v.dtype)


def _one_round(
    q: Tensor, k: Tensor, v: Tensor, order: Tensor, codes: Tensor, number: int, chunk: int
) -> tuple[Tensor, Tensor]:
    """Attend in one round: the outputs (…, T, K) and the logarithms of their denominators (…, T, 1), both as sorted."""
    q, k, v = (
        _chunks(x.gather(-2, order[..., None].expand(*order.shape, x.shape[-1])), chunk) for x in (q, k, v)
    )  # (…, N, C, K)
    scores = q @ _with_previous(k).mT + _log_shares(order, codes, number, chunk, q.dtype)  # (…, N, C, 2 C)
    top = scores.detach().amax(-1, keepdim=True)
    weights = (scores - top).exp()
    total = weights.sum(-1, keepdim=True)
    out = (weights @ _with_previous(v)) / total
    return out.flatten(-3, -2), (top + total.log()).flatten(-3, -2)


def lsh_reach(buckets: Tensor, *, chunk: int) -> Tensor:
    """Whom each place looks at in some round: the union of the P_i^r of `lsh_attention`, the place itself included.

    Args:
        buckets: (…, R, T), whole numbers; T a multiple of C.
        chunk: C.

    Returns:
        (…, T, T) boolean, true where the place of the row looks at that of the column.
    """
    size = buckets.shape[-1]
    rank = (buckets * size + torch.arange(size)).argsort(-1).argsort(-1)
    code = _codes(buckets, rank, chunk)
    gap = code[..., :, None] - code[..., None, :]
    return ((gap == 0) | (gap == 1)).any(-3).tril()


def _codes(buckets: Tensor, rank: Tensor, chunk: int) -> Tensor:
    """Bucket and chunk in one number (…, R, T).

    A query's is larger than a key's by 0 or 1 exactly if they share a bucket and the key's chunk is the query's or the
    one before: chunks are fewer than T, so other buckets are further apart.
    """
    return (buckets * (2 * buckets.shape[-1]) + rank // chunk).int()  # half the bytes: these are compared in all pairs


def _log_shares(order: Tensor, codes: Tensor, number: int, chunk: int, dtype: torch.dtype) -> Tensor:
    """What is added to the scores (…, N, C, 2 C) of a round: -log of the number of rounds that have the pair.

    Minus infinity where this round has not. A place and itself get `_LAST_RESORT`.
    """
    place = _chunks(order[..., None], chunk)[..., 0]  # (…, N, C)
    key_place = _with_previous(place[..., None], fill=-1)[..., 0]  # (…, N, 2 C)
    gap = place.int()[..., :, None] - key_place.int()[..., None, :]
    count = torch.zeros(gap.shape, dtype=dtype, device=order.device)
    hidden = (gap < 0) | (key_place < 0)[..., None, :]  # a place does not look ahead; before the first chunk is nothing
    for other, of_round in enumerate(codes.unbind(-2)):
        of_query = of_round.gather(-1, order).reshape(place.shape)
        of_key = of_round.gather(-1, key_place.clamp(min=0).flatten(-2)).reshape(key_place.shape)
        shared = (of_query[..., :, None] - of_key[..., None, :]).bitwise_right_shift_(1) == 0  # 0 or 1
        count += shared
        if other == number:
            hidden |= ~shared
    return count.log_().neg_().masked_fill_(gap == 0, _LAST_RESORT).masked_fill_(hidden, -torch.inf)


def _chunks(x: Tensor, chunk: int) -> Tensor:
    """(…, T, K) to (…, N, C, K)."""
    return x.reshape(*x.shape[:-2], x.shape[-2] // chunk, chunk, x.shape[-1])


def _with_previous(x: Tensor, fill: float = 0) -> Tensor:
    """Chunks (…, N, C, K), each after the one before it; `fill` before the first: (…, N, 2 C, K)."""
    before = F.pad(x, (0, 0, 0, 0, 1, 0), value=fill)[..., :-1, :, :]
    return torch.cat((before, x), dim=-2)
