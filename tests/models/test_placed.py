"""Attention with positions, against loops, a dense mask and what shifts must leave alone."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from mlblog.models.placed import BiasedScores, PlacedBlock, PlacedEncoder, dot_scores, rotary_scores
from mlblog.models.positions import LearnedPositions, SinusoidalPositions
from mlblog.models.transformer import EncoderBlock

B, H, T, K = 2, 3, 7, 4
PLACES = torch.arange(T) + 5


def random(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


def entry(scores: Any, b: int, h: int, t: int, s: int, q: Tensor, k: Tensor) -> float:
    """One logit, by the formula."""
    here, there = q[b, h, t].tolist(), k[b, h, s].tolist()
    if scores is rotary_scores:  # turned in the plane of each pair, by the angle between the two places
        score = 0.0
        for i in range(K // 2):
            angle = (t - s) * 10_000 ** (-2 * i / K)
            a, b_ = complex(*here[2 * i : 2 * i + 2]), complex(*there[2 * i : 2 * i + 2])
            score += (a * complex(math.cos(angle), math.sin(angle)) * b_.conjugate()).real
    else:
        score = sum(x * y for x, y in zip(here, there, strict=True))
    bias = 0.0
    if isinstance(scores, BiasedScores):
        bias = scores.bias[h, min(max(s - t, -2), 2) + 2].item()
    return score / math.sqrt(K) + bias


def biased() -> BiasedScores:
    scores = BiasedScores(H, reach=2).double()
    with torch.no_grad():
        scores.bias.copy_(random(H, 5))
    return scores


@pytest.mark.parametrize("scores", [dot_scores, rotary_scores, biased()], ids=["dot", "rotary", "bias"])
@torch.no_grad()
def test_scores_are_those_of_a_loop(scores: Any) -> None:
    q, k = random(B, H, T, K), random(B, H, T, K + 0).flip(0)
    found = scores(q, k, PLACES)
    for b in range(B):
        for h in range(H):
            for t in range(T):
                for s in range(T):
                    assert found[b, h, t, s].item() == pytest.approx(entry(scores, b, h, t, s, q, k))


def test_without_places_a_block_is_the_encoders() -> None:
    ours, theirs = PlacedBlock(12, H, 20, dot_scores).double(), EncoderBlock(12, H, 20).double()
    pairs = [
        (ours.project_in, theirs.attend.project_in),
        (ours.project_out, theirs.attend.project_out),
        (ours.attend_norm, theirs.attend_norm),
        (ours.think_norm, theirs.think_norm),
        (ours.think, theirs.think),
    ]
    for mine, other in pairs:
        other.load_state_dict(mine.state_dict())
    x = random(B, T, 12)
    torch.testing.assert_close(ours(x, PLACES), theirs(x), rtol=0, atol=1e-12)


def test_a_window_is_a_dense_mask() -> None:
    """With a window of 2, place t depends on places t - 2 to t + 2, and on no other."""
    block = PlacedBlock(12, H, 20, dot_scores).double()
    x = random(1, T, 12).requires_grad_()
    out = block(x, PLACES, 2)
    for t in range(T):
        (gradient,) = torch.autograd.grad(out[0, t].square().sum(), x, retain_graph=True)
        met = gradient[0].abs().sum(1) > 0
        assert met.tolist() == [abs(t - s) <= 2 for s in range(T)]
    torch.testing.assert_close(block(x, PLACES, T), block(x, PLACES), rtol=0, atol=0)


def net(scheme: str) -> PlacedEncoder:
    torch.manual_seed(0)
    add = {"sinusoid": SinusoidalPositions(30, 12), "learned": LearnedPositions(30, 12)}.get(scheme)
    scores = {"rotary": lambda: rotary_scores, "bias": lambda: BiasedScores(H, reach=2)}.get(scheme, lambda: dot_scores)
    made = PlacedEncoder(10, 8, width=12, heads=H, hidden=20, layers=2, add=add, scores=scores).double()
    with torch.no_grad():
        for weight in made.parameters():
            weight.copy_(torch.randn(weight.shape) * 0.5)
    return made


@pytest.mark.parametrize("scheme", ["none", "sinusoid", "learned", "rotary", "bias"])
@torch.no_grad()
def test_where_a_string_begins_matters_to_added_places_only(scheme: str) -> None:
    encoder, tokens = net(scheme), torch.tensor([[8, 1, 5, 5, 0, 3, 9]])
    moved = (encoder(tokens, 17) - encoder(tokens)).abs().max().item()
    assert (moved > 0.1) == (scheme in ("sinusoid", "learned"))
    assert moved < 1e-9 or moved > 0.1


@pytest.mark.parametrize("scheme", ["none", "sinusoid", "learned", "rotary", "bias"])
@torch.no_grad()
def test_order_matters_to_all_but_none(scheme: str) -> None:
    encoder, tokens = net(scheme), torch.tensor([[8, 1, 5, 2, 0, 3, 9]])
    order = torch.tensor([0, 4, 2, 5, 1, 3, 6])
    permuted = (encoder(tokens[:, order]) - encoder(tokens)[:, order]).abs().max().item()
    assert (permuted < 1e-9) == (scheme == "none")


@pytest.mark.parametrize("scheme", ["none", "learned", "rotary", "bias"])
def test_every_weight_is_trained(scheme: str) -> None:
    encoder = net(scheme)
    encoder(torch.tensor([[8, 1, 5, 2, 0, 3, 9]]), 23).square().sum().backward()
    for path, weight in encoder.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.abs().sum() > 0, path


def test_heads_must_share_the_width() -> None:
    with pytest.raises(ValueError, match="given width 10 and heads 3"):
        PlacedBlock(10, 3, 20, dot_scores)
