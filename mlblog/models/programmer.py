"""A program that is learned by gradient: at each step a soft choice of an operation and of a column.

Dimensions: … any leading axes such as copies of a network, B questions, L words of a question, R rows, C columns,
D width, T steps, I inputs.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.models.ponder import drawn_weight

#: What a step can do: answer with one of the first three, or choose rows by one of the last two.
OPERATIONS = ("count", "sum", "max", "above", "below")


class Program(NamedTuple):
    """How much of each operation and column every step takes.

    Attributes:
        operations: (…, B, T, 5), of `OPERATIONS`; they sum to one.
        columns: (…, B, T, C), likewise.
    """

    operations: Tensor
    columns: Tensor

    def hard(self) -> Program:
        """The same with the largest of each alone."""
        return Program(*(F.one_hot(part.argmax(-1), part.shape[-1]).to(part.dtype) for part in self))


def execute(program: Program, table: Tensor, pivot: Tensor) -> Tensor:
    """Run a program on tables; all is linear in the choices of a step but the maximum.

        rows_t = (α_count + α_sum + α_max) rows_(t - 1) + Σ_j β_j (α_above [x_j > p] + α_below [x_j < p])
        answer_t = α_count Σ_i rows_i + Σ_j β_j (α_sum Σ_i rows_i x_ij + α_max max_i rows_i x_ij),  rows = rows_(t - 1)

    Args:
        program: of B questions, T steps.
        table: (B, R, C) numbers from 0 on.
        pivot: (B,) the number p that columns are compared with.

    Returns:
        (…, B), the answer of the last step; all rows are chosen at first.

    References:
        [neelakantan2016neural], section 2.3, there with differences, logical operations and a reset.
    """
    rows = torch.ones_like(table[..., 0])  # (B, R)
    answer = torch.zeros_like(pivot)
    above, below = (table > pivot[:, None, None]).to(table.dtype), (table < pivot[:, None, None]).to(table.dtype)
    for chosen, columns in zip(program.operations.unbind(-2), program.columns.unbind(-2), strict=True):
        count, total, most, over, under = chosen.unbind(-1)
        here = rows[..., None] * table  # (…, B, R, C)
        sums, greatest = (here.sum(-2) * columns).sum(-1), (here.amax(-2) * columns).sum(-1)
        answer = count * rows.sum(-1) + total * sums + most * greatest
        compared = over[..., None, None] * above + under[..., None, None] * below
        rows = (count + total + most)[..., None] * rows + (compared @ columns[..., None])[..., 0]
    return answer


class GatedUnit(nn.Module):
    """A recurrent unit whose gates say how much of its state stays.

        r, z = sigmoid(W x + U h + b),   n = tanh(W_n x + b_n + r ⊙ U_n h),   h' = (1 - z) ⊙ n + z ⊙ h

    Args:
        inputs: I.
        width: D.
        copies: axes of units that are run side by side, each with its own weights.

    Example:
        >>> GatedUnit(3, 5)(torch.zeros(2, 3), torch.zeros(2, 5)).shape
        torch.Size([2, 5])

    References:
        [cho2014learning], eqs. 5 to 8, with the reset gate after the product, as in torch's.
    """

    def __init__(self, inputs: int, width: int, *, copies: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.read, self.carry = drawn_weight(copies, inputs, 3 * width), drawn_weight(copies, width, 3 * width)
        self.bias = nn.Parameter(torch.zeros(*copies, 1, 3 * width))

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        """Take in x (…, B, I), with a state (…, B, D) before it, and return the state after it."""
        reset, keep, new = (x @ self.read + self.bias).chunk(3, dim=-1)
        old_reset, old_keep, old = (state @ self.carry).chunk(3, dim=-1)
        stays = (keep + old_keep).sigmoid()
        return (1 - stays) * (new + (reset + old_reset).sigmoid() * old).tanh() + stays * state


class QuestionReader(nn.Module):
    """Reads the words of a question one by one.

    Args:
        words: how many different ones there are.
        width: D.
        copies: as in `GatedUnit`.

    Example:
        >>> QuestionReader(9, 8)(torch.zeros(4, 5, dtype=torch.long)).shape
        torch.Size([4, 8])
    """

    def __init__(self, words: int, width: int, *, copies: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.embedding, self.unit = (
            nn.Parameter(torch.randn(*copies, words, width)),
            GatedUnit(width, width, copies=copies),
        )

    def forward(self, question: Tensor) -> Tensor:
        """Encode questions (B, L) as (…, B, D)."""
        state = self.embedding.new_zeros(*self.embedding.shape[:-2], len(question), self.embedding.shape[-1])
        for word in question.unbind(1):
            state = self.unit(self.embedding[..., word, :], state)
        return state


class NeuralProgrammer(nn.Module):
    """Reads a question, and writes a program of T steps for it.

    Args:
        words: how many different ones there are.
        columns: C.
        width: D.
        steps: T, at least 1.
        copies: as in `GatedUnit`.

    Raises:
        ValueError: no step.

    Example:
        >>> write = NeuralProgrammer(words=9, columns=3, width=8, steps=2)
        >>> program = write(torch.zeros(4, 5, dtype=torch.long))
        >>> program.operations.shape, program.columns.shape
        (torch.Size([4, 2, 5]), torch.Size([4, 2, 3]))

    References:
        [neelakantan2016neural], sections 2.1, 2.2 and 2.4. Here the controller's steps are those of a gated unit that
        reads the question's encoding each time, and columns are known by their places and not by names.
    """

    def __init__(self, words: int, columns: int, *, width: int, steps: int, copies: tuple[int, ...] = ()) -> None:
        super().__init__()
        if steps < 1:
            raise ValueError(f"at least one step expected, given steps={steps}")
        self.steps = steps
        self.read, self.control = QuestionReader(words, width, copies=copies), GatedUnit(width, width, copies=copies)
        self.operation = drawn_weight(copies, width, len(OPERATIONS))
        self.column = drawn_weight(copies, width, columns)

    def forward(self, question: Tensor) -> Program:
        """Write programs for questions (B, L)."""
        encoded = self.read(question)  # (…, B, D)
        state, states = torch.zeros_like(encoded), list[Tensor]()
        for _ in range(self.steps):
            state = self.control(encoded, state)
            states.append(state)
        told = torch.stack(states, dim=-3)  # (…, T, B, D)
        choices = ((told @ weight[..., None, :, :]).softmax(-1) for weight in (self.operation, self.column))
        return Program(*(each.transpose(-3, -2) for each in choices))
