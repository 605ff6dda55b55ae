"""Questions about tables: programs that are found by gradient from answers alone, and networks without operations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mlblog.data.questions import ASKED, COLUMNS, WORDS, draw_questions
from mlblog.experiments.gan import step_apart
from mlblog.lab import Run, experiment
from mlblog.models.programmer import NeuralProgrammer, execute
from mlblog.models.table_reader import RowReader, TableReader
from mlblog.training.schedule import warmup_cosine

TEST, VALIDATION, TRAINING = 9_999, 9_998, 100_000  # seeds of the parts; that of a training is TRAINING + seed
RATES = (3e-3, 1e-2, 3e-2, 1e-1, 3e-1)
ARMS = ("programmer", "spare steps", "reader of rows", "reader")
SPARE = 2  # steps of a program beyond those that its question needs
SOFTLY, EXACTLY = 0.05, 1e-4  # errors up to which an answer is right: of any network, and of a hard program
#: By the number of operations, the questions whose programs are kept.
EXAMPLES = {
    1: (("sum", "column 1"), ("max", "column 2"), ("count", "nothing")),
    2: (
        ("sum", "column 2", "above", "column 0"),
        ("max", "column 1", "below", "column 1"),
        ("count", "nothing", "above", "column 2"),
    ),
}


class Asked(NamedTuple):
    """Questions as tensors: words (B, 4), tables (B, R, C), pivots (B,), answers (B,)."""

    words: Tensor
    tables: Tensor
    pivots: Tensor
    answers: Tensor


class Programmer(nn.Module):
    """Writes a program and runs it."""

    def __init__(self, width: int, steps: int, copies: tuple[int, ...]) -> None:
        super().__init__()
        self.write = NeuralProgrammer(len(WORDS), COLUMNS, width=width, steps=steps, copies=copies)

    def forward(self, words: Tensor, tables: Tensor, pivots: Tensor, hard: bool = False) -> Tensor:
        """Answers, (S, B), by the soft program or by its largest choices."""
        program = self.write(words)
        return execute(program.hard() if hard else program, tables, pivots)


@experiment(
    smoke={"steps": 2, "rows": 3, "more": 4, "drawn": 20, "asked": 10, "batch": 6, "width": 8},
    small={"steps": 600},
    full={"steps": 20_000, "rows": 30, "more": 120, "width": 64, "drawn": 200_000},
    seeds=5,
)
def table_programs(
    run: Run,
    *,
    steps: int,
    rows: int = 6,
    more: int = 24,
    drawn: int = 10_000,
    asked: int = 500,
    batch: int = 64,
    width: int = 16,
    seed: int,
) -> None:
    """Train each of the `ARMS` at each of the `RATES`, on questions of one operation and on questions of two.

    A programmer has as many steps as a question has operations, or some to spare, and learns from answers alone. Its
    programs are also run with their largest choices alone. All but the plain reader are asked about longer tables, too.

    Args:
        run: of the lab.
        steps: training steps for each operation of a question.
        rows: R of tables of training, validation and test.
        more: rows of the longer tables of a second test.
        drawn: questions to train on.
        asked: questions of the validation and of each test set.
        batch: questions in a step.
        width: D; hidden layers of the readers have four times that.
        seed: of the weights and the questions of training.
    """
    run.save(rates=np.array(RATES))
    for operations in run.progress((1, 2), "operations"):
        taught = _drawn(drawn, rows, operations, TRAINING + seed, run.device)
        known, tested = (_drawn(asked, rows, operations, part, run.device) for part in (VALIDATION, TEST))
        longer = _drawn(asked, more, operations, TEST, run.device)
        for arm in ARMS:
            torch.manual_seed(seed)
            net = network(arm, operations, rows=rows, width=width).to(run.device)
            curve, written = _trained(net, taught, known, operations=operations, steps=steps, batch=batch, seed=seed)
            kept = {
                "curve": curve,
                "validation": curve[:, -1],
                "right": share(net, tested),
                "right by asked": np.stack([share(net, some) for some in _by_asked(tested)], axis=1),
                "off": off(net, tested),
                "weights": sum(weight[0].numel() for weight in net.parameters()),
            }
            if arm != "reader":
                kept["longer"] = share(net, longer)
            if isinstance(net, Programmer):
                kept |= {
                    "hard": share(net, tested, hard=True),
                    "hard longer": share(net, longer, hard=True),
                    "kinds": right_kinds(net, tested),
                    "programs": np.stack(written, axis=1).astype(np.float32),
                }
            run.save(**{f"{name} {arm} {operations}": value for name, value in kept.items()})


def network(arm: str, operations: int, *, rows: int, width: int) -> nn.Module:
    """One of the `ARMS` for questions of `operations` operations: a copy for each of the `RATES`, of equal weights."""
    copies, spare = (len(RATES),), SPARE if arm == "spare steps" else 0
    net: nn.Module
    if arm == "reader":
        net = TableReader(len(WORDS), COLUMNS, rows=rows, width=width, copies=copies)
    elif arm == "reader of rows":
        net = RowReader(len(WORDS), COLUMNS, width=width, copies=copies)
    else:
        net = Programmer(width, operations + spare, copies)
    with torch.no_grad():
        for weight in net.parameters():
            weight.copy_(weight[:1].expand_as(weight).clone())
    return net


@torch.inference_mode()
def share(net: nn.Module, asked: Asked, hard: bool = False) -> NDArray[np.float64]:
    """Answers that are right, within `SOFTLY`, or hard programs' within `EXACTLY`, (S,); 0 if nothing is asked."""
    right = _right(net, asked, hard)
    return numbers(right.double().sum(-1) / max(1, right.shape[-1]))


