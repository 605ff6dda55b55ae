"""What is asked in the experiment on memory, and how answers are scored."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from parts import ran
from torch import Tensor, nn

from mlblog.experiments import memory


def test_what_is_to_be_copied_is_read_between_marks_and_answered_after_them() -> None:
    given, right = memory.draw("ntm", 3, 4, np.random.default_rng(0), "cpu")
    assert given.shape == (3, 10, 10)
    assert torch.equal(given[:, 1:5, :8], right)
    assert given[:, 0].tolist() == [[0] * 8 + [1, 0]] * 3
    assert given[:, 5].tolist() == [[0] * 8 + [0, 1]] * 3
    assert given[:, 6:].count_nonzero() == given[:, 1:5, 8:].count_nonzero() == 0
    assert set(right.flatten().tolist()) == {0, 1}


@pytest.mark.parametrize("network", ["attention", "vector"])
def test_what_is_to_be_reversed(network: memory.Network) -> None:
    given, right = memory.draw(network, 3, 5, np.random.default_rng(0), "cpu")
    assert right.tolist() == [row[::-1] for row in given.tolist()]
    assert given.max() < memory.SYMBOLS


class Echo(nn.Module):
    """Gives back what was read, one bit of the first sequence wrong."""

    def forward(self, x: Tensor, places: int) -> Tensor:
        length = (x.shape[1] - 2) // 2
        assert places == max(32, 2 * length)
        logits = 2 * x[:, 1 : length + 1, :8] - 1
        logits[0, 0, 0] *= -1
        return torch.cat((torch.zeros(len(x), length + 2, 8), logits), dim=1)


def test_a_wrong_bit_is_a_wrong_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    problems = memory.draw("ntm", 4, 20, np.random.default_rng(0), "cpu")
    right = memory.answers(Echo(), "ntm", problems) == problems.right
    assert right.flatten(1).all(1).tolist() == [False, True, True, True]
    assert (~right).sum() == 1
    nats = memory.loss(Echo(), "ntm", problems)
    surprise = np.log1p(np.exp([-1.0, 1.0]))  # of a bit right, and wrong
    assert nats.item() == pytest.approx((639 * surprise[0] + surprise[1]) / 640, rel=1e-5)


def test_lengths_that_are_trained_on(monkeypatch: pytest.MonkeyPatch) -> None:
    real, lengths = memory.draw, []

    def noted(network: memory.Network, count: int, length: int, *others: object) -> memory.Problems:
        if count == 4:  # a batch
            lengths.append(length)
        return real(network, count, length, *others)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(memory, "draw", noted)
    ran("remembering", steps=40, network="vector", asked=5)
    assert {*lengths} == {1, 2, 3}


def test_networks_differ_as_their_names_say() -> None:
    counts = {n: sum(p.numel() for p in memory.build(n, 8, 0).parameters()) for n in memory.NETWORKS}
    assert counts["attention"] - counts["vector"] == 2 * 8 * 8 + 8
    assert type(memory.build("lstm", 8, 0)).__name__ == "Copier"
    first, second = (memory.build("ntm", 8, seed).state_dict() for seed in (0, 1))
    assert not torch.equal(first["think.weight"], second["think.weight"])
