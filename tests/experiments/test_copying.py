"""What is asked to be copied, and how copies are scored."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from parts import ran
from torch import Tensor, nn

from mlblog.experiments import copying


def test_what_is_to_be_copied_is_read_between_marks_and_answered_after_them() -> None:
    given, right = copying.draw(3, 4, np.random.default_rng(0), "cpu")
    assert given.shape == (3, 10, 10)
    assert torch.equal(given[:, 1:5, :8], right)
    assert given[:, 0].tolist() == [[0] * 8 + [1, 0]] * 3
    assert given[:, 5].tolist() == [[0] * 8 + [0, 1]] * 3
    assert given[:, 6:].count_nonzero() == given[:, 1:5, 8:].count_nonzero() == 0
    assert set(right.flatten().tolist()) == {0, 1}


class Echo(nn.Module):
    """Gives back what was read, one bit of the first sequence wrong."""

    def forward(self, x: Tensor, places: int) -> Tensor:
        length = (x.shape[1] - 2) // 2
        assert places == max(32, 2 * length)
        logits = 2 * x[:, 1 : length + 1, :8] - 1
        logits[0, 0, 0] *= -1
        return torch.cat((torch.zeros(len(x), length + 2, 8), logits), dim=1)


def test_a_wrong_bit_is_a_wrong_answer() -> None:
    problems = copying.draw(4, 20, np.random.default_rng(0), "cpu")
    right = copying.answers(Echo(), problems) == problems.right
    assert right.flatten(1).all(1).tolist() == [False, True, True, True]
    assert (~right).sum() == 1
    nats = copying.loss(Echo(), problems)
    surprise = np.log1p(np.exp([-1.0, 1.0]))  # of a bit right, and wrong
    assert nats.item() == pytest.approx((639 * surprise[0] + surprise[1]) / 640, rel=1e-5)


def test_lengths_that_are_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    real, lengths = copying.draw, []

    def noted(count: int, length: int, rng: np.random.Generator, device: str) -> copying.Problems:
        if count == 4:  # a batch
            lengths.append(length)
        return real(count, length, rng, device)

    monkeypatch.setattr(copying, "draw", noted)
    ran("copying", steps=40, network="lstm", asked=5)
    assert {*lengths} == {1, 2, 3}


def test_the_weights_are_those_of_the_seed() -> None:
    first, again, other = (copying.build("ntm", 8, seed).state_dict() for seed in (0, 0, 1))
    assert torch.equal(first["think.weight"], again["think.weight"])
    assert not torch.equal(first["think.weight"], other["think.weight"])
    assert isinstance(copying.build("lstm", 8, 0), copying.Copier)
