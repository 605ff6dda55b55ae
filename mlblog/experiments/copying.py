"""Copying with a neural Turing machine and with an LSTM: trained on short sequences, asked about longer ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mlblog.lab import Run, experiment
from mlblog.models.ntm import NTM
from mlblog.training.schedule import warmup_cosine

Network = Literal["ntm", "lstm"]
NETWORKS: tuple[Network, ...] = ("ntm", "lstm")
TEST, VALIDATION = 9_999, 9_998  # in place of a seed: all networks are asked the same sequences
RATES = (3e-3, 1e-2, 3e-2)
BITS = 8  # of a vector
SMOKE = {"longest": 3, "asked": 5, "batch": 4, "width": 8}


class Problems(NamedTuple):
    """Sequences of one length T.

    Attributes:
        given: (B, 2T + 2, 10): a mark, T vectors of bits, another mark, T zeros.
        right: (B, T, 8) bits.
    """

    given: Tensor
    right: Tensor


@experiment(
    smoke={"steps": 2, **SMOKE},
    small={"steps": 300},
    full={"steps": 5_000, "longest": 20, "asked": 2_000, "batch": 64, "width": 128},
    seeds=1,
)
def copying_rates(
    run: Run, *, steps: int, longest: int = 10, asked: int = 200, batch: int = 16, width: int = 64, seed: int
) -> None:
    """Train each network shortly at each of the `RATES`, and keep the validation losses: the grid of its rate.

    Args:
        run: of the lab.
        steps: training steps at each rate.
        longest: as in `copying`; so are the others.
        asked: sequences to validate on.
        batch: sequences in a step.
        width: of the networks.
        seed: of the initial weights and the sequences.
    """
    run.save(rates=np.array(RATES))
    for network in run.progress(NETWORKS, "tune"):
        found = np.zeros(len(RATES))
        for at, rate in enumerate(RATES):
            net = build(network, width, seed).to(run.device)
            for _ in _trained(net, rate, steps, longest, batch, seed, run.device):
                pass
            found[at] = _validated(net, longest, asked, run.device)
        run.save(**{f"validation_{network}": found, f"rate_{network}": RATES[int(np.argmin(found))]})


@experiment(
    smoke={"steps": 4, "lengths": [2, 5], **SMOKE},
    small={"steps": 600, "lengths": [1, 2, 3, 5, 7, 10, 12, 15, 20, 30, 40, 60]},
    full={
        "steps": 30_000, "lengths": [5, 10, 20, 40, 80, 120, 200], "longest": 20, "asked": 2_000, "batch": 64,
        "width": 128,
    },
    seeds=3,
    variants=({"network": "lstm"},),
    reads=["copying_rates"],
)  # fmt: skip
def copying(
    run: Run,
    *,
    steps: int,
    lengths: list[int],
    longest: int = 10,
    asked: int = 200,
    batch: int = 16,
    width: int = 64,
    network: Network = "ntm",
    seed: int,
) -> None:
    """Train a network on sequences of 1 to `longest` vectors, new ones at each step, and ask it about all `lengths`.

    Args:
        run: of the lab.
        steps: training steps.
        lengths: of the sequences that it is asked about.
        longest: the longest that it is trained on.
        asked: sequences of each length.
        batch: sequences in a step, all of one length.
        width: of the machine's controller, and half of the LSTM's units.
        network: which.
        seed: of the initial weights and the sequences.
    """
    rate = float(copying_rates.runs(scale=run.scale).mean(f"rate_{network}"))
    net = build(network, width, seed).to(run.device)
    for step in run.progress(_trained(net, rate, steps, longest, batch, seed, run.device), "train", total=steps):
        if (step + 1) % max(1, steps // 30) == 0:
            run.log(step=step, validation=_validated(net, longest, asked, run.device))
    exact, bits = np.zeros((2, len(lengths)))
    for at, length in enumerate(run.progress(lengths, "ask")):
        problems = draw(asked, length, np.random.default_rng([TEST, length]), run.device)
        right = answers(net, problems) == problems.right
        exact[at], bits[at] = float(right.flatten(1).all(1).double().mean()), float(right.double().mean())
    run.save(
        lengths=np.array(lengths, dtype=np.float64), exact=exact, bits=bits, rate=rate,
        parameters=sum(parameter.numel() for parameter in net.parameters()), **_seen(net, longest, run.device),
    )  # fmt: skip


class Copier(nn.Module):
    """The rival of the machine: an LSTM that reads what the machine reads, and has its state to keep it in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(BITS + 2, width, batch_first=True)
        self.out = nn.Linear(width, BITS)

    def forward(self, x: Tensor, places: int) -> Tensor:
        """Logits (B, T, 8) for x (B, T, 10); it has no places."""
        found: Tensor = self.out(self.lstm(x)[0])
        return found


