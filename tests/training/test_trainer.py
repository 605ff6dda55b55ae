"""The training loop against steps taken by hand, and against itself when it is interrupted."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mlblog.training.trainer import Best, train


class Interrupted(Exception):
    """As if the process had been killed."""


class Notes:
    """A run that keeps its checkpoint in memory, and may be interrupted before a step."""

    def __init__(self, stop_before: int | None = None) -> None:
        self.stop_before, self.at = stop_before, 0
        self.parts: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}
        self.curves: dict[str, list[tuple[int, float]]] = {}

    def checkpoint(self, **parts: Any) -> Notes:
        self.parts = parts
        for name, state in self.kept.items():
            parts[name].load_state_dict(copy.deepcopy(state))
        return self

    def steps(self, stop: int, label: str) -> Iterator[int]:
        for step in range(self.at, stop):
            self.at = step
            self.kept = copy.deepcopy({name: part.state_dict() for name, part in self.parts.items()})
            if step == self.stop_before:
                self.stop_before = None
                raise Interrupted
            yield step

    def log(self, *, step: int, **values: Any) -> None:
        for name, value in values.items():
            self.curves.setdefault(name, []).append((step, float(value)))


def halved(**more: Any) -> tuple[Notes, nn.Linear, int]:
    """Descend on w²/2 from 1 with rates 1/2, 1/4, …: w is multiplied by 1 - rate at each step."""
    net = nn.Linear(1, 1, bias=False)
    nn.init.ones_(net.weight)
    run = Notes()
    optimizer = torch.optim.SGD(net.parameters(), lr=9.0)
    options: dict[str, Any] = {"steps": 4, "every": 2, "rate": lambda step: 0.5 ** (step + 1)} | more
    taken = train(run, net, lambda step: net.weight.square().sum() / 2, optimizer, **options)
    return run, net, taken


def test_steps_are_those_of_descent_at_the_rate_of_each_step() -> None:
    run, net, taken = halved()
    assert (net.weight.item(), taken, net.training) == (0.5 * 0.75 * 0.875 * 0.9375, 4, False)
    weights = [1.0, 0.5, 0.5 * 0.75, 0.5 * 0.75 * 0.875]
    assert run.curves == {"loss": [(step, weights[step] ** 2 / 2) for step in (0, 2, 3)]}


def test_gradient_is_cut_to_its_largest_norm() -> None:
    _, net, _ = halved(clip=0.5, steps=1)
    assert net.weight.item() == pytest.approx(1 - 0.5 * 0.5)


@pytest.mark.parametrize(
    ("losses", "patience", "taken", "best"),
    [
        ([3.0, 1.0, 2.0, 2.0, 2.0, 2.0], None, 6, 1),
        ([3.0, 1.0, 2.0, 2.0, 0.5, 2.0], 2, 4, 1),
        ([3.0, 1.0, 2.0, 0.5, 2.0, 9.0], 2, 6, 3),
        ([3.0, float("nan"), 2.0, 4.0, 4.0, 1.0], 3, 6, 5),
        ([1.0, 1.0, 1.0, 1.0, 1.0, 1.0], 1, 2, 0),  # as good is not better
    ],
)
def test_weights_are_those_of_the_lowest_validation_loss(
    losses: list[float], patience: int | None, taken: int, best: int
) -> None:
    asked = iter(losses)
    seen: list[float] = []

    def validate() -> float:
        seen.append(net_of[0].weight.item())
        assert not net_of[0].training
        assert torch.is_inference_mode_enabled()
        return next(asked)

    net = nn.Linear(1, 1, bias=False)
    net_of = [net]
    nn.init.ones_(net.weight)
    run, optimizer = Notes(), torch.optim.SGD(net.parameters(), lr=0.1)
    found = train(
        run, net, lambda _: net.weight.square().sum() / 2, optimizer,
        steps=6, every=1, validate=validate, patience=patience,
    )  # fmt: skip
    assert (found, net.weight.item()) == (taken, seen[best])
    assert run.curves["validation"][:2] == [(0, losses[0]), (1, pytest.approx(losses[1], nan_ok=True))]


@pytest.mark.parametrize("stop_before", [1, 3, 5, 6])
def test_interrupted_training_ends_with_the_same_bits(stop_before: int) -> None:
    """Momentum, a net with dropout, a validation loss that turns: all of it goes on where it stood."""

    def run_of(run: Notes) -> nn.Module:
        torch.manual_seed(3)
        net = nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.3), nn.Linear(4, 1))
        x = torch.randn(20, 3)

        def loss(step: int) -> Tensor:
            torch.manual_seed(step)  # the draws of a step, as the lab restores them
            return (net(x) - x.sum(1, keepdim=True)).square().mean()

        def validate() -> float:
            return abs(float(net(x[:4]).mean()) - 0.2)

        optimizer = torch.optim.SGD(net.parameters(), lr=0.2, momentum=0.9)
        train(run, net, loss, optimizer, steps=9, every=2, validate=validate)
        return net

    whole, stopped = Notes(), Notes(stop_before)
    expected = run_of(whole).state_dict()
    with pytest.raises(Interrupted):
        run_of(stopped)
    found = run_of(stopped).state_dict()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert stopped.curves == whole.curves


def test_patience_without_validation_is_refused() -> None:
    with pytest.raises(ValueError, match="patience needs validate"):
        halved(patience=1)


def test_best_weights_are_copies() -> None:
    net = nn.Linear(1, 1, bias=False)
    best = Best(net)
    best.offer(1.0)
    before = net.weight.item()
    with torch.no_grad():
        net.weight.fill_(7.0)
    best.restore()
    assert net.weight.item() == before
