"""A program that is learned by gradient: at each step a soft choice of an operation and of a column.

Dimensions: B questions, L words of a question, R rows, C columns, D width, T steps.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

#: What a step can do: answer with one of the first three, or choose rows by one of the last two.
OPERATIONS = ("count", "sum", "max", "above", "below")


class Program(NamedTuple):
    """How much of each operation and column every step takes.

    Attributes:
        operations: (B, T, 5), of `OPERATIONS`; they sum to one.
        columns: (B, T, C), likewise.
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
        (B,), the answer of the last step; all rows are chosen at first.

    References:
        [neelakantan2016neural], section 2.1, there with differences, logical operations and a reset.
    """
    rows = torch.ones_like(table[..., 0])  # (B, R)
    answer = torch.zeros_like(pivot)
    above, below = (table > pivot[:, None, None]).to(table.dtype), (table < pivot[:, None, None]).to(table.dtype)
    for chosen, columns in zip(program.operations.unbind(1), program.columns.unbind(1), strict=True):
        count, total, most, over, under = chosen.unbind(-1)
        here = rows[..., None] * table  # (B, R, C)
        sums, greatest = (here.sum(1) * columns).sum(-1), (here.amax(1) * columns).sum(-1)
        answer = count * rows.sum(-1) + total * sums + most * greatest
        compared = over[:, None, None] * above + under[:, None, None] * below
        rows = (count + total + most)[:, None] * rows + (compared @ columns[..., None])[..., 0]
    return answer


class NeuralProgrammer(nn.Module):
    """Reads a question, and writes a program of T steps for it.

    Args:
        words: how many different ones there are.
        columns: C.
        width: D.
        steps: T, at least 1.

    Raises:
        ValueError: no step.

    Example:
        >>> write = NeuralProgrammer(words=9, columns=3, width=8, steps=2)
        >>> program = write(torch.zeros(4, 5, dtype=torch.long))
        >>> program.operations.shape, program.columns.shape
        (torch.Size([4, 2, 5]), torch.Size([4, 2, 3]))

    References:
        [neelakantan2016neural], sections 2.2 and 2.3. Here the controller's steps are a gated recurrent unit's that
        reads the question's encoding each time, and columns are known by their places and not by names.
    """

    def __init__(self, words: int, columns: int, *, width: int, steps: int) -> None:
        super().__init__()
        if steps < 1:
            raise ValueError(f"at least one step expected, given steps={steps}")
        self.steps = steps
        self.embedding, self.read = nn.Embedding(words, width), nn.GRU(width, width, batch_first=True)
        self.control = nn.GRUCell(width, width)
        self.operation, self.column = nn.Linear(width, len(OPERATIONS)), nn.Linear(width, columns)

    def forward(self, question: Tensor) -> Program:
        """Write programs for questions (B, L)."""
        encoded = self.read(self.embedding(question))[1][0]  # (B, D)
        state, states = torch.zeros_like(encoded), list[Tensor]()
        for _ in range(self.steps):
            state = self.control(encoded, state)
            states.append(state)
        told = torch.stack(states, dim=1)  # (B, T, D)
        return Program(self.operation(told).softmax(-1), self.column(told).softmax(-1))