def build(network: Network, width: int, seed: int) -> nn.Module:
    """A network, with the weights of a seed."""
    torch.manual_seed(seed)
    return NTM(inputs=BITS + 2, outputs=BITS, controller=width, width=20) if network == "ntm" else Copier(2 * width)


def draw(count: int, length: int, rng: np.random.Generator, device: str) -> Problems:
    """Sequences of a length, and what is to be answered."""
    bits = torch.from_numpy(rng.integers(2, size=(count, length, BITS))).float().to(device)
    given = bits.new_zeros(count, 2 * length + 2, BITS + 2)
    given[:, 0, BITS] = given[:, length + 1, BITS + 1] = 1
    given[:, 1 : length + 1, :BITS] = bits
    return Problems(given, bits)


def loss(net: nn.Module, problems: Problems) -> Tensor:
    """Mean nats a bit."""
    return F.binary_cross_entropy_with_logits(_copied(net, problems), problems.right)


@torch.inference_mode()
def answers(net: nn.Module, problems: Problems) -> Tensor:
    """The likelier value of each bit, (B, T, 8)."""
    return (_copied(net, problems) > 0).to(problems.right)


def _copied(net: nn.Module, problems: Problems) -> Tensor:
    """Logits of the copy, with twice the memory that it needs, and at least 32 places."""
    length = problems.right.shape[1]
    found: Tensor = net(problems.given, max(32, 2 * length))
    return found[:, -length:]


def _trained(
    net: nn.Module, rate: float, steps: int, longest: int, batch: int, seed: int, device: str
) -> Iterator[int]:
    """Train, and yield after each step."""
    optimizer = torch.optim.Adam(net.parameters(), lr=rate, fused=True)
    for step in range(steps):
        rng = np.random.default_rng([seed, step])
        value = loss(net, draw(batch, int(rng.integers(1, longest + 1)), rng, device))
        optimizer.param_groups[0]["lr"] = rate * warmup_cosine(step, steps=steps)
        optimizer.zero_grad()
        value.backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        yield step


@torch.inference_mode()
def _validated(net: nn.Module, longest: int, asked: int, device: str) -> float:
    """The mean over lengths of the loss on other sequences."""
    lengths = sorted({1, (longest + 1) // 2, longest})
    drawn = [draw(asked, length, np.random.default_rng([VALIDATION, length]), device) for length in lengths]
    return float(torch.stack([loss(net, problems) for problems in drawn]).mean())


@torch.inference_mode()
def _seen(net: nn.Module, longest: int, device: str) -> dict[str, NDArray[np.float32]]:
    """Where the heads are while one sequence twice as long as any in training is copied: (steps, places)."""
    if not isinstance(net, NTM):
        return {}
    length = 2 * longest
    problems = draw(1, length, np.random.default_rng([TEST, 0]), device)
    state, reading, writing = net.start(1, max(32, 2 * length)), [], []
    for x in problems.given.unbind(1):
        _, state = net.step(x, state)
        reading.append(state.reading[0])
        writing.append(state.writing[0])
    return {"reading": torch.stack(reading).cpu().numpy(), "writing": torch.stack(writing).cpu().numpy()}
