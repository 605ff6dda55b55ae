"""Adaptive computation time: a recurrent cell that decides how often it steps before it goes on.

Dimensions: … any leading axes such as a batch, M steps at most, I inputs, D width of the state.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn


class Halting(NamedTuple):
    """When each problem halts, and how much each of its steps counts.

    Attributes:
        weights: (…, M), of each step; they sum to one, and are zero after the last step that is taken.
        steps: (…), N: how many steps are taken, from 1 to M, as floats.
        remainder: (…), R: the weight of the last one, in (0, 1].
    """

    weights: Tensor
    steps: Tensor
    remainder: Tensor


def halting_weights(halts: Tensor, *, epsilon: float = 0.01) -> Halting:
    """Turn what a halting unit says at each step into weights of the steps.

        N = min{n : h_1 + … + h_n ≥ 1 - epsilon},   R = 1 - (h_1 + … + h_(N - 1)),
        p_n = h_n for n < N,  R for n = N,  0 after it

    Args:
        halts: (…, M) of the halting unit, in [0, 1]; step M is the last, whatever it says.
        epsilon: in [0, 1); what is allowed to be missing, so that a single step can be enough.

    Returns:
        Weights, steps and remainder; the weights and the remainder have gradients, the steps none.

    Raises:
        ValueError: no step, or another epsilon.

    Example:
        >>> halting_weights(torch.tensor([0.25, 0.5, 0.5, 0.9]))
        Halting(weights=tensor([0.2500, 0.5000, 0.2500, 0.0000]), steps=tensor(3.), remainder=tensor(0.2500))

    References:
        [graves2016adaptive], eqs. 6 to 8.
    """
    if halts.ndim < 1 or not halts.shape[-1] or not 0 <= epsilon < 1:
        raise ValueError(
            f"halts (…, M ≥ 1) and 0 ≤ epsilon < 1 expected, given {tuple(halts.shape)} and epsilon {epsilon}"
        )
    total = halts.cumsum(-1)
    last = (total[..., :-1] < 1 - epsilon).sum(-1, keepdim=True)  # (…, 1): N - 1
    remainder = 1 - (total - halts).gather(-1, last)
    at = torch.arange(halts.shape[-1], device=halts.device)
    weights = torch.where(at < last, halts, torch.where(at == last, remainder, torch.zeros_like(halts)))
    return Halting(weights, (last[..., 0] + 1).to(halts.dtype), remainder[..., 0])


def ponder_cost(halting: Halting) -> Tensor:
    """Steps taken and the remainder, N + R, of each problem: what a price is put on.

    Args:
        halting: of problems (…).

    Returns:
        (…), in steps, from 1 to M + 1. Its gradient is that of R alone: N is constant almost everywhere.

    References:
        [graves2016adaptive], eqs. 11 and 12, there summed over the inputs of a sequence.
    """
    return halting.steps + halting.remainder


class ACTCell(nn.Module):
    """A tanh cell that reads the same input again until its halting unit has said enough.

        s_n = tanh(W [x, first_n] + U s_(n - 1) + b),   h_n = sigmoid(w' s_n + c),   s = p_1 s_1 + … + p_N s_N

    Args:
        inputs: I; the cell is given one more, 1 at the first step and 0 after it.
        width: D.
        most: M, steps after which it halts in any case; with one it is a plain recurrent cell.
        epsilon: see `halting_weights`.
        copies: axes of cells that are run side by side, each with its own weights and inputs.

    Example:
        >>> state, halting = ACTCell(inputs=3, width=5, most=4)(torch.zeros(2, 3))
        >>> state.shape, halting.steps.shape
        (torch.Size([2, 5]), torch.Size([2]))

    References:
        [graves2016adaptive], eqs. 2 to 9; the bias of the halting unit begins at 1, as in section 3. Outputs that are
        linear in the state need no weights of their own: their weighted mean is the output of the mean state.
    """

    def __init__(
        self, inputs: int, width: int, *, most: int, epsilon: float = 0.01, copies: tuple[int, ...] = ()
    ) -> None:
        super().__init__()
        if most < 1:
            raise ValueError(f"at least one step expected, given most={most}")
        self.most, self.epsilon = most, epsilon
        self.read, self.carry = drawn_weight(copies, inputs + 1, width), drawn_weight(copies, width, width)
        self.bias = nn.Parameter(torch.zeros(*copies, 1, width))
        self.halt, self.halt_bias = drawn_weight(copies, width, 1), nn.Parameter(torch.ones(*copies, 1, 1))

    def forward(self, x: Tensor, state: Tensor | None = None, planted: Tensor | None = None) -> tuple[Tensor, Halting]:
        """Ponder one input.

        Args:
            x: (…, B, I)
            state: (…, B, D) before it; zero if None.
            planted: (…, M) in place of what the halting unit says, where it is not NaN.

        Returns:
            The state after it, (…, B, D), and how it halted, (…, B).
        """
        read = x @ self.read[..., :-1, :] + self.bias
        states, halts = list[Tensor](), list[Tensor]()
        for step in range(self.most):
            total = read if step else read + self.read[..., -1:, :]
            if state is not None:
                total = total + state @ self.carry
            state = total.tanh()
            states.append(state)
            halts.append((state @ self.halt + self.halt_bias)[..., 0].sigmoid())
        said = torch.stack(halts, dim=-1)  # (…, B, M)
        if planted is not None:
            said = torch.where(planted[..., None, :].isnan(), said, planted[..., None, :].nan_to_num())
        halting = halting_weights(said, epsilon=self.epsilon)
        return (halting.weights[..., None] * torch.stack(states, dim=-2)).sum(-2), halting


def drawn_weight(copies: tuple[int, ...], rows: int, columns: int) -> nn.Parameter:
    """A matrix for each copy, uniform up to 1 / sqrt(rows) as `torch.nn.Linear` draws it, (*copies, rows, columns)."""
    return nn.Parameter((2 * torch.rand(*copies, rows, columns) - 1) / math.sqrt(rows))
