"""The rows for programs that are learned by gradient."""

from __future__ import annotations

import torch
from table import Row
from torch import Tensor, nn
from torch_rows import numbers, whole

from mlblog.models import programmer, table_reader

QUESTIONS = whole(9, 4, 5)
TABLES, PIVOTS = numbers(4, 5, 3).abs(), numbers(4).abs()


def run(operations: Tensor, columns: Tensor, table: Tensor, pivot: Tensor) -> Tensor:
    return programmer.execute(programmer.Program(operations, columns), table, pivot)


def by_steps(operations: Tensor, columns: Tensor, table: Tensor, pivot: Tensor) -> Tensor:
    """Each question, step and row by itself."""
    answers = []
    for chosen, named, x, p in zip(operations, columns, table, pivot, strict=True):
        rows, said = [x.new_ones(())] * len(x), x.new_zeros(())
        for (count, total, most, over, under), share in zip(chosen, named, strict=True):
            values = torch.stack([row * one for row, one in zip(rows, x, strict=True)])  # (R, C)
            said = count * sum(rows) + share @ (total * values.sum(0) + most * values.max(0).values)
            kept = [over * (share @ (one > p).to(x.dtype)) + under * (share @ (one < p).to(x.dtype)) for one in x]
            rows = [(count + total + most) * row + one for row, one in zip(rows, kept, strict=True)]
        answers.append(said)
    return torch.stack(answers)


def stepped(unit: programmer.GatedUnit) -> object:
    def reference(x: Tensor, state: Tensor) -> Tensor:
        theirs = nn.GRUCell(4, 5).double()
        theirs.load_state_dict({"weight_ih": unit.read.T, "weight_hh": unit.carry.T, "bias_ih": unit.bias[0],
                                "bias_hh": 0 * unit.bias[0]})  # fmt: skip
        made = dict(theirs.named_parameters())
        return torch.func.functional_call(theirs, made, (x, state))

    return reference


class _Written(nn.Module):
    """A programmer's choices, as one tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.net = programmer.NeuralProgrammer(9, 3, width=6, steps=2)

    def forward(self, question: Tensor) -> Tensor:
        return torch.cat(self.net(question), dim=-1)


PROGRAMS = [
    Row("models.programmer.execute", lambda: run,
        (numbers(4, 2, 5).softmax(-1), numbers(4, 2, 3).softmax(-1), TABLES, PIVOTS), lambda _: by_steps,
        batch=(0, 0, 0, 0)),
    Row("models.programmer.GatedUnit", lambda: programmer.GatedUnit(4, 5), (numbers(3, 4), numbers(3, 5)), stepped,
        batch=(0, 0)),
    Row("models.programmer.QuestionReader", lambda: programmer.QuestionReader(9, 6), (QUESTIONS,)),
    Row("models.programmer.NeuralProgrammer", _Written, (QUESTIONS,)),
    Row("models.table_reader.Layers", lambda: table_reader.Layers(4, 7, 2), (numbers(3, 4),),
        lambda net: lambda x: (x @ net.weights[0] + net.biases[0]).clamp(min=0) @ net.weights[1] + net.biases[1]),
    Row("models.table_reader.TableReader", lambda: table_reader.TableReader(9, 3, rows=5, width=6),
        (QUESTIONS, TABLES, PIVOTS), batch=(0, 0, 0)),
    Row("models.table_reader.RowReader", lambda: table_reader.RowReader(9, 3, width=6), (QUESTIONS, TABLES, PIVOTS),
        batch=(0, 0, 0)),
]  # fmt: skip
