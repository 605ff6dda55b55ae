"""Beam search against the enumeration of every sequence."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mlblog.models.beam import beam_search

B, V, T = 2, 3, 4


def markov(seed: int) -> tuple[Tensor, Tensor]:
    """Log-probabilities of the first symbol (B, V) and of those after it, given time and last symbol (B, T, V, V)."""
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(B, T, V, V, generator=generator, dtype=torch.float64)
    logits[:, :, 0, 0] = -torch.inf  # 0 is never followed by 0
    table = logits.log_softmax(-1)
    return table[:, 0, 1], table


def search(seed: int, width: int) -> tuple[list[list[tuple[int, ...]]], Tensor]:
    first, following = markov(seed)

    def step(prefix: Tensor) -> Tensor:
        if prefix.shape[2] == 0:
            return first[:, None]
        return torch.stack([following[question, prefix.shape[2], prefix[question, :, -1]] for question in range(B)])

    found = beam_search(step, questions=B, length=T, width=width)
    return [[tuple(row) for row in rows] for rows in found.symbols.tolist()], found.log_probs


def enumerate_all(seed: int, question: int) -> list[tuple[float, tuple[int, ...]]]:
    first, following = markov(seed)
    scored = []
    for symbols in itertools.product(range(V), repeat=T):
        steps = [first[question, symbols[0]]]
        steps += [following[question, t, a, b] for t, (a, b) in enumerate(itertools.pairwise(symbols), start=1)]
        scored.append((float(sum(steps)), symbols))
    return sorted(scored, reverse=True)


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_full_beam_is_exact(seed: int) -> None:
    symbols, log_probs = search(seed, width=V**T)
    for question in range(B):
        expected = [(score, row) for score, row in enumerate_all(seed, question) if score > -float("inf")]
        assert symbols[question][: len(expected)] == [row for _, row in expected]
        assert log_probs[question][: len(expected)].tolist() == pytest.approx([score for score, _ in expected])
        assert (log_probs[question][len(expected) :] == -torch.inf).all()


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_width_one_is_greedy(seed: int) -> None:
    symbols, _ = search(seed, width=1)
    first, following = markov(seed)
    for question in range(B):
        greedy = [int(first[question].argmax())]
        while len(greedy) < T:
            greedy.append(int(following[question, len(greedy), greedy[-1]].argmax()))
        assert symbols[question] == [tuple(greedy)]


@settings(deadline=None)
@given(seed=st.integers(0, 10_000), width=st.integers(1, 20))
def test_hypotheses_are_distinct_sorted_and_scored_rightly(seed: int, width: int) -> None:
    symbols, log_probs = search(seed, width)
    assert (log_probs.diff(dim=1) <= 0).all() if width > 1 else True
    for question in range(B):
        scores = {row: score for score, row in enumerate_all(seed, question)}
        real = [row for row, score in zip(symbols[question], log_probs[question], strict=True) if score.isfinite()]
        assert len(real) == len(set(real)) > 0
        assert log_probs[question][: len(real)].tolist() == pytest.approx([scores[row] for row in real])


def test_no_step_sees_an_impossible_prefix() -> None:
    """Where fewer prefixes are possible than the beam is wide, the rest of the beam repeats the best."""
    chain = torch.tensor([[0.0, 1.0], [0.5, 0.5]]).log()  # 0 is never followed by 0
    seen: list[list[int]] = []

    def step(prefix: Tensor) -> Tensor:
        seen.extend(prefix[0].tolist())
        return chain[1].expand(1, 1, 2) if prefix.shape[2] == 0 else chain[prefix[..., -1]]

    found = beam_search(step, questions=1, length=5, width=50)
    assert all(pair != (0, 0) for prefix in seen for pair in itertools.pairwise(prefix))
    assert found.log_probs.isfinite().sum() == 13  # of 32; a Fibonacci number


def test_a_beam_finds_what_greedy_misses() -> None:
    """0 is likelier at first, but the likeliest sequence starts with 1."""
    first = torch.tensor([0.6, 0.4]).log()
    following = torch.tensor([[0.5, 0.5], [0.0, 1.0]]).log()

    def step(prefix: Tensor) -> Tensor:
        return first.expand(1, 1, 2) if prefix.shape[2] == 0 else following[prefix[..., -1]]

    greedy, beam = (beam_search(step, questions=1, length=2, width=width) for width in (1, 2))
    assert greedy.symbols[0, 0].tolist() == [0, 0]
    assert beam.symbols[0, 0].tolist() == [1, 1]
    assert beam.log_probs[0, 0].exp() == pytest.approx(0.4)
