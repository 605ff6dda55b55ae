"""Gates against torch's own GRU cell, and how near blocks are to the identity at the beginning."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from mlblog.models.gated_transformer import GRUGate, GTrXLBlock, IdentityBlock
from mlblog.models.transformer_xl import ResidualBlock


@torch.no_grad()
def test_a_gate_is_a_gru_cell_where_reset_comes_before_or_after_the_matrix_alike() -> None:
    torch.manual_seed(0)
    gate, cell = GRUGate(5, bias=0.7).double(), nn.GRUCell(5, 5).double()
    gate.from_reset.weight.copy_(torch.diag(torch.randn(5)))  # a diagonal matrix commutes with the reset
    w_r, w_z, w_h = gate.from_branch.weight.chunk(3)
    u_r, u_z = gate.from_state.weight.chunk(2)
    cell.weight_ih.copy_(torch.cat((w_r, -w_z, w_h)))  # the cell's z is what is kept
    cell.weight_hh.copy_(torch.cat((u_r, -u_z, gate.from_reset.weight)))
    cell.bias_ih.copy_(torch.cat((torch.zeros(5), gate.bias, torch.zeros(5))))
    cell.bias_hh.zero_()
    x, y = torch.randn(2, 7, 5, dtype=torch.double)
    assert torch.allclose(gate(x, y), cell(y, x))


@torch.no_grad()
def test_a_gate_resets_before_the_matrix() -> None:
    torch.manual_seed(1)
    gate = GRUGate(2, bias=-0.3).double()
    x, y = torch.randn(2, dtype=torch.double).tolist(), torch.randn(2, dtype=torch.double).tolist()

    def times(matrix: torch.Tensor, row: int, vector: list[float]) -> float:
        return sum(float(matrix[row, i]) * vector[i] for i in range(2))

    def sigma(a: float) -> float:
        return 1 / (1 + math.exp(-a))

    w, u = gate.from_branch.weight, gate.from_state.weight
    r = [sigma(times(w, i, y) + times(u, i, x)) for i in range(2)]
    for i in range(2):
        z = sigma(times(w, 2 + i, y) + times(u, 2 + i, x) + 0.3)
        h = math.tanh(times(w, 4 + i, y) + times(gate.from_reset.weight, i, [r[0] * x[0], r[1] * x[1]]))
        found = gate(torch.tensor(x, dtype=torch.double), torch.tensor(y, dtype=torch.double))
        assert float(found[i]) == pytest.approx((1 - z) * x[i] + z * h)


def moved(block: nn.Module) -> float:
    """How far a block moves its input, as a part of it."""
    torch.manual_seed(3)
    x = torch.randn(40, 6, 16)
    return float((block(x) - x).norm() / x.norm())


@torch.no_grad()
def test_the_larger_its_bias_the_nearer_a_gated_block_is_to_the_identity() -> None:
    torch.manual_seed(2)
    distances = [moved(GTrXLBlock(16, 2, 24, bias=bias)) for bias in (-2.0, 0.0, 2.0, 4.0, 30.0)]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] < 1e-6
    assert distances[2] < 0.3 < distances[1]


@torch.no_grad()
def test_without_its_branches_a_block_lets_all_through() -> None:
    torch.manual_seed(4)
    blocks = [IdentityBlock(16, 2, 24), ResidualBlock(16, 2, 24)]
    for block in blocks:
        block.attend.out.weight.zero_()
        block.think[-1].weight.zero_()
        block.think[-1].bias.zero_()
    assert moved(blocks[0]) == 0
    assert moved(blocks[1]) > 0.1  # what passes by is normalised


@torch.no_grad()
def test_branches_of_an_identity_block_only_add() -> None:
    block, x = IdentityBlock(16, 2, 24), torch.randn(3, 5, 16)
    assert (block(x) >= x).all()
    assert (block(x) > x).any()


@torch.no_grad()
@pytest.mark.parametrize("make", [IdentityBlock, GTrXLBlock])
def test_what_is_remembered_is_normalised_like_what_is_read(make: type[nn.Module]) -> None:
    torch.manual_seed(5)
    block, x = make(16, 2, 24), torch.randn(2, 9, 16)
    block.attend_norm.weight.normal_()
    assert torch.allclose(block(x)[:, 4:], block(x[:, 4:], x[:, :4]), atol=1e-5)


@pytest.mark.parametrize("make", [IdentityBlock, GTrXLBlock])
def test_every_weight_is_trained(make: type[nn.Module]) -> None:
    torch.manual_seed(6)
    block = make(16, 2, 24)
    block(torch.randn(3, 5, 16), torch.randn(3, 4, 16)).square().sum().backward()
    for path, weight in block.named_parameters():
        assert weight.grad is not None, path
        assert weight.grad.abs().sum() > 0, path


def test_inputs_of_two_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match=r"x and y \(…, 4\) expected, given \(2, 4\) and \(1, 4\)"):
        GRUGate(4)(torch.zeros(2, 4), torch.zeros(1, 4))
