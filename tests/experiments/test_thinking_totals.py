"""Cells that read sequences side by side, and what is counted of their totals."""

from __future__ import annotations

import math

import pytest
import torch
from parts import ran

from mlblog.data.totals import draw_totals
from mlblog.experiments import thinking, thinking_totals
from mlblog.experiments.thinking import FIXED, RATES, SETTINGS
from mlblog.experiments.thinking_totals import Adders, digit_nats


def test_nats_are_those_of_the_right_digits() -> None:
    logits = torch.tensor([[[[0.5, -2.0]]], [[[3.0, 0.0]]]])
    right = [
        [[math.log(1 + math.exp(-0.5)) + math.log(1 + math.exp(-2))]],
        [[math.log(1 + math.exp(-3)) + math.log(2)]],
    ]
    found = digit_nats(logits, torch.tensor([[[1.0, 0.0]]]))
    assert found.flatten().tolist() == pytest.approx([each[0][0] for each in right])


@torch.no_grad()
def test_fixed_cells_read_each_number_and_carry_their_state_on() -> None:
    """From the same weights, in plain steps; the flag is up at the first step of each number."""
    torch.manual_seed(0)
    net, drawn = Adders(3, 5, 6, digits=4), draw_totals(7, 2, 3, generator=torch.Generator().manual_seed(1))
    logits, halting = net(drawn.inputs)
    assert logits.shape == (len(SETTINGS), 7, 2, 4)
    for i, setting in enumerate(SETTINGS):
        if not setting.fixed:
            continue
        state = torch.zeros(7, 5)
        for number in range(2):
            for step in range(setting.fixed):
                total = drawn.inputs[:, number] @ net.cell.read[0, :3] + state @ net.cell.carry[0] + net.cell.bias[0]
                state = torch.tanh(total + (net.cell.read[0, 3] if step == 0 else 0))
            torch.testing.assert_close(logits[i, :, number], state @ net.out[0])
            assert halting.steps[i, :, number].tolist() == [setting.fixed] * 7
    free = [i for i, setting in enumerate(SETTINGS) if not setting.fixed]
    assert (logits[free] == logits[free[0]]).all()


def test_a_total_is_wrong_if_any_digit_is_and_is_counted_with_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every answer "0": right are totals of zero alone. First numbers are a kind, others are told apart by carries."""

    def silent(self: Adders, inputs: torch.Tensor) -> object:
        logits, halting = forward(self, inputs)
        return logits * 0 - 1, halting

    forward = Adders.forward
    monkeypatch.setattr(Adders, "forward", silent)
    some = tuple(setting for setting in SETTINGS if setting.fixed in (1, 2))
    monkeypatch.setattr(thinking, "SETTINGS", some)
    monkeypatch.setattr(thinking_totals, "SETTINGS", some)
    found = ran("adaptive_totals", steps=1, asked=300).values
    drawn = draw_totals(300, 2, 2, generator=torch.Generator().manual_seed(thinking_totals.TEST))
    wrong = [[any(digits) for digits in each] for each in drawn.totals.tolist()]
    kinds: list[list[bool]] = [[] for _ in range(6)]
    for each, carries in zip(wrong, drawn.carries.tolist(), strict=True):
        kinds[0].append(each[0])
        kinds[1 + min(carries[1], thinking_totals.MOST_CARRIES)].append(each[1])
    expected = [sum(kind) / len(kind) if kind else -1 for kind in kinds]
    assert found["errors_by_kind"].shape == (2, len(RATES), 6)
    assert found["errors_by_kind"][0, 0].tolist() == pytest.approx(expected)
    assert found["errors"][0, 0] == pytest.approx(sum(map(sum, wrong)) / 600)
    for arm, fixed in enumerate(FIXED[:2]):
        assert found["steps"][arm].tolist() == [fixed] * len(RATES)
        assert set(found["steps_by_kind"][arm].flatten().tolist()) == {fixed, -1.0}


def test_a_high_price_makes_cells_halt_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dear = tuple(setting._replace(price=100.0) for setting in SETTINGS if not setting.fixed)
    monkeypatch.setattr(thinking, "SETTINGS", dear)
    monkeypatch.setattr(thinking_totals, "SETTINGS", dear)
    steps = ran("adaptive_totals", steps=150).values["steps"]
    assert steps[:, -1].tolist() == [1.0] * (len(dear) // len(RATES))
