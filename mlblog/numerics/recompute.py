"""Activations that are computed again in the backward pass in place of being kept.

A network of n layers that keeps the input of every √n-th one keeps O(√n) of them, for one more forward pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor, nn


class Replay:
    """A module that can be called again as it was called first: with the same random numbers and precision.

    Generators' states are kept only if the first call drew from them: 5 kB on a CPU, and nothing without dropout. What
    the module changes besides, such as the running means of a batch norm, it changes twice.

    Args:
        function: a module from one tensor to one tensor.

    Attributes:
        states: of the generators before the first call, if it drew from them.

    Example:
        >>> dropout = Replay(nn.Dropout(0.5))
        >>> x = torch.ones(100)
        >>> bool((dropout.first(x) == dropout.again(x)).all())
        True
    """

    def __init__(self, function: nn.Module) -> None:
        self.function = function
        self.states: tuple[Tensor, ...] = ()

    def first(self, x: Tensor) -> Tensor:
        """The value at x, which may have any shape."""
        kind = x.device.type
        self._precision = torch.autocast(kind, torch.get_autocast_dtype(kind), torch.is_autocast_enabled(kind))
        before = _states(x)
        y: Tensor = self.function(x)
        drew = any(not torch.equal(old, new) for old, new in zip(before, _states(x), strict=True))
        self.states = before if drew else ()
        return y

    def again(self, x: Tensor) -> Tensor:
        """The same value once more; generators are left as they are."""
        with self._precision, _set_back(self.states, x):
            y: Tensor = self.function(x)
        return y

    def differentiated(self, x: Tensor, upstream: Tensor) -> tuple[Tensor, Tensor, dict[Tensor, Tensor]]:
        """The same value once more, and gradients.

        Args:
            x: as in the first call.
            upstream: the gradient with respect to the value, of its shape.

        Returns:
            The value, the gradient with respect to x, and those with respect to the parameters that x has met.
        """
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            y = self.again(x)
        if not y.requires_grad:  # it does not depend on anything
            return y, torch.zeros_like(x), {}
        parameters = trained(self.function)
        of_x, *others = torch.autograd.grad(y, (x, *parameters), upstream, allow_unused=True)
        met = {parameter: found for parameter, found in zip(parameters, others, strict=True) if found is not None}
        return y.detach(), torch.zeros_like(x) if of_x is None else of_x, met


def trained(module: nn.Module) -> list[Tensor]:
    """The parameters of a module that need a gradient, each once."""
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def checkpoint(function: nn.Module, x: Tensor) -> Tensor:
    """The module's value; of its graph only x is kept, and the rest computed again when gradients are asked for.

    Gradients are to the bit those without it: the same operations on the same numbers. They exist once; a second
    derivative does not.

    Args:
        function: a module from one tensor to one tensor.
        x: (…) of floating-point numbers.

    Raises:
        ValueError: x holds whole numbers, which have no gradient.

    Example:
        >>> layer, x = nn.Linear(3, 3), torch.ones(2, 3)
        >>> checkpoint(layer, x).sum().backward()
        >>> layer.bias.grad.tolist()
        [2.0, 2.0, 2.0]

    References:
        [chen2016training], algorithm 1.
    """
    if not x.is_floating_point():
        raise ValueError(f"checkpoint takes floating-point numbers, got {x.dtype}; embed them before it")
    y: Tensor = _Checkpoint.apply(Replay(function), x, *trained(function))  # type: ignore[no-untyped-call]  # torch gives it no types
    return y


def checkpoint_sequential(layers: Sequence[nn.Module], x: Tensor, *, segments: int) -> Tensor:
    """Layers one after the other, cut into segments of which only the inputs are kept.

    With k segments of n layers, k inputs are kept and n / k layers at a time computed again: least at k = √n.

    Args:
        layers: n modules from one tensor to one tensor.
        x: (…) of floating-point numbers.
        segments: k, from 1 to n; their lengths differ by one at most.

    Raises:
        ValueError: there are fewer layers than segments, or no segment.

    Example:
        >>> checkpoint_sequential([nn.Identity()] * 5, torch.ones(2), segments=2).tolist()
        [1.0, 1.0]

    References:
        [chen2016training], section 4.2.
    """
    if not 1 <= segments <= len(layers):
        raise ValueError(f"{len(layers)} layers cannot be cut into {segments} segments; choose 1 to {len(layers)}")
    cuts = [round(i * len(layers) / segments) for i in range(segments + 1)]
    for begin, end in pairwise(cuts):
        x = checkpoint(nn.Sequential(*layers[begin:end]), x)
    return x


class _Checkpoint(torch.autograd.Function):
    """The value forwards; backwards the value again, this time with its graph."""

    @staticmethod
    def forward(ctx: Any, replay: Replay, x: Tensor, *parameters: Tensor) -> Tensor:
        y = replay.first(x)
        ctx.replay, ctx.parameters = replay, parameters
        # with the parameters, so that changing one in place before the backward pass is an error
        ctx.save_for_backward(x, *replay.states, *parameters)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        _, of_x, met = ctx.replay.differentiated(ctx.saved_tensors[0], upstream)
        return None, of_x, *(met.get(parameter) for parameter in ctx.parameters)


def _states(x: Tensor) -> tuple[Tensor, ...]:
    """The states of the generators that a call on x may draw from."""
    return (torch.get_rng_state(), *([torch.cuda.get_rng_state(x.device)] if x.is_cuda else []))


@contextmanager
def _set_back(states: tuple[Tensor, ...], x: Tensor) -> Iterator[None]:
    if not states:
        yield
        return
    with torch.random.fork_rng([x.device] if x.is_cuda else []):
        torch.set_rng_state(states[0])
        if x.is_cuda:
            torch.cuda.set_rng_state(states[1], x.device)
        yield
