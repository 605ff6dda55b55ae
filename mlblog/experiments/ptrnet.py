"""Pointer networks on convex hulls and on sorting: trained on few points, asked about more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, cast

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mlblog.data.geometry import INPUTS, Problems, Task, draw_problems, is_simple, polygon_area, same_polygon
from mlblog.lab import Run, experiment
from mlblog.models.attention_lstm import AttentionLSTM
from mlblog.models.pointer_lstm import FixedLSTM, PointerLSTM, PointNet
from mlblog.models.pointer_points import PointTransformer
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import Recorder, train

Network = Literal["lstm", "transformer", "attention", "fixed"]
TEST, VALIDATION = 9_999, 9_998  # in place of a seed: all networks are asked the same problems
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
SETTINGS: tuple[tuple[Network, Task], ...] = (
    ("lstm", "hull"), ("transformer", "hull"), ("attention", "hull"), ("fixed", "hull"), ("lstm", "sort"),
)  # fmt: skip
SMOKE = {"largest": 6, "asked": 20, "batch": 16, "width": 16, "hidden": 16}
FULL = {"largest": 50, "asked": 2_000, "batch": 512, "width": 256, "hidden": 512}


@experiment(smoke={"steps": 3, **SMOKE}, small={"steps": 1_000}, full={"steps": 4_000, **FULL}, seeds=1)
def pointing_rates(
    run: Run,
    *,
    steps: int,
    largest: int = 10,
    asked: int = 500,
    batch: int = 64,
    width: int = 96,
    hidden: int = 128,
    seed: int,
) -> None:
    """Train each network shortly at each of the `RATES`, and keep the validation losses: the grid of its peak rate.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        largest: the most points of a problem.
        asked: problems to validate on.
        batch: as in `pointing_at_points`; so are the others.
        width: D of the LSTMs.
        hidden: width of the transformer's feed-forward layers.
        seed: of the initial weights and the problems.
    """
    run.save(rates=np.array(RATES))
    for network, task in run.progress(SETTINGS, "tune"):
        found = []
        for rate in RATES:
            torch.manual_seed(seed)
            net = _network(network, INPUTS[task], width, hidden, largest).to(run.device)
            validate = _validation(net, task, largest, asked, run.device)
            _train(_Trial(), net, task, validate, rate=rate, steps=steps, largest=largest, batch=batch, seed=seed,
                   device=run.device)  # fmt: skip
            with torch.inference_mode():
                found.append(validate())
        run.save(**{f"validation_{network}_{task}": np.array(found)})
        run.save(**{f"rate_{network}_{task}": RATES[int(np.argmin(found))]})


@experiment(
    smoke={"steps": 10, "sizes": [5, 8], **SMOKE},
    small={"steps": 2_000, "sizes": [5, 7, 10, 12, 15, 20, 30]},
    full={"steps": 40_000, "sizes": [5, 10, 20, 30, 40, 50, 75, 100, 200], **FULL},
    seeds=3,
    variants=({"network": "attention"}, {"network": "fixed"}, {"network": "transformer"}),
    reads=["pointing_rates"],
)
def pointing_at_points(
    run: Run,
    *,
    steps: int,
    sizes: list[int],
    largest: int = 10,
    asked: int = 500,
    batch: int = 64,
    width: int = 96,
    hidden: int = 128,
    task: Task = "hull",
    network: Network = "lstm",
    seed: int,
) -> None:
    """Train a network on problems of 5 to `largest` points, new ones at each step, and ask it about all `sizes`.

    Args:
        run: of the lab.
        steps: training steps.
        sizes: numbers of points that it is asked about.
        largest: the most points that it is trained on.
        asked: problems of each size.
        batch: problems in a step, all of one size.
        width: D of the LSTMs; the transformer has two thirds of it, which makes as many parameters.
        hidden: width of the transformer's feed-forward layers.
        task: "hull" or "sort".
        network: the recurrent pointer network, the pointer transformer, or the LSTMs with a fixed list of answers, with
            attention or without.
        seed: of the initial weights and the problems.
    """
    rate = float(pointing_rates.runs(scale=run.scale).mean(f"rate_{network}_{task}"))
    net = _network(network, INPUTS[task], width, hidden, largest).to(run.device)
    validate = _validation(net, task, largest, asked, run.device)
    _train(run, net, task, validate, rate=rate, steps=steps, largest=largest, batch=batch, seed=seed, device=run.device)
    answering, found = cast(PointNet, net), dict[str, list[float]]()
    for size in run.progress(sizes, "ask"):
        problems = draw_problems(task, count=asked, size=size, rng=np.random.default_rng([TEST, size]))
        answered = answering.answer(_tensors(problems, run.device)[0]).cpu().numpy()
        for name, value in scores(task, problems, answered).items():
            found.setdefault(name, []).append(value)
    run.save(
        sizes=np.array(sizes, dtype=np.float64),
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        rate=rate,
        **{name: np.array(values) for name, values in found.items()},
    )


class _Trial:
    """What a run that only finds a rate records: nothing."""

    def checkpoint(self, **parts: Any) -> _Trial:
        return self

    def steps(self, stop: int, label: str, /) -> range:
        return range(stop)

    def log(self, *, step: int, **values: Any) -> None:
        pass


def _train(
    recorder: Recorder,
    net: nn.Module,
    task: Task,
    validate: Callable[[], float],
    *,
    rate: float,
    steps: int,
    largest: int,
    batch: int,
    seed: int,
    device: str,
) -> None:
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, fused=True)

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([seed, step])
        problems = draw_problems(task, count=batch, size=int(rng.integers(5, largest + 1)), rng=rng)
        points, answers = _tensors(problems, device)
        return sequence_loss(net(points, answers), answers)

    train(
        recorder, net, loss, optimizer, steps=steps, every=max(1, steps // 40), clip=1.0, validate=validate,
        rate=lambda step: rate * warmup_cosine(step, steps=steps),
    )  # fmt: skip


def _validation(net: nn.Module, task: Task, largest: int, asked: int, device: str) -> Callable[[], float]:
    """Return the loss on problems of every size that is trained on, as many of each."""
    sizes = range(5, largest + 1)
    drawn = [
        _tensors(draw_problems(task, count=asked // len(sizes), size=size, rng=rng), device)
        for size, rng in ((size, np.random.default_rng([VALIDATION, size])) for size in sizes)
    ]
    return lambda: float(
        torch.stack([sequence_loss(net(points, answers), answers) for points, answers in drawn]).mean()
    )


def sequence_loss(scores: Tensor, answers: Tensor) -> Tensor:
    """Mean over problems and symbols, the first end among them, of -log p(right place | right places before) in nats.

    Args:
        scores: (B, T, N + 1) logits.
        answers: (B, T) places; N ends an answer and fills it up.
    """
    end = scores.shape[2] - 1
    counts = (answers == end).cumsum(1) <= 1  # places and the first end
    nats = F.cross_entropy(scores.mT, answers, reduction="none")  # (B, T)
    return (nats * counts).sum() / counts.sum()


def scores(task: Task, problems: Problems, answers: NDArray[np.int64]) -> dict[str, float]:
    """How good answers are, as means over problems.

    Args:
        task: "hull" or "sort".
        problems: B of them.
        answers: (B, N + 1) places; N ends an answer and fills it up.

    Returns:
        `exact`: the whole answer is right, for a hull wherever it starts. `simple`: a hull's answer is a polygon whose
        sides do not cross, or, sorting, each number stands in it once. `close`: of a hull, the mean of the answer's
        area as a part of the hull's, over simple answers, not a number where there are none; sorting, the share of
        places that hold the right number.
    """
    size = problems.points.shape[1]
    exact, simple, close = [], [], []
    for points, right, answer in zip(problems.points, problems.answers.tolist(), answers.tolist(), strict=True):
        if task == "sort":
            exact.append(answer == right)
            simple.append(sorted(set(answer[:size])) == list(range(size)))
            close.append(float(np.mean(np.array(answer[:size]) == np.array(right[:size]))))
            continue
        corners, hull = ([place for place in places if place < size] for places in (answer, right))
        exact.append(same_polygon(corners, hull))
        simple.append(is_simple(points[corners]))
        if simple[-1]:
            close.append(abs(polygon_area(points[corners])) / polygon_area(points[hull]))
    return {
        "exact": float(np.mean(exact)),
        "simple": float(np.mean(simple)),
        "close": float(np.mean(close)) if close else float("nan"),
    }


def _network(network: Network, inputs: int, width: int, hidden: int, largest: int) -> nn.Module:
    if network == "lstm":
        return PointerLSTM(inputs=inputs, width=width)
    if network == "attention":
        return AttentionLSTM(inputs=inputs, width=width, most=largest)
    if network == "fixed":
        return FixedLSTM(inputs=inputs, width=width, most=largest)
    return PointTransformer(inputs=inputs, width=width * 2 // 3 // 4 * 4, heads=4, layers=2, hidden=hidden)


def _tensors(problems: Problems, device: str) -> tuple[Tensor, Tensor]:
    return torch.from_numpy(problems.points).float().to(device), torch.from_numpy(problems.answers).to(device)
