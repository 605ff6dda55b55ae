"""Curves of a training inside a run are those that a run would log."""

from __future__ import annotations

import torch
from torch import nn

from mlblog.training.curves import Curves
from mlblog.training.trainer import train


def test_curves_hold_what_training_notes() -> None:
    torch.manual_seed(0)
    net, given = nn.Linear(3, 2), []

    def loss(step: int) -> torch.Tensor:
        given.append(net(torch.full((1, 3), float(step))).square().mean())
        return given[-1]

    curves = Curves()
    train(curves, net, loss, torch.optim.SGD(net.parameters(), lr=1e-3), steps=8, every=3, validate=lambda: 5.0)
    assert curves.steps_of("loss").tolist() == curves.steps_of("validation").tolist() == [0, 3, 6, 7]
    assert curves.values("loss").tolist() == [given[step].item() for step in (0, 3, 6, 7)]
    assert curves.values("validation").tolist() == [5.0] * 4
    assert net.training is False
