"""Parity with cells that take a fixed number of steps, and with cells that decide how many they take."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mlblog.data.parity import Parity, draw_parity
from mlblog.experiments.gan import step_apart
from mlblog.lab import Run, experiment
from mlblog.models.ponder import ACTCell, Halting, drawn_weight, ponder_cost
from mlblog.training.schedule import warmup_cosine

TEST, VALIDATION, TRAINING = 9_999, 9_998, 100_000  # seeds of the parts; that of a training is TRAINING + seed
FIXED = (1, 2, 3, 6)  # steps of the plain cells
PRICES = (0.1, 0.01, 0.001)  # of a step, in nats, for those that decide
RATES = (1e-2, 3e-2, 1e-1)


class Setting(NamedTuple):
    """What one cell is trained with: a number of steps, or 0 and the price of one."""

    fixed: int
    price: float
    rate: float


SETTINGS = tuple(
    Setting(*arm, rate)
    for arm in (*((fixed, 0.0) for fixed in FIXED), *((0, price) for price in PRICES))
    for rate in RATES
)


@experiment(
    smoke={"steps": 3, "size": 3, "asked": 40, "batch": 8, "width": 4},
    small={"steps": 2_000},
    full={"steps": 100_000, "size": 64, "most": 20, "width": 128, "batch": 128},
    seeds=5,
)
def adaptive_parity(
    run: Run,
    *,
    steps: int,
    size: int = 8,
    most: int = 6,
    width: int = 6,
    batch: int = 64,
    asked: int = 4_000,
    seed: int,
) -> None:
    """Train a cell for each of `SETTINGS` side by side on the parity of up to `size` entries.

    All cells of a seed start from the same weights and see the same vectors.

    Args:
        run: of the lab.
        steps: of training.
        size: n, the most entries of a vector.
        most: M, the most steps that a cell may take, at least those of `FIXED`.
        width: D of the state.
        batch: vectors in a step.
        asked: vectors of the validation and of the test set.
        seed: of the weights and the vectors.
    """
    torch.manual_seed(seed)
    net = Readers(size, width, most).to(run.device)
    rates, prices = (
        torch.tensor(values, device=run.device)
        for values in ([each.rate for each in SETTINGS], [each.price for each in SETTINGS])
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1.0)
    checkpoint = run.checkpoint(net=net, optimizer=optimizer)
    known = _drawn(asked, size, VALIDATION, run.device)
    every = max(1, steps // 10)
    for step in checkpoint.steps(steps, "train"):
        drawn = _drawn(batch, size, (TRAINING + seed) * 10_000_000 + step, run.device)
        logits, halting = net(drawn.inputs)
        nats = parity_nats(logits, drawn.odd).mean(-1) + prices * ponder_cost(halting).mean(-1)
        optimizer.zero_grad()
        nats.sum().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        step_apart(optimizer, rates * warmup_cosine(step, steps=steps, warmup=0.02))
        if (step + 1) % every == 0 or step == steps - 1:
            with torch.inference_mode():
                found = parity_nats(net(known.inputs)[0], known.odd).mean(-1)
            run.log(step=step + 1, **{f"validation {i}": float(mean) for i, mean in enumerate(found)})
    with torch.inference_mode():
        tested = _drawn(asked, size, TEST, run.device)
        logits, halting = net(tested.inputs)
        wrong = ((logits > 0) != tested.odd.bool()).double()  # (S, B)
        of_count = [tested.counts == count for count in range(1, size + 1)]
        run.save(
            validation=_table(parity_nats(net(known.inputs)[0], known.odd).mean(-1)),
            errors=_table(wrong.mean(-1)),
            steps=_table(halting.steps.mean(-1)),
            errors_by_count=_table(torch.stack([wrong[:, here].mean(-1) for here in of_count], dim=-1)),
            steps_by_count=_table(torch.stack([halting.steps[:, here].mean(-1) for here in of_count], dim=-1)),
        )


class Readers(nn.Module):
    """A cell for each of `SETTINGS`, with a linear map from its state to the logit of an odd parity."""

    planted: Tensor

    def __init__(self, size: int, width: int, most: int) -> None:
        super().__init__()
        copies = (len(SETTINGS),)
        self.cell, self.out = ACTCell(size, width, most=most, copies=copies), drawn_weight(copies, width, 1)
        with torch.no_grad():
            for weight in self.parameters():
                weight.copy_(weight[:1].expand_as(weight).clone())
        planted = torch.full((*copies, most), torch.nan)
        for i, setting in enumerate(SETTINGS):
            if setting.fixed:
                planted[i] = F.one_hot(torch.tensor(setting.fixed - 1), most)
        self.register_buffer("planted", planted)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Halting]:
        """Logits of all settings for vectors (B, n), (S, B), and how they halted."""
        state, halting = self.cell(inputs.expand(len(SETTINGS), -1, -1), planted=self.planted)
        return (state @ self.out)[..., 0], halting


def parity_nats(logits: Tensor, odd: Tensor) -> Tensor:
    """-log of the probability of the right answer, in nats: (S, B) logits and (B,) answers to (S, B)."""
    return F.binary_cross_entropy_with_logits(logits, odd.expand_as(logits), reduction="none")


def _drawn(count: int, size: int, seed: int, device: str) -> Parity:
    drawn = draw_parity(count, size, generator=torch.Generator().manual_seed(seed))
    return Parity(*(part.to(device) for part in drawn))


def _table(values: Tensor) -> np.ndarray:
    """Of all settings, (S, …), by arm and rate: (arms, rates, …)."""
    return values.double().cpu().numpy().reshape(-1, len(RATES), *values.shape[1:])
