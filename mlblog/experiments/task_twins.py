"""The control for tasks that are learned together: a partner that must help, and one that cannot know anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlblog.experiments.task_groups import (
    CODE,
    OUTPUTS,
    POINTS,
    RATES,
    SIDE,
    TEST,
    VALIDATION,
    Part,
    part_of,
    pictures,
    task_loss,
    units,
)
from mlblog.lab import Run, experiment
from mlblog.models.multi_task import MultiTaskNetwork
from mlblog.training.schedule import warmup_cosine

TRAIN = 47_100  # the seed of training pictures, less the run's
#: The partner: none; the same task with the labels of other pictures; those labels, shuffled among their pictures.
PARTNERS = ("none", "twin", "stranger")


@experiment(
    smoke={"steps": 2, "labelled": 30, "seen": 40, "width": 2, "tasks": ["kind", "place"]},
    small={"steps": 500},
    full={"steps": 5_000, "labelled": 5_000, "seen": 10_000, "width": 16},
    seeds=10,
)
def task_twins(
    run: Run,
    *,
    steps: int,
    tasks: Sequence[str] = ("kind", "colour", "place", "outline"),
    labelled: int = 1_000,
    seen: int = 2_000,
    width: int = 8,
    noise: float = 40.0,
    batch: int = 64,
    seed: int,
) -> None:
    """Train each task with few labels: alone, with as many labels more as a second task, and with these shuffled.

    Args:
        run: of the lab.
        steps: of Adam, for each network and rate.
        tasks: names of `OUTPUTS`.
        labelled: pictures with labels of the task, and as many others for its partner.
        seen: validation pictures, and as many test pictures.
        width: channels of the first convolution.
        noise: standard deviation of each channel of each pixel, in levels of 255.
        batch: pictures a step, half of them the partner's.
        seed: of training pictures, weights and order.
    """
    every = pictures(2 * labelled, noise, TRAIN + seed, run.device)
    train = part_of(every, slice(labelled))
    unit = units(train, tasks)
    validation, test = (pictures(seen, noise, number, run.device) for number in (VALIDATION, TEST))
    for task in run.progress(list(tasks), "task"):
        right = every.asked[task][labelled:]
        shuffled = right[torch.randperm(labelled, device=right.device)]
        kept = []
        for partner in PARTNERS:
            taught = {"none": None, "twin": right, "stranger": shuffled}[partner]
            fits = [
                fit(task, every, taught, (validation, test), unit, rate=rate, steps=steps, batch=batch, width=width)
                for rate in RATES
            ]
            known = np.stack(fits)[:, 0]  # (rates, points)
            rate, point = np.unravel_index(known.argmin(), known.shape)
            kept.append([*fits[rate][:, point], RATES[rate]])
        found = np.array(kept)  # (partners, validation, test, rate)
        run.save(**{f"validation {task}": found[:, 0], f"test {task}": found[:, 1], f"rate {task}": found[:, 2]})


def fit(
    task: str,
    every: Part,
    taught: Tensor | None,
    asked: tuple[Part, Part],
    unit: Mapping[str, tuple[Tensor, Tensor]],
    *,
    rate: float,
    steps: int,
    batch: int,
    width: int,
) -> NDArray[np.float64]:
    """Train on the first half of pictures, and on what a partner is taught of the second; losses, (2, POINTS)."""
    heads = {"own": OUTPUTS[task]} if taught is None else {"own": OUTPUTS[task], "partner": OUTPUTS[task]}
    net = MultiTaskNetwork(heads, channels=(width, 2 * width), side=SIDE, code=CODE).to(every.images.device)
    optimizer = torch.optim.Adam(net.parameters(), lr=rate)
    half = len(every.images) // 2
    curve: list[list[float]] = []
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = rate * warmup_cosine(step, steps=steps)
        rows, others = torch.randint(half, (2, batch // 2), device=every.images.device)
        loss = task_loss(task, net(every.images[rows])["own"], every.asked[task][rows], unit).mean()
        if taught is not None:
            said = net(every.images[half + others])["partner"]
            loss = loss + task_loss(task, said, taught[others], unit).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        optimizer.step()
        if (step + 1) * POINTS // steps > step * POINTS // steps:
            with torch.inference_mode():
                curve.append([task_loss(task, net(part.images)["own"], part.asked[task], unit).mean().item()
                              for part in asked])  # fmt: skip
    return np.array(curve).T
