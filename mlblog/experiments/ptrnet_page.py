"""The recurrent pointer network once more, kept with its weights: readers ask it about points that they draw."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mlblog.data.geometry import INPUTS, draw_problems
from mlblog.experiments.ptrnet import TEST, VALIDATION, pointing_rates, scores, sequence_loss
from mlblog.lab import Run, experiment
from mlblog.models.pointer_lstm import PointerLSTM
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train


@experiment(
    smoke={"steps": 10, "largest": 6, "asked": 20, "batch": 16, "width": 16},
    small={"steps": 2_000},
    full={"steps": 2_000},  # as small: a page has no room for a larger one
    seeds=1,  # readers get one network
    reads=["pointing_rates"],
)
def pointing_page(
    run: Run, *, steps: int, largest: int = 10, asked: int = 500, batch: int = 64, width: int = 96, seed: int
) -> None:
    """Train the recurrent pointer of `pointing_at_points` on hulls with the same numbers, and keep it as a model.

    Args:
        run: of the lab.
        steps: training steps.
        largest: the most points that it is trained on, and asked about.
        asked: problems to validate on, and to score.
        batch: problems in a step, all of one size.
        width: D of the LSTMs.
        seed: of the initial weights and the problems.
    """

    def drawn(count: int, size: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        problems = draw_problems("hull", count=count, size=size, rng=rng)
        points, answers = torch.from_numpy(problems.points).float(), torch.from_numpy(problems.answers)
        return points.to(run.device), answers.to(run.device)

    def nats(points: Tensor, answers: Tensor) -> Tensor:
        return sequence_loss(net(points, answers), answers)

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([seed, step])
        return nats(*drawn(batch, int(rng.integers(5, largest + 1)), rng))

    rate = float(pointing_rates.runs(scale=run.scale).mean("rate_lstm_hull"))
    net = PointerLSTM(inputs=INPUTS["hull"], width=width).to(run.device)
    sizes = range(5, largest + 1)
    held = [drawn(asked // len(sizes), size, np.random.default_rng([VALIDATION, size])) for size in sizes]
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, fused=True)
    train(
        run, net, loss, optimizer, steps=steps, every=max(1, steps // 40), clip=1.0,
        rate=lambda step: rate * warmup_cosine(step, steps=steps),
        validate=lambda: float(torch.stack([nats(points, answers) for points, answers in held]).mean()),
    )  # fmt: skip
    problems = draw_problems("hull", count=asked, size=largest, rng=np.random.default_rng([TEST, largest]))
    answered = net.answer(torch.from_numpy(problems.points).float().to(run.device)).cpu().numpy()
    found = scores("hull", problems, answered)
    run.save(
        exact=found["exact"],
        simple=found["simple"],
        parameters=sum(parameter.numel() for parameter in net.parameters()),
    )
    points, answers = drawn(1, largest, np.random.default_rng([TEST, largest]))
    run.save_model(net, {"points": points, "answers": answers[:, :-2]}, name="pointer", outputs=("scores",))
