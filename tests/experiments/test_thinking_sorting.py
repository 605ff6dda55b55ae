"""Cells that say ranks side by side, and what is counted of their answers."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
from parts import ran

from mlblog.data.orders import NOTHING, Orders, draw_orders
from mlblog.experiments import thinking_sorting
from mlblog.experiments.thinking_sorting import FIXED, RATES, SETTINGS, Sorters, by_gap, rank_nats


def test_nats_are_those_of_the_right_ranks() -> None:
    logits = torch.tensor([[[[1.0, 3.0], [0.5, 0.0]], [[0.0, 0.0], [2.0, 7.0]]]])
    found = rank_nats(logits, torch.tensor([[1, 0], [0, NOTHING]]))
    both = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-0.5))) / 2
    assert found.tolist() == [pytest.approx([both, math.log(2)])]


@torch.no_grad()
def test_fixed_cells_take_their_number_of_steps_from_the_same_weights() -> None:
    torch.manual_seed(0)
    net, drawn = Sorters(3, 5, 6), draw_orders(7, 3, generator=torch.Generator().manual_seed(1))
    logits, halting = net(drawn.inputs)
    assert logits.shape == (len(SETTINGS), 7, 3, 3)
    for i, setting in enumerate(SETTINGS):
        if not setting.fixed:
            continue
        state = torch.zeros(7, 5)
        for step in range(setting.fixed):
            total = drawn.inputs @ net.cell.read[0, :6] + state @ net.cell.carry[0] + net.cell.bias[0]
            state = torch.tanh(total + (net.cell.read[0, 6] if step == 0 else 0))
        torch.testing.assert_close(logits[i], (state @ net.out[0]).reshape(7, 3, 3))
        assert halting.steps[i].tolist() == [setting.fixed] * 7
    free = [i for i, setting in enumerate(SETTINGS) if not setting.fixed]
    assert (logits[free] == logits[free[0]]).all()


def test_parts_by_gap_hold_as_many_of_each_count_and_narrower_gaps_come_later() -> None:
    drawn = draw_orders(400, 4, generator=torch.Generator().manual_seed(2))
    parts = by_gap(drawn)
    assert (parts.sum(0) == 1).all()
    for count in (2, 3, 4):
        gaps = [drawn.gaps[part & (drawn.counts == count)] for part in parts]
        assert max(map(len, gaps)) - min(map(len, gaps)) <= 1
        for wide, narrow in itertools.pairwise(gaps):
            assert wide.min() > narrow.max()


def test_a_vector_is_wrong_if_any_rank_is_and_is_counted_with_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every number is said to have the rank of its place: right are vectors that are in order."""

    def in_order(self: Sorters, inputs: torch.Tensor) -> object:
        logits, halting = forward(self, inputs)
        return logits * 0 + torch.eye(3), halting

    forward = Sorters.forward
    monkeypatch.setattr(Sorters, "forward", in_order)
    monkeypatch.setattr(thinking_sorting, "SETTINGS", tuple(each for each in SETTINGS if each.fixed in (1, 2)))
    found = ran("adaptive_sorting", steps=1, asked=300).values
    drawn: Orders = draw_orders(300, 3, generator=torch.Generator().manual_seed(thinking_sorting.TEST))
    wrong, parts = [], by_gap(drawn).int().argmax(0).tolist()
    for row, count in zip(drawn.inputs.tolist(), drawn.counts.tolist(), strict=True):
        wrong.append(sorted(row[:count]) != row[:count])
    assert found["errors"][0, 0] == pytest.approx(sum(wrong) / 300)
    for name, kinds, values in (
        ("errors_by_count", drawn.counts.tolist(), (2, 3)), ("errors_by_gap", parts, range(thinking_sorting.GAPS))
    ):  # fmt: skip
        expected = []
        for value in values:
            here = [each for each, kind in zip(wrong, kinds, strict=True) if kind == value]
            expected.append(sum(here) / len(here))
        assert found[name].shape == (2, len(RATES), len(expected))
        assert found[name][0, 0].tolist() == pytest.approx(expected)
    for arm, fixed in enumerate(FIXED[:2]):
        for name in ("steps", "steps_by_count", "steps_by_gap"):
            assert set(found[name][arm].flatten().tolist()) == {fixed}


def test_a_high_price_makes_cells_halt_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    dear = tuple(setting._replace(price=100.0) for setting in SETTINGS if not setting.fixed)
    monkeypatch.setattr(thinking_sorting, "SETTINGS", dear)
    steps = ran("adaptive_sorting", steps=150).values["steps"]
    assert steps[:, RATES.index(1e-1)].tolist() == [1.0] * (len(dear) // len(RATES))
