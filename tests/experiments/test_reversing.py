"""What is asked to be reversed, how answers are scored, and how it is told where a network looks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from parts import ran
from torch import Tensor, nn

from mlblog.experiments import reversing


def test_the_answer_is_the_sequence_backwards() -> None:
    given, right = reversing.draw(300, 4, np.random.default_rng(0), "cpu")
    assert given.shape == (300, 4)
    assert right.tolist() == [row[::-1] for row in given.tolist()]
    assert set(given.flatten().tolist()) == set(range(8))


class Sure(nn.Module):
    """Says the right symbol at the first `known` steps, with all but a quarter of its belief, and guesses then."""

    def __init__(self, known: int) -> None:
        super().__init__()
        self.known = known

    def forward(self, given: Tensor, right: Tensor) -> Tensor:
        shares = torch.full((*right.shape, 8), 1 / 8)
        told = torch.full((*right.shape, 8), 0.25 / 7).scatter(2, right[..., None], 0.75)
        shares[:, : self.known] = told[:, : self.known]
        return shares.log() + 5  # logits may have any level


@pytest.mark.parametrize("known", [0, 3, 5])
def test_bits_that_come_through_are_three_a_symbol_less_what_surprises(known: int) -> None:
    problems = reversing.draw(6, 5, np.random.default_rng(0), "cpu")
    found = reversing.bits_through(Sure(known), problems)
    assert found == pytest.approx(known * (3 + np.log2(0.75)), abs=1e-4)


def test_bits_are_never_more_than_were_read() -> None:
    """A network that is told all has three bits of each symbol; one that is told nothing has none."""

    class Told(nn.Module):
        def forward(self, given: Tensor, right: Tensor) -> Tensor:
            return 50.0 * nn.functional.one_hot(given.flip(1), 8)

    problems = reversing.draw(6, 5, np.random.default_rng(0), "cpu")
    assert reversing.bits_through(Told(), problems) == pytest.approx(15)


class Looking(nn.Module):
    """Attends to the place before the symbol to be written where there is one, and answers with zeros but once."""

    attend = object()

    def looks(self, asked: Tensor, *, length: int) -> Tensor:
        at = (torch.arange(length - 1, -1, -1) - 1).clamp(min=0)
        return 0.5 * torch.eye(length)[at].expand(len(asked), -1, -1) + 0.5 / length

    def answer(self, asked: Tensor, *, length: int) -> Tensor:
        wrong = asked.flip(1).clone()
        wrong[0, 0] = (wrong[0, 0] + 1) % 8
        return wrong


def test_where_it_looks_is_told_from_the_symbol_to_be_written() -> None:
    found = reversing._offsets(Looking(), 5, 7, "cpu")
    assert found.tolist() == pytest.approx([0, 0, 4 / 5, 1 / 5, 0, 0, 0])


def test_one_wrong_symbol_makes_a_sequence_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reversing.Translator, "answer", Looking.answer)
    found = ran("reversing", lengths=[2, 5]).values
    assert found["exact"] == pytest.approx([5 / 6, 5 / 6])
    assert found["symbols"] == pytest.approx([11 / 12, 29 / 30])


def test_what_is_kept_of_the_example_is_where_its_answer_looked() -> None:
    found = ran("reversing", example=6).values
    asked, answered = found["example"]
    assert found["looks"].shape == (6, 6)
    assert found["looks"].sum(1) == pytest.approx(1, abs=1e-5)
    assert asked.shape == answered.shape == (6,)
    assert "looks" not in ran("reversing", network="vector").values


@pytest.mark.parametrize("name", ["reversing", "reversing_longer"])
def test_lengths_that_are_trained_on_and_validated(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real, trained, validated = reversing.draw, [], []

    def noted(count: int, length: int, rng: np.random.Generator, device: str) -> reversing.Problems:
        if count == 4:  # a batch
            trained.append(length)
        elif str(rng.bit_generator.state) == str(np.random.default_rng([9_998, length]).bit_generator.state):
            validated.append(length)
        return real(count, length, rng, device)

    monkeypatch.setattr(reversing, "draw", noted)
    ran(name, steps=40, longest=5)
    assert {*trained} == {1, 2, 3, 4, 5}
    assert validated == [5, 4, 3, 2, 1]


def test_each_arm_has_its_own_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reversing, "ARMS", (("attention", 16), ("vector", 8)))
    monkeypatch.setattr(reversing, "RATES", (1e-9, 1e-2))
    found = ran("reversing_rates", steps=30).values
    for arm in ("attention_16", "vector_8"):
        assert found[f"rate_{arm}"] == 1e-2  # the other leaves the weights as they were
        assert found[f"validation_{arm}"].argmin() == 1
