"""Numbers to be put in order by cells that take a fixed number of steps, and by cells that decide."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from mlblog.data.orders import NOTHING, Orders, draw_orders
from mlblog.experiments.gan import step_apart
from mlblog.experiments.thinking import FIXED, PRICES, Setting
from mlblog.lab import Run, experiment
from mlblog.models.ponder import ACTCell, Halting, drawn_weight, ponder_cost
from mlblog.training.schedule import warmup_cosine

TEST, VALIDATION, TRAINING = 9_999, 9_998, 100_000  # seeds of the parts; that of a training is TRAINING + seed
GAPS = 4  # parts, equally large, into which vectors of one count are put by their gap
RATES = (3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1.0)
SETTINGS = tuple(
    Setting(*arm, rate)
    for arm in (*((fixed, 0.0) for fixed in FIXED), *((0, price) for price in PRICES))
    for rate in RATES
)


@experiment(
    smoke={"steps": 3, "size": 3, "asked": 60, "batch": 8, "width": 4},
    small={"steps": 2_000},
    full={"steps": 100_000, "size": 15, "most": 20, "width": 256, "batch": 128},
    seeds=5,
)
def adaptive_sorting(
    run: Run,
    *,
    steps: int,
    size: int = 5,
    most: int = 6,
    width: int = 24,
    batch: int = 64,
    asked: int = 4_000,
    seed: int,
) -> None:
    """Train a cell for each of `SETTINGS` side by side to say the rank of each number.

    All cells of a seed start from the same weights and see the same vectors. A vector is wrong if any rank is.

    Args:
        run: of the lab.
        steps: of training.
        size: n, the most numbers of a vector.
        most: M, the most steps that a cell may take, at least those of the plain ones.
        width: D of the state.
        batch: vectors in a step.
        asked: vectors of the validation and of the test set.
        seed: of the weights and the vectors.
    """
    torch.manual_seed(seed)
    known, tested = _drawn(asked, size, VALIDATION, run.device), _drawn(asked, size, TEST, run.device)
    net = Sorters(size, width, most).to(run.device)
    rates, prices = (
        torch.tensor(values, device=run.device)
        for values in ([each.rate for each in SETTINGS], [each.price for each in SETTINGS])
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1.0)
    checkpoint = run.checkpoint(net=net, optimizer=optimizer)
    every = max(1, steps // 10)
    for step in checkpoint.steps(steps, "train"):
        drawn = _drawn(batch, size, (TRAINING + seed) * 10_000_000 + step, run.device)
        logits, halting = net(drawn.inputs)
        nats = rank_nats(logits, drawn.ranks).mean(-1) + prices * ponder_cost(halting).mean(-1)
        optimizer.zero_grad()
        nats.sum().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        step_apart(optimizer, rates * warmup_cosine(step, steps=steps, warmup=0.02))
        if (step + 1) % every == 0 or step == steps - 1:
            with torch.inference_mode():
                found = rank_nats(net(known.inputs)[0], known.ranks).mean(-1)
            run.log(step=step + 1, **{f"validation {i}": float(mean) for i, mean in enumerate(found)})
    with torch.inference_mode():
        logits, halting = net(tested.inputs)
        wrong = ((logits.argmax(-1) != tested.ranks) & (tested.ranks != NOTHING)).any(-1).double()  # (S, B)
        of_count = [tested.counts == count for count in range(2, size + 1)]
        of_gap = list(by_gap(tested))
        run.save(
            validation=_table(rank_nats(net(known.inputs)[0], known.ranks).mean(-1)),
            errors=_table(wrong.mean(-1)),
            steps=_table(halting.steps.mean(-1)),
            errors_by_count=_table(torch.stack([wrong[:, here].mean(-1) for here in of_count], dim=-1)),
            steps_by_count=_table(torch.stack([halting.steps[:, here].mean(-1) for here in of_count], dim=-1)),
            errors_by_gap=_table(torch.stack([wrong[:, here].mean(-1) for here in of_gap], dim=-1)),
            steps_by_gap=_table(torch.stack([halting.steps[:, here].mean(-1) for here in of_gap], dim=-1)),
        )


class Sorters(nn.Module):
    """A cell for each of `SETTINGS`, with a linear map from its state to scores of the ranks of each number."""

    planted: Tensor

    def __init__(self, size: int, width: int, most: int) -> None:
        super().__init__()
        copies = (len(SETTINGS),)
        self.size, self.cell = size, ACTCell(2 * size, width, most=most, copies=copies)
        self.out = drawn_weight(copies, width, size * size)
        with torch.no_grad():
            for weight in self.parameters():
                weight.copy_(weight[:1].expand_as(weight).clone())
        planted = torch.full((*copies, most), torch.nan)
        for i, setting in enumerate(SETTINGS):
            if setting.fixed:
                planted[i] = F.one_hot(torch.tensor(setting.fixed - 1), most)
        self.register_buffer("planted", planted)

    def forward(self, inputs: Tensor) -> tuple[Tensor, Halting]:
        """Logits of all settings for vectors (B, 2 n), (S, B, n, n), the ranks last, and how they halted."""
        state, halting = self.cell(inputs.expand(len(SETTINGS), -1, -1), planted=self.planted)
        return (state @ self.out).unflatten(-1, (self.size, self.size)), halting


def rank_nats(logits: Tensor, ranks: Tensor) -> Tensor:
    """-log of the probability of the right rank, in nats, the mean over numbers: (S, B, n, n) and (B, n) to (S, B)."""
    answers = ranks.expand(logits.shape[:-1])
    nats = F.cross_entropy(logits.movedim(-1, 1), answers, ignore_index=NOTHING, reduction="none")
    return nats.sum(-1) / (ranks != NOTHING).sum(-1)


def by_gap(orders: Orders) -> Tensor:
    """Which vectors are in which part by their gap, from the widest, (`GAPS`, B): as many of each count in each."""
    part = torch.empty_like(orders.counts)
    for count in range(2, orders.ranks.shape[1] + 1):
        here = (orders.counts == count).nonzero()[:, 0]
        place = orders.gaps[here].argsort(descending=True).argsort()
        part[here] = place * GAPS // len(here)
    return part == torch.arange(GAPS, device=part.device)[:, None]


def _drawn(count: int, size: int, seed: int, device: str) -> Orders:
    drawn = draw_orders(count, size, generator=torch.Generator().manual_seed(seed))
    return Orders(*(part.to(device) for part in drawn))


def _table(values: Tensor) -> NDArray[np.float64]:
    """Of all settings, (S, …), by arm and rate: (arms, rates, …)."""
    return values.double().cpu().numpy().reshape(-1, len(RATES), *values.shape[1:])
