"""Which tasks to learn together: a network for every set of tasks on pictures of shapes, at several sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mlblog.classical.transfer_affinity import winning_shares
from mlblog.data.shapes import COLOURS, KINDS, make_shapes
from mlblog.lab import Run, experiment
from mlblog.models.multi_task import MultiTaskNetwork, channels_for, encoder_cost
from mlblog.training.schedule import warmup_cosine

SIDE, CODE = 16, 24
#: What is asked of a picture, and how many numbers answer.
OUTPUTS = {"kind": len(KINDS), "colour": len(COLOURS), "place": 2, "outline": SIDE * SIDE, "area": 1}
CLASSES = ("kind", "colour")
RATES = (3e-3, 1e-2, 3e-2)
POINTS = 5  # of a learning curve; the network as it is at the best of them is kept
TRAIN, VALIDATION, TEST = 47_000, 48_001, 48_002  # seeds of pictures; of training ones the run's is added
UNTRAINED = "untrained"  # a source of features
SHOWN = 8  # pictures whose outlines are kept


class Planned(NamedTuple):
    """A network: its tasks, and the cost of its encoder over that of the standard one."""

    tasks: tuple[str, ...]
    size: float


class Part(NamedTuple):
    """Pictures (n, 3, S, S) in -1 to 1, and what is asked of them: classes (n,), numbers (n, outputs)."""

    images: Tensor
    asked: dict[str, Tensor]


class Fitted(NamedTuple):
    """A trained network, validation losses (POINTS, tasks), at which of POINTS it was best, and its learning rate."""

    net: MultiTaskNetwork
    curve: NDArray[np.float64]
    point: int
    rate: float

    @property
    def validation(self) -> NDArray[np.float64]:
        """The loss of each task where it was best."""
        found: NDArray[np.float64] = self.curve[self.point]
        return found


def planned(tasks: Sequence[str]) -> list[Planned]:
    """Every set at the standard size and at half of it; single tasks at 1 / 2 to 1 / T; all tasks at larger ones."""
    sets = [some for count in range(1, len(tasks) + 1) for some in combinations(tasks, count)]
    alone = [Planned((task,), 1 / parts) for parts in range(3, len(tasks) + 1) for task in tasks]
    larger = [Planned(tuple(tasks), size) for size in (2.0, 4.0)]
    return [Planned(some, size) for size in (1.0, 0.5) for some in sets] + alone + larger


@experiment(
    smoke={"steps": 2, "known": 60, "few": 20, "seen": 40, "width": 2, "tasks": ["kind", "place"]},
    small={"steps": 500},
    full={
        "steps": 5_000,
        "known": 20_000,
        "seen": 10_000,
        "width": 16,
        "tasks": ["kind", "colour", "place", "outline", "area"],
    },
    seeds=5,
    variants=({"weighing": "alone"},),
)
def task_groups(
    run: Run,
    *,
    steps: int,
    tasks: Sequence[str] = ("kind", "colour", "place", "outline"),
    known: int = 2_000,
    few: int = 200,
    seen: int = 2_000,
    width: int = 8,
    noise: float = 40.0,
    batch: int = 64,
    weighing: str = "even",
    seed: int,
) -> None:
    """Train every network at each rate; then read every task from the features of every other.

    Args:
        run: of the lab.
        steps: of Adam, for each network and rate.
        tasks: names of `OUTPUTS`.
        known: training pictures.
        few: further ones, to learn from the features of networks trained for one task.
        seen: validation pictures, and as many test pictures.
        width: channels of the standard network's first convolution.
        noise: standard deviation of each channel of each pixel, in levels of 255.
        batch: pictures a step.
        weighing: "even", or "alone": each task is divided by the validation loss of the network that learns it alone.
        seed: of training pictures, weights and order.
    """
    own = pictures(known + few, noise, TRAIN + seed, run.device)
    train, rest = part_of(own, slice(known)), part_of(own, slice(known, None))
    unit = units(train, tasks)
    validation, test = (pictures(seen, noise, number, run.device) for number in (VALIDATION, TEST))
    plan = planned(tasks)
    weights = dict.fromkeys(tasks, 1.0)
    trained: list[Fitted] = []
    for number, (some, size) in run.progress(list(enumerate(plan)), "network"):
        channels = channels_for(size * encoder_cost((width, 2 * width), side=SIDE, code=CODE), side=SIDE, code=CODE)
        fits = [fit(some, channels, train, validation, unit, weights, rate=rate, steps=steps, batch=batch)
                for rate in RATES]  # fmt: skip
        of = np.array([weights[task] for task in some])
        trained.append(min(fits, key=lambda one: one.validation @ of))
        if weighing == "alone" and number == len(tasks) - 1:
            weights = {task: 1 / float(one.validation[0]) for task, one in zip(tasks, trained, strict=True)}
    singles = {task: one.net for task, one in zip(tasks, trained, strict=False)}
    losses = table(tasks, plan, [scores(one.net, test, unit) for one in trained])
    run.save(
        validation=table(tasks, plan, [one.validation for one in trained]),
        test=losses,
        curves=np.stack([one.curve.sum(1) for one in trained]),
        points=np.array([one.point for one in trained]),
        rates=np.array([one.rate for one in trained]),
        sizes=np.array([encoder_cost(shape_of(one.net), side=SIDE, code=CODE) for one in trained])
        / encoder_cost((width, 2 * width), side=SIDE, code=CODE),
        together=float((losses[2 ** len(tasks) - 2] / losses[: len(tasks)].diagonal()).mean()),
    )  # fmt: skip
    sources = {**singles, UNTRAINED: network(tasks[:1], (width, 2 * width)).to(run.device)}
    for task in tasks:
        read = [readout(net, task, rest, validation, test, unit, steps=steps // 2 + 1) for net in sources.values()]
        run.save(**{f"read {task}": np.array([found.mean() for found in read]),
                    f"wins {task}": winning_shares(np.stack(read)).round(5)})  # fmt: skip
    if "outline" in tasks:
        run.save(shown=outlines(plan, trained, test, train))


def pictures(n: int, noise: float, seed: int, device: str) -> Part:
    """One shape a picture, and the answer to every task."""
    made = make_shapes(n, side=SIDE, most=1, noise=noise, seed=seed)
    mask = torch.from_numpy(made.masks[:, 0])
    boxes = torch.from_numpy(made.boxes[:, 0])
    asked = {
        "kind": torch.from_numpy(made.kinds[:, 0]),
        "colour": torch.from_numpy(made.colours[:, 0]),
        "place": (boxes[:, :2] + boxes[:, 2:]) / (2 * SIDE),  # the middle of the box
        "outline": outline_of(mask).flatten(1),
        "area": mask.mean((1, 2))[:, None],
    }
    images = torch.from_numpy(made.images).movedim(-1, 1).float() / 127.5 - 1
    return Part(images.to(device), {task: right.to(device) for task, right in asked.items()})


def outline_of(masks: Tensor) -> Tensor:
    """The length of the slope of a mask, by central differences: (n, S, S) to (n, S, S)."""
    wide = F.pad(masks[:, None], (1, 1, 1, 1))[:, 0]
    return torch.hypot(wide[:, 1:-1, 2:] - wide[:, 1:-1, :-2], wide[:, 2:, 1:-1] - wide[:, :-2, 1:-1]) / 2


def part_of(part: Part, rows: slice) -> Part:
    """Some of the pictures."""
    return Part(part.images[rows], {task: right[rows] for task, right in part.asked.items()})


def units(train: Part, tasks: Sequence[str]) -> dict[str, tuple[Tensor, Tensor]]:
    """Of a task in numbers, the mean and the deviation, so that predicting the mean costs 1."""
    return {
        task: (train.asked[task].mean(0), train.asked[task].var(0).mean().sqrt())
        for task in tasks if task not in CLASSES
    }  # fmt: skip


def task_loss(task: str, said: Tensor, right: Tensor, unit: Mapping[str, tuple[Tensor, Tensor]]) -> Tensor:
    """The loss of each picture, in units of that of guessing all classes alike, or of the mean: (n,)."""
    if task in CLASSES:
        return F.cross_entropy(said, right, reduction="none") / math.log(OUTPUTS[task])
    mean, deviation = unit[task]
    return (said - (right - mean) / deviation).square().mean(-1)


def network(tasks: Sequence[str], channels: tuple[int, int]) -> MultiTaskNetwork:
    """A network with heads for some tasks."""
    return MultiTaskNetwork({task: OUTPUTS[task] for task in tasks}, channels=channels, side=SIDE, code=CODE)


def shape_of(net: MultiTaskNetwork) -> tuple[int, int]:
    """The channels of both convolutions."""
    return tuple(layer.out_channels for layer in net.encoder if isinstance(layer, nn.Conv2d))  # type: ignore[return-value]


def fit(
    tasks: Sequence[str],
    channels: tuple[int, int],
    train: Part,
    validation: Part,
    unit: Mapping[str, tuple[Tensor, Tensor]],
    weights: Mapping[str, float],
    *,
    rate: float,
    steps: int,
    batch: int,
) -> Fitted:
    """Train on the weighted sum of losses, and keep the network as it is where the validation loss is least."""
    net = network(tasks, channels).to(train.images.device)
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    curve: list[NDArray[np.float64]] = []
    states: list[dict[str, Tensor]] = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * warmup_cosine(step, steps=steps)
        rows = torch.randint(len(train.images), (batch,), device=train.images.device)
        said = net(train.images[rows])
        losses = [weights[task] * task_loss(task, said[task], train.asked[task][rows], unit).mean() for task in tasks]
        optimizer.zero_grad()
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
        if (step + 1) * POINTS // steps > step * POINTS // steps:
            curve.append(scores(net, validation, unit))
            states.append({name: value.clone() for name, value in net.state_dict().items()})
    best = int(np.argmin([found @ np.array([weights[task] for task in tasks]) for found in curve]))
    net.load_state_dict(states[best])
    return Fitted(net, np.stack(curve), best, rate)


@torch.inference_mode()
def scores(net: MultiTaskNetwork, part: Part, unit: Mapping[str, tuple[Tensor, Tensor]]) -> NDArray[np.float64]:
    """The mean loss of each task that a network solves."""
    said = net(part.images)
    return np.array([task_loss(task, some, part.asked[task], unit).mean().item() for task, some in said.items()])


def table(tasks: Sequence[str], plan: list[Planned], found: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    """The loss of each network and task, (networks, tasks), NaN for tasks that a network does not solve."""
    full = np.full((len(plan), len(tasks)), np.nan)
    for row, ((some, _), each) in enumerate(zip(plan, found, strict=True)):
        full[row, [list(tasks).index(task) for task in some]] = each
    return full


def readout(
    net: MultiTaskNetwork, task: str, few: Part, validation: Part, test: Part,
    unit: Mapping[str, tuple[Tensor, Tensor]], *, steps: int,
) -> NDArray[np.float64]:  # fmt: skip
    """Train a head on few codes of an encoder that stays as it is; the loss of each test picture."""
    with torch.no_grad():
        codes = [net.encoder(part.images) for part in (few, validation, test)]
    found = []
    for rate in RATES:
        head = network([task], (1, 1)).to(codes[0].device).heads[task]
        optimizer = torch.optim.Adam(head.parameters(), lr=rate)
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = rate * warmup_cosine(step, steps=steps)
            loss = task_loss(task, head(codes[0]), few.asked[task], unit).mean()
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
            optimizer.step()
        with torch.inference_mode():
            known = task_loss(task, head(codes[1]), validation.asked[task], unit).mean().item()
            found.append((known, task_loss(task, head(codes[2]), test.asked[task], unit).cpu().numpy()))
    return min(found, key=lambda pair: pair[0])[1]


@torch.inference_mode()
def outlines(plan: list[Planned], trained: list[Fitted], test: Part, train: Part) -> NDArray[np.uint8]:
    """The first test pictures as grey, their outlines, and those by each standard network: (2 + networks, n, S, S)."""
    mean, deviation = units(train, ["outline"])["outline"]
    rows = [test.images[:SHOWN].mean(1) / 2 + 0.5, test.asked["outline"][:SHOWN]]
    for (some, size), one in zip(plan, trained, strict=True):
        if size == 1 and "outline" in some:
            rows.append(one.net(test.images[:SHOWN])["outline"] * deviation + mean)
    grey = torch.stack([row.reshape(-1, SIDE, SIDE) for row in rows]).clamp(0, 1)
    return np.asarray((255 * grey).round().to(torch.uint8).cpu().numpy())
