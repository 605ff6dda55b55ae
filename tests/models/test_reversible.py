"""Reversible layers: against autograd, finite differences, and their formula."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from mlblog.models.residual import Branch
from mlblog.models.reversible import ReversibleBlock, ReversibleSequential
from mlblog.numerics.saved import SavedTensors


def part(dropout: float = 0.0) -> nn.Module:
    return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Dropout(dropout), nn.Linear(5, 3))


def net_of(depth: int, dropout: float = 0.0) -> ReversibleSequential:
    torch.manual_seed(0)
    return ReversibleSequential(ReversibleBlock(part(dropout), part(dropout)) for _ in range(depth)).double()


def gradients(net: nn.Module, weights: list[Tensor]) -> list[Tensor]:
    torch.manual_seed(1)
    x = torch.randn(4, 6, dtype=torch.double, requires_grad=True)
    y = net(x)
    torch.manual_seed(2)
    return [y, *torch.autograd.grad(y.square().sum(), [x, *weights], allow_unused=True)]


def test_a_block_is_the_formula_and_its_inverse_undoes_it() -> None:
    torch.manual_seed(0)
    block = ReversibleBlock(nn.Linear(2, 2), nn.Linear(2, 2)).double()
    x = torch.tensor([[1.0, 2, 3, 4]], dtype=torch.double)
    first = x[:, :2] + x[:, 2:] @ block.f.weight.T + block.f.bias
    second = x[:, 2:] + first @ block.g.weight.T + block.g.bias
    y = block(x)
    assert torch.allclose(y, torch.cat((first, second), dim=1), rtol=1e-14)
    assert torch.allclose(block.inverse(y), x, rtol=1e-13)


@pytest.mark.parametrize("depth", [1, 4, 30])
def test_gradients_are_those_of_autograd_to_rounding(depth: int) -> None:
    net = net_of(depth)
    weights = [*net.parameters()]
    for ours, plain in zip(gradients(net, weights), gradients(net.blocks, weights), strict=True):
        assert (ours - plain).abs().max() <= 1e-13 * plain.abs().max()


def test_gradients_are_those_of_finite_differences() -> None:
    net = net_of(3)
    x = torch.randn(2, 6, dtype=torch.double, requires_grad=True)

    def value(x: Tensor, *weights: Tensor) -> Tensor:
        return net(x)

    assert torch.autograd.gradcheck(value, (x, *net.parameters()))


def test_dropout_is_repeated_as_it_was() -> None:
    net = net_of(5, dropout=0.5)
    weights = [*net.parameters()]
    for ours, plain in zip(gradients(net, weights), gradients(net.blocks, weights), strict=True):
        assert (ours - plain).abs().max() <= 1e-12 * plain.abs().max()


def test_a_part_that_is_used_twice_learns_from_both() -> None:
    torch.manual_seed(0)
    shared = part()
    net = ReversibleSequential([ReversibleBlock(shared, part()), ReversibleBlock(part(), shared)]).double()
    weights = [*net.parameters()]
    for ours, plain in zip(gradients(net, weights), gradients(net.blocks, weights), strict=True):
        assert torch.allclose(ours, plain, rtol=1e-12, atol=1e-14)


def test_what_is_kept_does_not_grow_with_depth() -> None:
    peaks = []
    for depth in (2, 9):
        net, x = net_of(depth), torch.randn(4, 6, dtype=torch.double)
        with SavedTensors(net.parameters()) as saved:
            y = net(x)
            assert saved.now == 4 * 6 * 8  # the output
            y.sum().backward()
        with SavedTensors(net.parameters()) as plain:
            net.blocks(x).sum().backward()
        peaks.append((saved.peak, plain.peak))
    assert peaks[0][0] == peaks[1][0]
    assert peaks[1][1] > 4 * peaks[0][1]


def test_dropout_costs_the_states_of_the_generator() -> None:
    net = net_of(4, dropout=0.1)
    with SavedTensors(net.parameters()) as saved:
        y = net(torch.randn(4, 6, dtype=torch.double))
        assert saved.now == y.numel() * 8 + 8 * len(torch.get_rng_state())


def test_the_whole_is_undone() -> None:
    net, x = net_of(6), torch.randn(4, 6, dtype=torch.double)
    assert torch.allclose(net.inverse(net(x)), x, rtol=1e-11)
    assert not torch.allclose(net(x), x, rtol=1e-3)


def test_where_branches_are_large_the_inverse_loses_digits() -> None:
    """A branch that doubles, six times; more digits go the further."""
    torch.manual_seed(0)
    net = ReversibleSequential(ReversibleBlock(Branch(4, 8, scale=2.0), Branch(4, 8, scale=2.0)) for _ in range(6))
    x = torch.randn(5, 8)
    lost = (net.inverse(net(x)) - x).abs().max()
    assert lost > 1e-4
    assert (net.double().inverse(net(x.double())) - x).abs().max() < 1e-6 * lost


def test_frozen_weights_get_no_gradient_and_others_do() -> None:
    net = net_of(2)
    frozen = net.blocks[0].f[0].weight.requires_grad_(False)
    net(torch.randn(4, 6, dtype=torch.double)).square().sum().backward()
    assert frozen.grad is None
    assert net.blocks[0].f[0].bias.grad.abs().sum() > 0


@pytest.mark.parametrize("call", [net_of(1), net_of(1).blocks[0], net_of(1).inverse])
def test_an_odd_width_cannot_be_halved(call) -> None:
    with pytest.raises(ValueError, match="odd"):
        call(torch.zeros(2, 7, dtype=torch.double))
