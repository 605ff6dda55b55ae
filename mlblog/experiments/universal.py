"""Binary addition with carries from far: one block used several times, several blocks, and places that decide."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from mlblog.data.sums import BASE, NOTHING, START, Sums, draw_sums
from mlblog.lab import Run, experiment
from mlblog.models.placed import BiasedScores, dot_scores
from mlblog.models.ponder import ponder_cost
from mlblog.models.universal import UniversalTransformer
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import train

TEST, VALIDATION = 9_999, 9_998  # in place of a seed: all networks are asked the same sums
RATES = (1e-3, 3e-3, 1e-2)
SHORTEST, HEADS, REACH = 3, 4, 4
LONGER = 2  # times as many steps with sinusoids
SMOKE = {"longest": 4, "asked": 8, "batch": 8, "width": 16, "most": 2}


class Arm(NamedTuple):
    """What one network is.

    Attributes:
        tied: whether its steps share a block.
        price: of a step, in nats a place, where places decide how many they take; None: all take the same number.
        narrow: whether it is made so narrow that its weights are as many as those of a shared block.
        places: how it knows positions: a learned bias for each distance, sinusoids added at each step, or these
            sinusoids with all sums of training at the first places.
    """

    tied: bool
    price: float | None = None
    narrow: bool = False
    places: str = "bias"


ARMS = {
    "one block": Arm(tied=True),
    "deciding at 0.01": Arm(tied=True, price=0.01),
    "deciding at 0.001": Arm(tied=True, price=0.001),
    "several blocks": Arm(tied=False),
    "several narrow blocks": Arm(tied=False, narrow=True),
    "one block, sinusoids": Arm(tied=True, places="sinusoids"),
    "deciding at 0.01, sinusoids": Arm(tied=True, price=0.01, places="sinusoids"),
    "several blocks, sinusoids": Arm(tied=False, places="sinusoids"),
    "one block, sinusoids from 0": Arm(tied=True, places="sinusoids from 0"),
}


@experiment(smoke={"steps": 2, "farthest": 6, **SMOKE}, small={"steps": 500}, full={"steps": 5_000}, seeds=1)
def sum_rates(
    run: Run,
    *,
    steps: int,
    farthest: int = 24,
    longest: int = 8,
    asked: int = 300,
    batch: int = 64,
    width: int = 32,
    most: int = 6,
    seed: int,
) -> None:
    """Train every one of the `ARMS` shortly at each of the `RATES`, and keep the validation losses.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        farthest: digits of the longest sum that will be asked about.
        longest: digits of the longest sum of training and validation.
        asked: sums to validate on, of all lengths together.
        batch: sums in a step.
        width: D of a shared block.
        most: M, steps of a place at most; exactly, where it does not decide.
        seed: of the initial weights and the sums, apart from those of `sums_beyond`.
    """
    run.save(rates=np.array(RATES))
    for name, arm in run.progress([*ARMS.items()], "tune"):
        found = []
        for rate in RATES:
            _, curves = _trained(arm, rate=rate, steps=steps, farthest=farthest, longest=longest, asked=asked,
                                 batch=batch, width=width, most=most, seed=seed + 1_000, device=run.device)  # fmt: skip
            found.append(curves.values("validation").min())
        run.save(**{f"validation {name}": np.array(found), f"rate {name}": RATES[int(np.argmin(found))]})


@experiment(
    smoke={"steps": 2, "sizes": [4, 6], **SMOKE},
    small={"steps": 800, "sizes": [4, 6, 8, 10, 12, 16, 24]},
    full={"steps": 10_000, "sizes": [8, 16, 40, 100, 400], "longest": 40},
    seeds=4,
    reads=["sum_rates"],
)
def sums_beyond(
    run: Run,
    *,
    steps: int,
    sizes: list[int],
    longest: int = 8,
    asked: int = 300,
    batch: int = 64,
    width: int = 32,
    most: int = 6,
    seed: int,
) -> None:
    """Train every one of the `ARMS` on sums of 3 to `longest` digits, and ask it about sums of all `sizes`.

    Networks whose steps share a block are also given other numbers of steps than in training, from 1 to 2 M.

    Args:
        run: of the lab.
        steps: training steps with a bias; with sinusoids, which are learned slower, `LONGER` times as many.
        sizes: digits of the sums that are asked about.
        longest: digits of the longest sum of training.
        asked: sums of each length.
        batch: sums in a step, all of one length.
        width: D of a shared block.
        most: M, steps of a place at most; exactly, where it does not decide.
        seed: of the initial weights and the sums.
    """
    rates = sum_rates.runs(scale=run.scale)
    drawn = [draw_sums(count=asked, size=size, rng=np.random.default_rng([TEST, size])) for size in sizes]
    reaches = np.arange(1, max(sizes) + 1)
    run.save(sizes=np.array(sizes, dtype=np.float64))
    for name, arm in run.progress([*ARMS.items()], "train"):
        taught = steps if arm.places == "bias" else LONGER * steps
        net, curves = _trained(arm, rate=float(rates.mean(f"rate {name}")), steps=taught, farthest=max(sizes),
                               longest=longest, asked=asked, batch=batch, width=width, most=most, seed=seed,
                               device=run.device)  # fmt: skip
        found = [answered(net, sums, reaches) for sums in drawn]
        run.save(**{
            f"right {name}": np.array([right.mean() for right, _, _ in found]),
            f"steps {name}": np.array([taken.mean() for _, taken, _ in found]),
            f"right by reach {name}": np.array([table[0] for _, _, table in found]),
            f"steps by reach {name}": np.array([table[1] for _, _, table in found]),
            f"validation {name}": curves.values("validation"),
            f"validated {name}": curves.steps_of("validation"),
            f"weights {name}": sum(weight.numel() for weight in net.parameters()),
        })  # fmt: skip
        if arm.tied and arm.price is None:
            given = [[answered(net, sums, reaches, most=n) for sums in drawn] for n in range(1, 2 * most + 1)]
            run.save(**{
                f"right by steps {name}": np.array([[right.mean() for right, _, _ in row] for row in given]),
                f"right by steps and reach {name}": np.array([[table[0] for _, _, table in row] for row in given]),
            })  # fmt: skip


@torch.inference_mode()
def answered(
    net: UniversalTransformer, sums: Sums, reaches: NDArray[np.int64], most: int | None = None
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Which places (B, N) are right, their steps (B, N), and means of both by reach, (2, reaches); -1 where none is."""
    tokens, answers = _tensors(sums, net)
    logits, halting = net(tokens, most=most)
    right = (logits.argmax(-1) == answers)[:, 1:].double().cpu().numpy()
    taken = halting.steps[:, 1:].double().cpu().numpy()
    table = np.full((2, len(reaches)), -1.0)
    for i, reach in enumerate(reaches):
        here = sums.reach[:, 1:] == reach
        if here.any():
            table[:, i] = right[here].mean(), taken[here].mean()
    return right, taken, table


