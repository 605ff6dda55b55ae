"""Cells side by side, each with its own setting."""

from __future__ import annotations

import math

import pytest
import torch
from parts import ran

from mlblog.experiments import thinking
from mlblog.experiments.thinking import SETTINGS, Readers, parity_nats


def test_nats_are_those_of_the_right_answer() -> None:
    logits, odd = torch.tensor([[0.5, -2.0], [3.0, 0.0]]), torch.tensor([1.0, 0.0])
    right = [[math.log(1 + math.exp(-0.5)), math.log(1 + math.exp(-2))], [math.log(1 + math.exp(-3)), math.log(2)]]
    assert parity_nats(logits, odd).tolist() == [pytest.approx(row) for row in right]


@torch.no_grad()
def test_fixed_cells_take_their_number_of_steps_from_the_same_weights() -> None:
    torch.manual_seed(0)
    net, x = Readers(3, 5, 6), torch.tensor([[1.0, -1.0, 0.0], [-1.0, -1.0, 1.0]])
    logits, halting = net(x)
    for i, setting in enumerate(SETTINGS):
        if not setting.fixed:
            continue
        state = torch.zeros(2, 5)
        for step in range(setting.fixed):
            total = x @ net.cell.read[0, :3] + state @ net.cell.carry[0] + net.cell.bias[0]
            state = torch.tanh(total + (net.cell.read[0, 3] if step == 0 else 0))
        torch.testing.assert_close(logits[i], (state @ net.out[0])[:, 0])
        assert halting.steps[i].tolist() == [setting.fixed] * 2
    free = [i for i, setting in enumerate(SETTINGS) if not setting.fixed]
    assert (logits[free] == logits[free[0]]).all()


def test_tables_are_by_arm_and_rate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of fixed cells are their numbers; prices are charged to their own cells only."""
    found = ran("adaptive_parity", steps=1).values
    arms = len(SETTINGS) // len(thinking.RATES)
    assert found["errors_by_count"].shape == (arms, len(thinking.RATES), 3)
    for arm, fixed in enumerate(thinking.FIXED):
        assert found["steps"][arm].tolist() == [fixed] * len(thinking.RATES)
    for setting, (arm, rate) in zip(
        SETTINGS, [(a, r) for a in range(arms) for r in range(len(thinking.RATES))], strict=True
    ):
        assert setting.rate == thinking.RATES[rate]
        assert setting.fixed == (thinking.FIXED[arm] if arm < len(thinking.FIXED) else 0)


def test_a_high_price_makes_cells_halt_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dear = tuple(setting._replace(price=100.0) if not setting.fixed else setting for setting in SETTINGS)
    monkeypatch.setattr(thinking, "SETTINGS", dear)
    steps = ran("adaptive_parity", steps=150).values["steps"]
    assert steps[len(thinking.FIXED) :, -1].tolist() == [1.0] * len(thinking.PRICES)
