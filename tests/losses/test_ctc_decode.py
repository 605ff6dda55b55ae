"""Decoders of CTC against the enumeration of all paths."""

import itertools
import math
import re

import pytest
import torch
from torch import Tensor

from mlblog.losses.ctc_decode import ctc_greedy_decode, ctc_prefix_beam

T, K = 6, 3


def frames(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(T, K, dtype=torch.float64, generator=generator).log_softmax(-1)


def enumerated(log_probs: Tensor, letters: str) -> dict[str, float]:
    """Probability of every label; `letters` has "-" at the blank's place."""
    totals: dict[str, float] = {}
    for path in itertools.product(range(K), repeat=T):
        label = re.sub("-", "", re.sub(r"(.)\1+", r"\1", "".join(letters[symbol] for symbol in path)))
        weight = math.exp(sum(log_probs[t, symbol].item() for t, symbol in enumerate(path)))
        totals[label] = totals.get(label, 0.0) + weight
    return totals


@pytest.mark.parametrize(("blank", "letters"), [(0, "-ab"), (2, "ab-")])
def test_a_wide_beam_finds_every_label_with_its_probability(blank: int, letters: str) -> None:
    log_probs = frames(seed=blank)
    expected = enumerated(log_probs, letters)
    found = ctc_prefix_beam(log_probs, width=10_000, blank=blank)
    assert len(found) == len(expected)
    for label, score in found:
        assert math.exp(score) == pytest.approx(expected["".join(letters[symbol] for symbol in label)], abs=1e-12)
    scores = [score for _, score in found]
    assert scores == sorted(scores, reverse=True)


def test_a_narrow_beam_finds_the_likeliest_label_more_often_than_the_likeliest_path_does() -> None:
    right = {"beam": 0, "greedy": 0}
    for seed in range(40):
        log_probs = frames(seed)
        totals = enumerated(log_probs, "-ab")
        best = max(totals, key=lambda label: totals[label])
        beam = ctc_prefix_beam(log_probs, width=8)
        assert len(beam) == 8
        right["beam"] += "".join("-ab"[symbol] for symbol in beam[0][0]) == best
        right["greedy"] += "".join("-ab"[symbol] for symbol in ctc_greedy_decode(log_probs)) == best
    assert right["beam"] >= 38 > right["greedy"] + 5  # 39 and 28 of 40


def test_the_greedy_label_is_that_of_the_likeliest_path() -> None:
    for seed in range(20):
        log_probs = frames(seed)
        path = max(
            itertools.product(range(K), repeat=T),
            key=lambda path: sum(log_probs[t, symbol].item() for t, symbol in enumerate(path)),
        )
        expected = re.sub("-", "", re.sub(r"(.)\1+", r"\1", "".join("-ab"[symbol] for symbol in path)))
        assert "".join("-ab"[symbol] for symbol in ctc_greedy_decode(log_probs)) == expected
    assert ctc_greedy_decode(torch.eye(3)[[0, 0, 1, 2]], blank=1) == [0, 2]
