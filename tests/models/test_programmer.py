"""Programs with hard choices against Python, soft ones against a loop, and whether gradients find them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from torch import Tensor

from mlblog.data.questions import COLUMNS, WORDS, answer
from mlblog.models.programmer import OPERATIONS, GatedUnit, NeuralProgrammer, Program, QuestionReader, execute

ROWS = 5


def tables(count: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(count)
    table = torch.rand(count, ROWS, COLUMNS, dtype=torch.float64, generator=generator)
    return table, torch.rand(count, dtype=torch.float64, generator=generator)


def written(*lines: tuple[str, int], count: int) -> Program:
    """The same program for all."""
    operations, columns = torch.zeros(count, len(lines), len(OPERATIONS)), torch.zeros(count, len(lines), COLUMNS)
    for step, (operation, column) in enumerate(lines):
        operations[:, step, OPERATIONS.index(operation)] = 1
        columns[:, step, column] = 1
    return Program(operations.double(), columns.double())


@pytest.mark.parametrize("what", ["count", "sum", "max"])
def test_hard_programs_answer_as_python_does(what: str) -> None:
    table, pivot = tables(20)
    for column, other, how in itertools.product(range(COLUMNS), range(COLUMNS), ("nothing", "above", "below")):
        lines = [(what, column)] if how == "nothing" else [(how, other), (what, column)]
        found = execute(written(*lines, count=20), table, pivot)
        words = [what, f"column {column}", how, f"column {other}"]
        expected = [answer(each.numpy(), words, p) for each, p in zip(table, pivot.tolist(), strict=True)]
        assert found.tolist() == pytest.approx(expected)


def test_soft_programs_are_those_of_a_loop() -> None:
    torch.manual_seed(0)
    table, pivot = tables(4)
    program = NeuralProgrammer(len(WORDS), COLUMNS, width=6, steps=3).double()(torch.tensor([[0, 5, 2, 1]] * 4))
    found = execute(program, table, pivot)
    for b in range(4):
        rows, said = [1.0] * ROWS, 0.0
        for chosen, columns in zip(program.operations[b].tolist(), program.columns[b].tolist(), strict=True):
            count, total, most, above, below = chosen
            said = count * sum(rows)
            new = [(count + total + most) * row for row in rows]
            for j, share in enumerate(columns):
                values = [row * table[b, i, j].item() for i, row in enumerate(rows)]
                said += share * (total * sum(values) + most * max(values))
                for i in range(ROWS):
                    new[i] += share * (above if table[b, i, j] > pivot[b] else below)
            rows = new
        assert found[b].item() == pytest.approx(said)


def test_what_is_hard_is_the_largest_of_each() -> None:
    torch.manual_seed(1)
    soft = NeuralProgrammer(9, 3, width=6, steps=2)(torch.randint(9, (7, 4)))
    hard = soft.hard()
    for before, after in zip(soft, hard, strict=True):
        torch.testing.assert_close(before.sum(-1), torch.ones(7, 2))
        assert (after.sort(-1).values == torch.tensor([0.0] * (after.shape[-1] - 1) + [1.0])).all()
        assert (after.argmax(-1) == before.argmax(-1)).all()


@torch.no_grad()
def test_gates_are_those_of_torch() -> None:
    """Torch keeps weights as rows, and has a second bias."""
    torch.manual_seed(3)
    unit, theirs = GatedUnit(3, 5).double(), torch.nn.GRUCell(3, 5).double()
    unit.bias.normal_()
    theirs.load_state_dict(
        {"weight_ih": unit.read.T, "weight_hh": unit.carry.T, "bias_ih": unit.bias[0], "bias_hh": 0 * unit.bias[0]}
    )
    x, state = torch.randn(4, 3).double(), torch.randn(4, 5).double()
    torch.testing.assert_close(unit(x, state), theirs(x, state))


@torch.no_grad()
def test_questions_are_read_word_by_word() -> None:
    torch.manual_seed(4)
    net, question = QuestionReader(7, 5), torch.randint(7, (3, 4))
    for encoded, words in zip(net(question), question.tolist(), strict=True):
        state = torch.zeros(1, 5)
        for word in words:
            state = net.unit(net.embedding[word][None], state)
        torch.testing.assert_close(encoded, state[0])


@torch.no_grad()
def test_copies_write_what_each_would_alone() -> None:
    torch.manual_seed(5)
    table, pivot = tables(6)
    together = NeuralProgrammer(9, 3, width=4, steps=2, copies=(2,)).double()
    question = torch.randint(9, (6, 5))
    written = together(question)
    answers = execute(written, table, pivot)
    assert answers.shape == (2, 6)
    for i in range(2):
        alone = NeuralProgrammer(9, 3, width=4, steps=2).double()
        alone.load_state_dict({name: weight[i] for name, weight in together.state_dict().items()})
        for part, expected in zip(written, alone(question), strict=True):
            torch.testing.assert_close(part[i], expected)
        torch.testing.assert_close(answers[i], execute(alone(question), table, pivot))


def test_a_program_is_found_by_gradient_from_answers_alone() -> None:
    """Sum or maximum of the column that the question names."""
    torch.manual_seed(2)
    net, rng = NeuralProgrammer(5, 3, width=12, steps=1), np.random.default_rng(0)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.03)
    for _ in range(250):
        table = torch.from_numpy(rng.random((64, 4, 3))).float()
        what, column = torch.from_numpy(rng.integers(2, size=64)), torch.from_numpy(rng.integers(3, size=64))
        asked = table.gather(2, column[:, None, None].expand(64, 4, 1))[..., 0]
        right = torch.where(what == 0, asked.sum(1), asked.amax(1))
        program = net(torch.stack((what, 2 + column), dim=1))
        loss = (execute(program, table, torch.zeros(64)) - right).square().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    torch.testing.assert_close(execute(program.hard(), table, torch.zeros(64)), right)


def test_a_program_has_a_step() -> None:
    with pytest.raises(ValueError, match="given steps=0"):
        NeuralProgrammer(5, 3, width=4, steps=0)
