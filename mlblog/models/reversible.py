"""Reversible layers: their input is computed from their output, so that no activation needs to be kept.

Dimensions: D width of one half.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

from mlblog.numerics.recompute import Replay, trained


class ReversibleBlock(nn.Module):
    """Two halves that add to each other in turn.

        y₁ = x₁ + F(x₂),  y₂ = x₂ + G(y₁);    x₂ = y₂ - G(y₁),  x₁ = y₁ - F(x₂)

    Called by itself it is an ordinary module, and autograd keeps its activations; `ReversibleSequential` does not.

    Args:
        f: F, which keeps the shape of a half.
        g: G, too.

    Example:
        >>> block = ReversibleBlock(nn.Linear(2, 2), nn.Tanh())
        >>> x = torch.ones(3, 4)
        >>> torch.allclose(block.inverse(block(x)), x)
        True

    References:
        [gomez2017reversible], eqs. 6 and 7.
    """

    def __init__(self, f: nn.Module, g: nn.Module) -> None:
        super().__init__()
        self.f, self.g = f, g

    def forward(self, x: Tensor) -> Tensor:
        """Map x: (…, 2 * D) to (…, 2 * D)."""
        x1, x2 = halves(x)
        y1 = x1 + self.f(x2)
        return torch.cat((y1, x2 + self.g(y1)), dim=-1)

    def inverse(self, y: Tensor) -> Tensor:
        """The input y: (…, 2 * D) came from, up to rounding, if F and G draw no random numbers."""
        y1, y2 = halves(y)
        x2 = y2 - self.g(y1)
        return torch.cat((y1 - self.f(x2), x2), dim=-1)


class ReversibleSequential(nn.Module):
    """Reversible blocks one after the other, of which only the last output is kept.

    The backward pass goes through the blocks from the last to the first, computes the input of each, and its gradients
    on the way. They are those of the same blocks under plain autograd, up to the rounding of the inverse:
    (x + F) - F need not be x. Dropout within F and G is repeated as it was.

    Args:
        blocks: in order.

    Attributes:
        blocks: the same as an ordinary module, whose activations autograd keeps.

    Example:
        >>> net = ReversibleSequential(ReversibleBlock(nn.Linear(2, 2), nn.Linear(2, 2)) for _ in range(3))
        >>> net(torch.ones(5, 4)).shape
        torch.Size([5, 4])

    References:
        [gomez2017reversible], algorithm 1.
    """

    def __init__(self, blocks: Iterable[ReversibleBlock]) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Map x: (…, 2 * D) to (…, 2 * D)."""
        halves(x)
        parts = [Replay(part) for block in self._each() for part in (block.f, block.g)]
        y: Tensor = _Reversible.apply(parts, x, *trained(self))  # type: ignore[no-untyped-call]  # torch gives it no types
        return y

    def inverse(self, y: Tensor) -> Tensor:
        """The input y: (…, 2 * D) came from, up to rounding, if the blocks draw no random numbers."""
        for block in reversed(self._each()):
            y = block.inverse(y)
        return y

    def _each(self) -> list[ReversibleBlock]:
        return cast(list[ReversibleBlock], [*self.blocks])


def halves(x: Tensor) -> tuple[Tensor, Tensor]:
    """Cut x (…, 2 * D) into two of (…, D).

    Raises:
        ValueError: the width is odd.
    """
    if x.shape[-1] % 2:
        raise ValueError(f"a reversible block halves its input; a width of {x.shape[-1]} is odd")
    first, second = x.chunk(2, dim=-1)
    return first, second


class _Reversible(torch.autograd.Function):
    """F, G, F, G, … forwards; backwards each undone, with gradients on the way."""

    @staticmethod
    def forward(ctx: Any, parts: list[Replay], x: Tensor, *parameters: Tensor) -> Tensor:
        other, taken = halves(x)
        for part in parts:
            other, taken = taken, other + part.first(taken)
        y = torch.cat((other, taken), dim=-1)
        ctx.parts, ctx.parameters = parts, parameters
        # with the parameters, so that changing one in place before the backward pass is an error
        ctx.save_for_backward(y, *(state for part in parts for state in part.states), *parameters)
        return y

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        other, taken = halves(ctx.saved_tensors[0])
        of_other, of_taken = halves(upstream)
        found: dict[Tensor, Tensor] = {}
        for part in reversed(ctx.parts):
            # taken = before + part(other)
            value, through, met = part.differentiated(other, of_taken)
            other, taken = taken - value, other
            of_other, of_taken = of_taken, of_other + through
            for parameter, gradient in met.items():  # one that several parts share is met again
                found[parameter] = found[parameter] + gradient if parameter in found else gradient
        return None, torch.cat((of_other, of_taken), dim=-1), *(found.get(one) for one in ctx.parameters)
