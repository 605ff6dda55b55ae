"""Hashed attention against sets gathered by hand, and the hash against angles."""

import math

import pytest
import torch
from torch import Tensor

from mlblog.models.lsh_attention import lsh_attention, lsh_buckets, lsh_reach

B, R, T, K, CHUNK, BUCKETS = 2, 3, 48, 5, 8, 6


def drawn() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    qk, v = (torch.randn(B, T, K, dtype=torch.float64, generator=generator).requires_grad_() for _ in range(2))
    rotations = torch.randn(R, K, BUCKETS // 2, dtype=torch.float64, generator=generator)
    return qk, v, lsh_buckets(qk, rotations)


def gathered(buckets: list[list[int]]) -> list[set[int]]:
    """By the words of the paper: whom each place looks at, over rounds; itself included."""
    found = [set() for _ in range(T)]
    for row in buckets:
        order = sorted(range(T), key=lambda place: (row[place], place))
        chunk_of = {place: number // CHUNK for number, place in enumerate(order)}
        for i in range(T):
            for j in range(i + 1):
                if row[i] == row[j] and chunk_of[i] - chunk_of[j] in (0, 1):
                    found[i].add(j)
    return found


def dense(qk: Tensor, v: Tensor, sets: list[set[int]]) -> Tensor:
    """Softmax over each set; a place itself only where the set holds no other."""
    out = []
    for i, chosen in enumerate(sets):
        others = sorted(chosen - {i}) or [i]
        keys = qk[others] / qk[others].square().sum(-1, keepdim=True).sqrt()
        weights = (keys @ qk[i] / math.sqrt(K)).exp()
        out.append(weights / weights.sum() @ v[others])
    return torch.stack(out)


def test_it_is_the_softmax_over_the_union_of_the_rounds() -> None:
    qk, v, buckets = drawn()
    ours = lsh_attention(qk, v, buckets, chunk=CHUNK)
    right = torch.stack([dense(qk[b], v[b], gathered(buckets[b].tolist())) for b in range(B)])
    torch.testing.assert_close(ours, right, rtol=0, atol=1e-9)
    upstream = torch.randn_like(right)
    theirs = torch.autograd.grad(right, (qk, v), upstream)
    for mine, other in zip(torch.autograd.grad(ours, (qk, v), upstream), theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=0, atol=1e-8)


def test_reach_is_as_gathered() -> None:
    _, _, buckets = drawn()
    reach = lsh_reach(buckets, chunk=CHUNK)
    for b in range(B):
        sets = gathered(buckets[b].tolist())
        assert [set(row.nonzero()[:, 0].tolist()) for row in reach[b]] == sets
    assert 0.2 < reach.float().mean() < 0.45, "neither all nor nothing"


def test_one_bucket_and_one_chunk_are_full_attention_with_shared_queries_and_keys() -> None:
    qk, v, buckets = drawn()
    full = torch.stack([dense(qk[b], v[b], [set(range(i + 1)) for i in range(T)]) for b in range(B)])
    ours = lsh_attention(qk, v, torch.zeros_like(buckets), chunk=T)
    torch.testing.assert_close(ours, full, rtol=0, atol=1e-9)


def test_no_gradient_comes_from_later_places() -> None:
    qk, v, buckets = drawn()
    for x in torch.autograd.grad(lsh_attention(qk, v, buckets, chunk=CHUNK)[:, 30].sum(), (qk, v)):
        assert x[:, 31:].abs().max() == 0
        assert x[:, :31].abs().max() > 0


def test_the_hash_takes_the_nearest_of_the_directions_and_forgets_lengths() -> None:
    generator = torch.Generator().manual_seed(0)
    x, rotations = torch.randn(20, K, generator=generator), torch.randn(R, K, BUCKETS // 2, generator=generator)
    found = lsh_buckets(x, rotations)
    for r in range(R):
        for t in range(20):
            products = [sign * float(x[t] @ rotations[r, :, d]) for sign in (1, -1) for d in range(BUCKETS // 2)]
            assert found[r, t] == products.index(max(products))
    assert torch.equal(lsh_buckets(7 * x, rotations), found)


def test_two_buckets_are_shared_as_often_as_the_angle_says() -> None:
    """Of one random hyperplane: two vectors at an angle a lie on one side with probability 1 - a / π."""
    angle, rounds = 0.9, 20_000
    x = torch.tensor([[1.0, 0, 0], [math.cos(angle), math.sin(angle), 0]])
    rotations = torch.randn(rounds, 3, 1, generator=torch.Generator().manual_seed(0))
    first, second = lsh_buckets(x, rotations).unbind(-1)
    shared, right = (first == second).float().mean().item(), 1 - angle / math.pi
    assert abs(shared - right) < 4 * math.sqrt(right * (1 - right) / rounds)


def test_a_chunk_that_does_not_divide_is_refused() -> None:
    qk, v, buckets = drawn()
    with pytest.raises(ValueError, match="48 and 7"):
        lsh_attention(qk, v, buckets, chunk=7)
