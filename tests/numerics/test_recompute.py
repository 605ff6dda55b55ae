"""What is computed again: to the bit what autograd would have kept, and counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from mlblog.numerics.recompute import Replay, checkpoint, checkpoint_sequential, trained
from mlblog.numerics.saved import SavedTensors


def layers(count: int, width: int = 5) -> list[nn.Module]:
    torch.manual_seed(0)
    return [nn.Sequential(nn.Linear(width, width), nn.Dropout(0.4), nn.Tanh()) for _ in range(count)]


def gradients(call: Callable[[Tensor], Tensor], weights: list[Tensor]) -> list[Tensor]:
    """Of a value at a fixed input, with fixed random numbers, with respect to the input and to weights."""
    torch.manual_seed(3)
    x = torch.randn(4, 5, requires_grad=True)
    y = call(x)
    torch.manual_seed(9)  # what else draws before the backward pass
    torch.rand(7)
    return [y, *torch.autograd.grad(y.square().sum(), [x, *weights])]


@pytest.mark.parametrize("segments", [1, 2, 3, 7])
def test_gradients_are_to_the_bit_those_of_autograd(segments: int) -> None:
    net = layers(7)
    weights = [*nn.ModuleList(net).parameters()]
    plain = gradients(nn.Sequential(*net), weights)
    ours = gradients(lambda x: checkpoint_sequential(net, x, segments=segments), weights)
    assert all(torch.equal(a, b) for a, b in zip(plain, ours, strict=True))


def test_under_automatic_precision_too() -> None:
    net = layers(2)
    weights = [*nn.ModuleList(net).parameters()]

    def lower(call: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        def called(x: Tensor) -> Tensor:
            with torch.autocast("cpu", torch.bfloat16):
                return call(x)

        return called

    plain = gradients(lower(nn.Sequential(*net)), weights)
    ours = gradients(lower(lambda x: checkpoint_sequential(net, x, segments=2)), weights)
    assert all(torch.equal(a, b) for a, b in zip(plain, ours, strict=True))
    assert not torch.equal(ours[0], gradients(lambda x: checkpoint_sequential(net, x, segments=2), weights)[0])


def test_generators_go_on_as_if_nothing_were_computed_again() -> None:
    torch.manual_seed(1)
    y = checkpoint(nn.Dropout(0.5), torch.ones(6, requires_grad=True))
    before = torch.get_rng_state()
    y.sum().backward()
    assert torch.equal(torch.get_rng_state(), before)


def test_states_are_kept_only_of_what_draws() -> None:
    sure, drawing = Replay(nn.Tanh()), Replay(nn.Dropout(0.5))
    sure.first(torch.ones(3)), drawing.first(torch.ones(3))
    assert sure.states == ()
    assert [len(state) for state in drawing.states] == [len(torch.get_rng_state())]


def test_only_inputs_of_segments_are_kept_and_one_segment_is_computed_again() -> None:
    """Of tanh, autograd keeps the result: 4 · 5 numbers of 4 bytes a layer."""
    size = 4 * 5 * 4
    x = torch.randn(4, 5, requires_grad=True)
    with SavedTensors() as saved:
        y = checkpoint_sequential([nn.Tanh()] * 7, x, segments=3)
        assert saved.now == 3 * size
        y.sum().backward()
    assert saved.now == 0
    # the last of 2, 3 and 2 layers: its input, the first segment's and the second's, and its two results
    assert saved.peak == 5 * size


def test_every_layer_is_called_once_more() -> None:
    calls = []
    net = [nn.Tanh() for _ in range(5)]
    for place, layer in enumerate(net):
        layer.register_forward_hook(lambda *_, place=place: calls.append(place))
    checkpoint_sequential(net, torch.ones(2, requires_grad=True), segments=2).sum().backward()
    assert calls == [0, 1, 2, 3, 4, 2, 3, 4, 0, 1]


def test_weights_learn_from_an_input_that_does_not() -> None:
    layer = nn.Linear(3, 2)
    layer.bias.requires_grad_(False)
    checkpoint(layer, torch.tensor([[1.0, 2, 3]])).sum().backward()
    assert layer.weight.grad is not None
    assert layer.weight.grad.tolist() == [[1, 2, 3], [1, 2, 3]]
    assert layer.bias.grad is None
    assert trained(layer) == [layer.weight]


def test_without_gradients_nothing_is_kept() -> None:
    with torch.no_grad(), SavedTensors() as saved:
        assert not checkpoint(nn.Linear(3, 2), torch.ones(1, 3)).requires_grad
    assert saved.peak == 0


class Constant(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.ones_like(x)


def test_a_value_that_depends_on_nothing_has_no_gradient() -> None:
    x = torch.ones(3, requires_grad=True)
    checkpoint(Constant(), x).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [0, 0, 0]


def test_weights_changed_before_the_backward_pass_are_an_error() -> None:
    layer = nn.Linear(2, 2)
    y = checkpoint(layer, torch.ones(1, 2)).sum()
    with torch.no_grad():
        layer.weight.add_(1)
    with pytest.raises(RuntimeError, match="inplace"):
        y.backward()


def test_there_is_no_second_derivative() -> None:
    x = torch.ones(2, requires_grad=True)
    (slope,) = torch.autograd.grad(checkpoint(nn.Tanh(), x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()
