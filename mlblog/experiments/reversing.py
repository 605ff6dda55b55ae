"""Reversing sequences with attention and through one vector: trained on short ones, asked about longer ones."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from mlblog.lab import Run, experiment
from mlblog.models.translator import Translator
from mlblog.training.curves import Curves
from mlblog.training.schedule import warmup_cosine
from mlblog.training.trainer import Recorder, train

Network = Literal["attention", "vector"]
ARMS: tuple[tuple[Network, int], ...] = (
    ("attention", 16), ("attention", 64),
    ("vector", 8), ("vector", 16), ("vector", 32), ("vector", 64), ("vector", 128),
)  # fmt: skip
TEST, VALIDATION = 9_999, 9_998  # in place of a seed: all networks are asked the same sequences
RATES = (1e-3, 3e-3, 1e-2, 3e-2, 1e-1)
SYMBOLS = 8  # kinds: three bits each
NEAR = 3  # places to either side of a symbol that are told apart
SMOKE = {"longest": 3, "asked": 6, "batch": 4}
FULL = {"longest": 50, "asked": 1_000, "batch": 128}


class Problems(NamedTuple):
    """Sequences of one length.

    Attributes:
        given: (B, T) symbols, uniform and independent.
        right: (B, T), the same from the last to the first.
    """

    given: Tensor
    right: Tensor


@experiment(
    smoke={"steps": 2, **SMOKE},
    small={"steps": 400},
    full={"steps": 4_000, **FULL},
    seeds=1,
)
def reversing_rates(run: Run, *, steps: int, longest: int = 20, asked: int = 200, batch: int = 32, seed: int) -> None:
    """Train each of the `ARMS` shortly at each of the `RATES`, and keep the validation losses: the grid of its rate.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        longest: as in `reversing`; so are the others.
        asked: sequences of each length to validate on.
        batch: sequences in a step.
        seed: of the initial weights and the sequences, apart from those of `reversing`.
    """
    run.save(rates=np.array(RATES))
    for network, width in run.progress(ARMS, "tune"):
        found = []
        for rate in RATES:
            curves = Curves()
            _trained(curves, network, width, rate=rate, steps=steps, longest=longest, asked=asked, batch=batch,
                     seed=seed + 1_000, device=run.device)  # fmt: skip
            found.append(curves.values("validation").min())
        run.save(**{f"validation_{network}_{width}": np.array(found)})
        run.save(**{f"rate_{network}_{width}": RATES[int(np.argmin(found))]})


@experiment(
    smoke={"steps": 4, "lengths": [2, 5], "example": 4, **SMOKE},
    small={
        "steps": 800,
        "lengths": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 25, 30, 40],
    },
    full={"steps": 40_000, "lengths": [5, 10, 20, 30, 40, 50, 60, 80, 100], **FULL},
    seeds=5,
    variants=(
        {"width": 16}, {"network": "vector"}, {"network": "vector", "width": 8}, {"network": "vector", "width": 16},
        {"network": "vector", "width": 32}, {"network": "vector", "width": 128},
    ),
    reads=["reversing_rates"],
)  # fmt: skip
def reversing(
    run: Run,
    *,
    steps: int,
    lengths: list[int],
    longest: int = 20,
    asked: int = 200,
    batch: int = 32,
    example: int = 30,
    network: Network = "attention",
    width: int = 64,
    seed: int,
) -> None:
    """Train a network on sequences of 1 to `longest` symbols, new ones at each step, and ask it about all `lengths`.

    Args:
        run: of the lab.
        steps: training steps.
        lengths: of the sequences that it is asked about.
        longest: the longest that it is trained on.
        asked: sequences of each length.
        batch: sequences in a step, all of one length.
        example: length of one sequence of which is kept where the network looks.
        network: whether its decoder attends, or is given one vector.
        width: D; without attention, the numbers in the vector.
        seed: of the initial weights and the sequences.
    """
    rate = float(reversing_rates.runs(scale=run.scale).mean(f"rate_{network}_{width}"))
    net = _trained(run, network, width, rate=rate, steps=steps, longest=longest, asked=asked, batch=batch, seed=seed,
                   device=run.device)  # fmt: skip
    _ask(run, net, lengths, asked)
    run.save(rate=rate, parameters=sum(parameter.numel() for parameter in net.parameters()))
    if net.attend is not None:
        one = draw(1, example, np.random.default_rng([TEST, 0]), run.device).given
        run.save(
            offsets=np.array([_offsets(net, length, asked, run.device) for length in lengths]),
            example=torch.cat((one, net.answer(one, length=example))).cpu().numpy(),
            looks=net.looks(one, length=example)[0].cpu().numpy(),
        )


@experiment(
    smoke={"steps": 6, "lengths": [2, 5], **SMOKE},
    small={
        "steps": 3_200,
        "lengths": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 25, 30, 40],
    },
    full={"steps": 160_000, "lengths": [5, 10, 20, 30, 40, 50, 60, 80, 100], **FULL},
    seeds=3,
    variants=({"width": 8}, {"width": 128}),
    reads=["reversing_rates"],
)
def reversing_longer(
    run: Run,
    *,
    steps: int,
    lengths: list[int],
    longest: int = 20,
    asked: int = 200,
    batch: int = 32,
    width: int = 32,
    seed: int,
) -> None:
    """Train networks with one vector for four times as many steps: is it the vector that limits them, or the training?

    Args:
        run: of the lab.
        steps: training steps.
        lengths: as in `reversing`; so are the others.
        longest: the longest that it is trained on.
        asked: sequences of each length.
        batch: sequences in a step.
        width: numbers in the vector.
        seed: of the initial weights and the sequences.
    """
    rate = float(reversing_rates.runs(scale=run.scale).mean(f"rate_vector_{width}"))
    net = _trained(run, "vector", width, rate=rate, steps=steps, longest=longest, asked=asked, batch=batch, seed=seed,
                   device=run.device)  # fmt: skip
    _ask(run, net, lengths, asked)


def draw(count: int, length: int, rng: np.random.Generator, device: str) -> Problems:
    """Sequences of a length, and what is to be answered."""
    given = torch.from_numpy(rng.integers(SYMBOLS, size=(count, length))).to(device)
    return Problems(given, given.flip(1))


def surprise(net: Translator, problems: Problems) -> Tensor:
    """Nats of each symbol of the right answers, given those before it: (B, T)."""
    return F.cross_entropy(net(*problems).mT, problems.right, reduction="none")


@torch.inference_mode()
def bits_through(net: Translator, problems: Problems) -> float:
    """Bits of a sequence that the network can tell, the mean over sequences.

    The symbols are independent, so none tells of the next: what surprises less than log₂ 8 = 3 bits is known from what
    was read. In expectation, the decoder has at least this much information about the sequence.
    """
    length = problems.right.shape[1]
    return length * math.log2(SYMBOLS) - float(surprise(net, problems).sum(1).mean()) / math.log(2)


def _ask(run: Run, net: Translator, lengths: list[int], asked: int) -> None:
    exact, symbols, bits = np.zeros((3, len(lengths)))
    for at, length in enumerate(run.progress(lengths, "ask")):
        problems = draw(asked, length, np.random.default_rng([TEST, length]), run.device)
        right = net.answer(problems.given, length=length) == problems.right
        exact[at], symbols[at] = float(right.all(1).double().mean()), float(right.double().mean())
        bits[at] = bits_through(net, problems)
    run.save(lengths=np.array(lengths, dtype=np.float64), exact=exact, symbols=symbols, bits=bits)


def _offsets(net: Translator, length: int, asked: int, device: str) -> NDArray[np.float64]:
    """How often most of the attention is on the symbol to be written next, and on each of its neighbours.

    Returns:
        (2 `NEAR` + 1,) shares of all steps, from `NEAR` places before it to as many after it.
    """
    given = draw(asked, length, np.random.default_rng([TEST, length]), device).given
    most = net.looks(given, length=length).argmax(-1).cpu()
    off = most - torch.arange(length - 1, -1, -1)
    return np.array([float((off == by).double().mean()) for by in range(-NEAR, NEAR + 1)])


def _trained(
    recorder: Recorder,
    network: Network,
    width: int,
    *,
    rate: float,
    steps: int,
    longest: int,
    asked: int,
    batch: int,
    seed: int,
    device: str,
) -> Translator:
    torch.manual_seed(seed)
    net = Translator(symbols=SYMBOLS, width=width, attention=network == "attention").to(device)
    optimizer = torch.optim.Adam(net.parameters(), lr=rate, fused=True)

    def loss(step: int) -> Tensor:
        rng = np.random.default_rng([seed, step])
        return surprise(net, draw(batch, int(rng.integers(1, longest + 1)), rng, device)).mean()

    known = [
        draw(asked, length, np.random.default_rng([VALIDATION, length]), device)
        for length in range(longest, 0, -max(1, longest // 4))
    ]
    train(
        recorder, net, loss, optimizer, steps=steps, every=max(1, steps // 10), clip=1.0,
        validate=lambda: float(np.mean([surprise(net, problems).mean().item() for problems in known])),
        rate=lambda step: rate * warmup_cosine(step, steps=steps),
    )  # fmt: skip
    return net
