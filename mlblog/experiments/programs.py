"""Questions about tables: programs that are found by gradient from answers alone, and a network without operations."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.data.questions import COLUMNS, WORDS, draw_questions
from mlblog.lab import Run, experiment
from mlblog.models.programmer import NeuralProgrammer, execute
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

TEST, VALIDATION, TRAINING = 9_999, 9_998, 100_000  # seeds of the parts; that of a training is TRAINING + seed
RATES = (1e-2, 3e-2, 1e-1)
SOFTLY, EXACTLY = 0.05, 1e-4  # errors up to which an answer is right: of any network, and of a hard program


class Asked(NamedTuple):
    """Questions as tensors: tables (B, R, C), words (B, 4), pivots (B,), answers (B,)."""

    tables: Tensor
    words: Tensor
    pivots: Tensor
    answers: Tensor


class Reader(nn.Module):
    """The rival: reads the question as the programmer does, sees all of the table, and has no operations."""

    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        self.embedding, self.read = nn.Embedding(len(WORDS), width), nn.GRU(width, width, batch_first=True)
        seen = width + rows * COLUMNS + 1
        self.think = nn.Sequential(
            nn.Linear(seen, 4 * width), nn.ReLU(), nn.Linear(4 * width, 4 * width), nn.ReLU(), nn.Linear(4 * width, 1)
        )

    def forward(self, asked: Asked) -> Tensor:
        """Answers, (B,)."""
        encoded = self.read(self.embedding(asked.words))[1][0]
        out: Tensor = self.think(torch.cat((encoded, asked.tables.flatten(1), asked.pivots[:, None]), dim=1))[:, 0]
        return out


class Programmer(NeuralProgrammer):
    """Writes a program and runs it."""

    def answer(self, asked: Asked, hard: bool = False) -> Tensor:
        """Answers, (B,), by the soft program or by its largest choices."""
        program = self(asked.words)
        return execute(program.hard() if hard else program, asked.tables, asked.pivots)


@experiment(
    smoke={"steps": 2, "rows": 3, "more": 4, "drawn": 20, "asked": 10, "batch": 6, "width": 8},
    small={"steps": 800},
    full={"steps": 20_000, "rows": 30, "more": 120, "width": 64, "drawn": 200_000},
    seeds=3,
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
    """Train a programmer and a reader at each of the `RATES`, on questions of one operation and of two.

    A programmer has as many steps as a question has operations, and learns from answers alone. Its programs are also
    run with their largest choices, and on longer tables.

    Args:
        run: of the lab.
        steps: training steps.
        rows: R of tables of training, validation and test.
        more: rows of the longer tables of a second test.
        drawn: questions to train on, with other batches in each step.
        asked: questions of the validation and of each test set.
        batch: questions in a step.
        width: D; a reader's hidden layers have four times that.
        seed: of the weights and the questions of training.
    """
    run.save(rates=np.array(RATES))
    for operations in run.progress((1, 2), "operations"):
        taught = _drawn(drawn, rows, operations, TRAINING + seed, run.device)
        known, tested = (_drawn(asked, rows, operations, part, run.device) for part in (VALIDATION, TEST))
        longer = _drawn(asked, more, operations, TEST, run.device)
        validation, right, hard, beyond = np.zeros((4, 2, len(RATES)))
        for at, rate in enumerate(RATES):
            for arm in range(2):
                torch.manual_seed(seed)
                net = Reader(rows, width) if arm else Programmer(len(WORDS), COLUMNS, width=width, steps=operations)
                curves = _trained(net.to(run.device), taught, known, rate=rate, steps=steps, batch=batch, seed=seed)
                validation[arm, at] = curves.values("validation").min()
                right[arm, at] = _share(answers(net, tested), tested, SOFTLY)
                if isinstance(net, Programmer):
                    hard[arm, at] = _share(answers(net, tested, hard=True), tested, EXACTLY)
                    beyond[arm, at] = _share(answers(net, longer, hard=True), longer, EXACTLY)
        run.save(**{
            f"validation {operations}": validation, f"right {operations}": right,
            f"hard {operations}": hard[0], f"longer {operations}": beyond[0],
        })  # fmt: skip


def answers(net: Reader | Programmer, asked: Asked, hard: bool = False) -> Tensor:
    """Answers of either kind of network, (B,)."""
    return net(asked) if isinstance(net, Reader) else net.answer(asked, hard)


@torch.inference_mode()
def _share(found: Tensor, asked: Asked, within: float) -> float:
    return float(((found - asked.answers).abs() <= within).double().mean())


def _trained(
    net: Reader | Programmer, taught: Asked, known: Asked, *, rate: float, steps: int, batch: int, seed: int
) -> Curves:
    optimizer, curves = torch.optim.AdamW(net.parameters(), lr=rate, fused=True), Curves()

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([seed, step])
        rows = torch.from_numpy(rng.integers(len(taught.answers), size=batch)).to(taught.answers.device)
        some = Asked(*(part[rows] for part in taught))
        return F.huber_loss(answers(net, some), some.answers)

    train(
        curves, net, loss, optimizer, steps=steps, every=max(1, steps // 10), clip=1.0,
        validate=lambda: F.huber_loss(answers(net, known), known.answers).item(),
        rate=lambda step: rate * warmup_cosine(step, steps=steps),
    )  # fmt: skip
    return curves


def _drawn(count: int, rows: int, operations: int, seed: int, device: str) -> Asked:
    drawn = draw_questions(count=count, rows=rows, compared=operations > 1, rng=np.random.default_rng([seed, rows]))
    tables, words, pivots, right = (torch.from_numpy(part).to(device) for part in drawn)
    return Asked(tables.float(), words, pivots.float(), right.float())