@torch.inference_mode()
def right_kinds(net: Programmer, asked: Asked) -> NDArray[np.float64]:
    """Kinds of question, which the same words ask, of which hard programs answer every one that is asked, (S,)."""
    right = _right(net, asked, hard=True)
    kinds = sorted({*map(tuple, asked.words.tolist())})
    of_kind = [right[:, (asked.words == torch.tensor(kind, device=right.device)).all(1)] for kind in kinds]
    return numbers(torch.stack([some.all(-1) for some in of_kind]).double().mean(0))


@torch.inference_mode()
def off(net: nn.Module, asked: Asked) -> NDArray[np.float64]:
    """How far answers are from the right ones, on the mean, (S,)."""
    return numbers((net(*asked[:3]) - asked.answers).abs().mean(-1))


@torch.inference_mode()
def programs(net: Programmer, operations: int) -> NDArray[np.float64]:
    """What is written for the `EXAMPLES`, (S, examples, T, 5 + C): shares of operations, then of columns."""
    asked = [[WORDS.index(word) for word in (*words, "nothing", "nothing")[:4]] for words in EXAMPLES[operations]]
    written = net.write(torch.tensor(asked, device=next(net.parameters()).device))
    return numbers(torch.cat(written, dim=-1))


def numbers(found: Tensor) -> NDArray[np.float64]:
    """For a record."""
    return np.asarray(found.cpu(), dtype=np.float64)


def _right(net: nn.Module, asked: Asked, hard: bool) -> Tensor:
    found: Tensor = net(*asked[:3], hard=True) if hard else net(*asked[:3])
    return (found - asked.answers).abs() <= (EXACTLY if hard else SOFTLY)


def _by_asked(asked: Asked) -> list[Asked]:
    """The questions that ask for each of `ASKED`."""
    return [Asked(*(part[asked.words[:, 0] == WORDS.index(one)] for part in asked)) for one in ASKED]


def _trained(
    net: nn.Module, taught: Asked, known: Asked, *, operations: int, steps: int, batch: int, seed: int
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Train the copies of a network side by side, each at its rate.

    Returns:
        Validation losses at eleven points, the last after training, (S, points), and at each of these points the
        programs that a programmer writes for the `EXAMPLES`.
    """
    optimizer, rates = torch.optim.Adam(net.parameters(), lr=1.0), torch.tensor(RATES, device=taught.answers.device)
    curve, written, steps = list[Tensor](), list[NDArray[np.float64]](), steps * operations
    points = {point * steps // 10 for point in range(11)}
    for step in range(steps + 1):
        if step in points:
            with torch.inference_mode():
                curve.append(_loss(net, known))
            if isinstance(net, Programmer):
                written.append(programs(net, operations))
        if step == steps:
            break
        drawn = np.random.default_rng([seed, step]).integers(len(taught.answers), size=batch)
        rows = torch.from_numpy(drawn).to(taught.answers.device)
        optimizer.zero_grad()
        _loss(net, Asked(*(part[rows] for part in taught))).sum().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        step_apart(optimizer, rates * warmup_cosine(step, steps=steps))
    return numbers(torch.stack(curve, dim=1)), written


def _loss(net: nn.Module, asked: Asked) -> Tensor:
    """Huber's, of each copy, (S,)."""
    found = net(*asked[:3])
    return F.huber_loss(found, asked.answers.expand_as(found), reduction="none").mean(-1)


def _drawn(count: int, rows: int, operations: int, seed: int, device: str) -> Asked:
    drawn = draw_questions(count=count, rows=rows, compared=operations > 1, rng=np.random.default_rng([seed, rows]))
    tables, words, pivots, right = (torch.from_numpy(part).to(device) for part in drawn)
    return Asked(words, tables.float(), pivots.float(), right.float())