def network(arm: Arm, width: int, most: int) -> UniversalTransformer:
    """One of the `ARMS`; a narrow one has the greatest width at which it has no more weights than a shared block."""
    bias = arm.places == "bias"

    def made(width: int, tied: bool) -> UniversalTransformer:
        return UniversalTransformer(
            START + 1, BASE, width=width, heads=HEADS, hidden=2 * width, most=most, tied=tied,
            adaptive=arm.price is not None, places=not bias,
            scores=lambda: BiasedScores(HEADS, REACH) if bias else dot_scores,
        )  # fmt: skip

    if not arm.narrow:
        return made(width, arm.tied)
    limit = _weights(made(width, tied=True))
    fitting = [one for one in range(HEADS, width, HEADS) if _weights(made(one, arm.tied)) <= limit]
    return made(fitting[-1], arm.tied)


def _weights(net: UniversalTransformer) -> int:
    return sum(weight.numel() for weight in net.parameters())


def _trained(
    arm: Arm,
    *,
    rate: float,
    steps: int,
    farthest: int,
    longest: int,
    asked: int,
    batch: int,
    width: int,
    most: int,
    seed: int,
    device: str,
) -> tuple[UniversalTransformer, Curves]:
    torch.manual_seed(seed)
    net = network(arm, width, most).to(device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=rate, fused=True)
    free = farthest - longest if arm.places == "sinusoids" else 0  # where a sum of training may begin

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([seed, step])
        size, start = int(rng.integers(SHORTEST, longest + 1)), int(rng.integers(free + 1))
        nats, cost = _losses(net, draw_sums(count=batch, size=size, rng=rng), start)
        return nats + (arm.price or 0.0) * cost

    known = [
        draw_sums(count=asked // 3 + 1, size=size, rng=np.random.default_rng([VALIDATION, size]))
        for size in {longest, (longest + SHORTEST) // 2, SHORTEST}
    ]
    curves = Curves()
    train(
        curves, net, loss, optimizer, steps=steps, every=max(1, steps // 10), clip=1.0,
        validate=lambda: float(np.mean([_losses(net, sums, 0)[0].item() for sums in known])),
        rate=lambda step: rate * warmup_cosine(step, steps=steps),
    )  # fmt: skip
    return net, curves


def _losses(net: UniversalTransformer, sums: Sums, start: int) -> tuple[Tensor, Tensor]:
    """Means over places at which something is asked: of the loss in nats, and of N + R."""
    tokens, answers = _tensors(sums, net)
    logits, halting = net(tokens, start)
    nats = F.cross_entropy(logits.flatten(0, 1), answers.flatten(), ignore_index=NOTHING)
    return nats, ponder_cost(halting)[:, 1:].mean()


def _tensors(sums: Sums, net: UniversalTransformer) -> tuple[Tensor, Tensor]:
    device = net.embedding.weight.device
    return torch.from_numpy(sums.tokens).to(device), torch.from_numpy(sums.answers).to(device)
