"""Adaptive computation time against a loop in plain numbers, and against torch's recurrent cell."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mlblog.models.ponder import ACTCell, drawn_weight, halting_weights, ponder_cost

EPSILON = 0.01


def one_by_one(halts: list[float], epsilon: float) -> tuple[list[float], int, float]:
    """Weights, N and R of one problem, step by step as the paper tells it."""
    weights, spent = [0.0] * len(halts), 0.0
    for n, halt in enumerate(halts):
        if spent + halt >= 1 - epsilon or n == len(halts) - 1:
            weights[n] = 1 - spent
            return weights, n + 1, 1 - spent
        weights[n] = halt
        spent += halt
    raise AssertionError


@pytest.mark.parametrize("scale", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("most", [1, 2, 5])
def test_halting_is_that_of_a_loop(most: int, scale: float) -> None:
    halts = scale * torch.rand(40, most, dtype=torch.float64, generator=torch.Generator().manual_seed(most))
    found = halting_weights(halts, epsilon=EPSILON)
    for i, row in enumerate(halts.tolist()):
        weights, steps, remainder = one_by_one(row, EPSILON)
        assert found.weights[i].tolist() == pytest.approx(weights, abs=1e-12)
        assert (found.steps[i].item(), found.remainder[i].item()) == (steps, pytest.approx(remainder))


def test_weights_are_a_distribution_whose_last_part_is_the_remainder() -> None:
    halts = torch.rand(3, 50, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) ** 3
    found = halting_weights(halts)
    assert (found.weights >= 0).all()
    torch.testing.assert_close(found.weights.sum(-1), torch.ones(3, 50, dtype=torch.float64))
    assert ((found.remainder > 0) & (found.remainder <= 1)).all()
    last = (found.steps - 1).long()[..., None]
    torch.testing.assert_close(found.weights.gather(-1, last)[..., 0], found.remainder)
    assert set(found.steps.unique().tolist()) >= {1.0, 2.0, 5.0, 7.0}


def test_the_cost_falls_where_halting_comes_sooner() -> None:
    """The gradient of N + R is that of R = 1 - the sum of what was said before: -1 at each of these, 0 elsewhere."""
    halts = torch.tensor([[0.2, 0.3, 0.6, 0.9], [0.995, 0.1, 0.1, 0.1]], dtype=torch.float64, requires_grad=True)
    cost = ponder_cost(halting_weights(halts))
    assert cost.tolist() == pytest.approx([3 + 0.5, 1 + 1])
    (gradient,) = torch.autograd.grad(cost.sum(), halts)
    assert gradient.tolist() == [[-1, -1, 0, 0], [0, 0, 0, 0]]


def plain(cell: ACTCell) -> nn.RNNCell:
    """Torch's cell with the same weights, given the flag as one more input."""
    theirs = nn.RNNCell(len(cell.read), cell.read.shape[1], dtype=torch.float64)
    theirs.load_state_dict({
        "weight_ih": cell.read.T, "weight_hh": cell.carry.T, "bias_ih": cell.bias[0],
        "bias_hh": torch.zeros_like(cell.bias[0]),
    })  # fmt: skip
    return theirs


def flagged(x: Tensor, first: bool) -> Tensor:
    return torch.cat((x, torch.full((len(x), 1), float(first), dtype=x.dtype)), dim=1)


@torch.no_grad()
def test_a_cell_that_halts_at_once_is_a_recurrent_cell() -> None:
    """By its halting unit, by a price that made it so, or since it has a single step."""
    torch.manual_seed(0)
    x, state = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    for most, bias in ((6, 50.0), (1, -50.0)):
        cell = ACTCell(3, 5, most=most).double()
        cell.halt_bias.fill_(bias)
        found, halting = cell(x, state)
        torch.testing.assert_close(found, plain(cell)(flagged(x, True), state), rtol=0, atol=1e-12)
        assert halting.steps.tolist() == [1] * 4


@torch.no_grad()
def test_the_state_is_the_weighted_mean_of_a_recurrent_cells() -> None:
    torch.manual_seed(1)
    cell = ACTCell(3, 5, most=6).double()
    cell.halt_bias.fill_(-1)
    x, state = torch.randn(4, 3, dtype=torch.float64), torch.randn(4, 5, dtype=torch.float64)
    found, halting = cell(x, state)
    theirs, states, halts = plain(cell), [], []
    for step in range(6):
        state = theirs(flagged(x, step == 0), state)
        states.append(state)
        halts.append(torch.sigmoid(state @ cell.halt[:, 0] + cell.halt_bias[0, 0]))
    assert len(halting.steps.unique()) > 1
    for i in range(4):
        weights, steps, _ = one_by_one([halt[i].item() for halt in halts], EPSILON)
        expected = sum(weight * state[i] for weight, state in zip(weights, states, strict=True))
        torch.testing.assert_close(found[i], expected)
        assert halting.steps[i] == steps


@torch.no_grad()
def test_planted_halts_take_the_place_of_what_the_unit_says() -> None:
    torch.manual_seed(2)
    cells = ACTCell(3, 5, most=4, copies=(2,)).double()
    x = torch.randn(2, 7, 3, dtype=torch.float64)
    planted = torch.tensor([[0.0, 0.0, 1.0, 0.0], [torch.nan] * 4], dtype=torch.float64)
    found, halting = cells(x, planted=planted)
    free, said = cells(x)
    assert halting.steps[0].tolist() == [3] * 7
    torch.testing.assert_close(found[1], free[1], rtol=0, atol=0)
    assert torch.equal(halting.steps[1], said.steps[1])
    assert not torch.allclose(found[0], free[0])


@torch.no_grad()
def test_cells_side_by_side_do_not_meet() -> None:
    torch.manual_seed(3)
    cells, x = ACTCell(3, 5, most=4, copies=(2,)).double(), torch.randn(2, 7, 3, dtype=torch.float64)
    together = cells(x)[0]
    for i in range(2):
        alone = ACTCell(3, 5, most=4).double()
        alone.load_state_dict({name: weight[i] for name, weight in cells.state_dict().items()})
        torch.testing.assert_close(alone(x[i])[0], together[i])


def test_what_cannot_halt_is_refused() -> None:
    with pytest.raises(ValueError, match="given most=0"):
        ACTCell(3, 5, most=0)
    with pytest.raises(ValueError, match="epsilon 1"):
        halting_weights(torch.ones(2, 3), epsilon=1)
    with pytest.raises(ValueError, match=r"given \(2, 0\)"):
        halting_weights(torch.ones(2, 0))
    assert drawn_weight((2,), 4, 3).abs().max() <= 0.5
