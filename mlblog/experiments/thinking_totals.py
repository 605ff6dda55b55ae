"""Running totals with cells that take a fixed number of steps a number, and with cells that decide."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mlblog.data.totals import Totals, draw_totals
from mlblog.experiments.gan import step_apart
from mlblog.experiments.thinking import RATES, SETTINGS, Readers
from mlblog.lab import Run, experiment
from mlblog.models.ponder import Halting, drawn_weight, ponder_cost
from mlblog.training.schedule import warmup_cosine

TEST, VALIDATION, TRAINING = 9_999, 9_998, 100_000  # seeds of the parts; that of a training is TRAINING + seed
MOST_CARRIES = 4  # digits in a row from which on a carry is one of the long ones


@experiment(
    smoke={"steps": 3, "size": 2, "numbers": 2, "asked": 40, "batch": 8, "width": 4},
    small={"steps": 2_000},
    full={"steps": 100_000, "size": 16, "numbers": 5, "most": 20, "width": 256, "batch": 128},
    seeds=5,
)
def adaptive_totals(
    run: Run,
    *,
    steps: int,
    size: int = 4,
    numbers: int = 3,
    most: int = 6,
    width: int = 32,
    batch: int = 64,
    asked: int = 2_000,
    seed: int,
) -> None:
    """Train a cell for each of the settings of `adaptive_parity` side by side to say the total after each number.

    All cells of a seed start from the same weights and see the same numbers. A total is wrong if any digit is.

    Args:
        run: of the lab.
        steps: of training.
        size: n, the most digits of a number.
        numbers: T, numbers in a sequence.
        most: M, the most steps that a cell may take a number, at least those of the plain ones.
        width: D of the state.
        batch: sequences in a step.
        asked: sequences of the validation and of the test set.
        seed: of the weights and the numbers.
    """
    torch.manual_seed(seed)
    known, tested = _drawn(asked, numbers, size, VALIDATION, run.device), _drawn(asked, numbers, size, TEST, run.device)
    net = Adders(size, width, most, digits=known.totals.shape[-1]).to(run.device)
    rates, prices = (
        torch.tensor(values, device=run.device)
        for values in ([each.rate for each in SETTINGS], [each.price for each in SETTINGS])
    )
    optimizer = torch.optim.Adam(net.parameters(), lr=1.0)
    checkpoint = run.checkpoint(net=net, optimizer=optimizer)
    every = max(1, steps // 10)
    for step in checkpoint.steps(steps, "train"):
        drawn = _drawn(batch, numbers, size, (TRAINING + seed) * 10_000_000 + step, run.device)
        logits, halting = net(drawn.inputs)
        nats = digit_nats(logits, drawn.totals).mean((-2, -1)) + prices * ponder_cost(halting).mean((-2, -1))
        optimizer.zero_grad()
        nats.sum().backward()  # type: ignore[no-untyped-call]  # torch gives it no types
        step_apart(optimizer, rates * warmup_cosine(step, steps=steps, warmup=0.02))
        if (step + 1) % every == 0 or step == steps - 1:
            with torch.inference_mode():
                found = digit_nats(net(known.inputs)[0], known.totals).mean((-2, -1))
            run.log(step=step + 1, **{f"validation {i}": float(mean) for i, mean in enumerate(found)})
    with torch.inference_mode():
        logits, halting = net(tested.inputs)
        wrong = ((logits > 0) != tested.totals.bool()).any(-1).double()  # (S, B, T)
        first = torch.zeros_like(tested.carries, dtype=torch.bool)
        first[:, 0] = True
        kinds = [first, *(~first & (tested.carries.clamp(max=MOST_CARRIES) == n) for n in range(MOST_CARRIES + 1))]
        run.save(
            validation=_table(digit_nats(net(known.inputs)[0], known.totals).mean((-2, -1))),
            errors=_table(wrong.mean((-2, -1))),
            steps=_table(halting.steps.mean((-2, -1))),
            errors_by_kind=_table(torch.stack([_of(wrong, here) for here in kinds], dim=-1)),
            steps_by_kind=_table(torch.stack([_of(halting.steps, here) for here in kinds], dim=-1)),
        )


class Adders(Readers):
    """A cell for each of the settings that reads a sequence, with a linear map from its state to digits."""

    def __init__(self, size: int, width: int, most: int, *, digits: int) -> None:
        super().__init__(size, width, most)
        self.out = drawn_weight((len(SETTINGS),), width, digits)
        with torch.no_grad():
            self.out.copy_(self.out[:1].expand_as(self.out).clone())

    def forward(self, inputs: Tensor) -> tuple[Tensor, Halting]:
        """Logits of all settings for sequences (B, T, n), (S, B, T, K), and how they halted at each number."""
        state, logits, halted = None, list[Tensor](), list[Halting]()
        for number in inputs.unbind(1):
            state, halting = self.cell(number.expand(len(SETTINGS), -1, -1), state, planted=self.planted)
            logits.append(state @ self.out)
            halted.append(halting)
        weights, steps, remainders = zip(*halted, strict=True)
        halting = Halting(torch.stack(weights, 2), torch.stack(steps, 2), torch.stack(remainders, 2))
        return torch.stack(logits, 2), halting


def digit_nats(logits: Tensor, totals: Tensor) -> Tensor:
    """-log of the probability of the right digits, in nats: (S, B, T, K) and (B, T, K) to (S, B, T)."""
    return F.binary_cross_entropy_with_logits(logits, totals.expand_as(logits), reduction="none").sum(-1)


def _of(values: Tensor, here: Tensor) -> Tensor:
    """Means of (S, B, T) where (B, T) is true, (S,); -1 if nowhere."""
    return values[:, here].double().mean(-1).nan_to_num(-1.0)


def _drawn(count: int, numbers: int, size: int, seed: int, device: str) -> Totals:
    drawn = draw_totals(count, numbers, size, generator=torch.Generator().manual_seed(seed))
    return Totals(*(part.to(device) for part in drawn))


def _table(values: Tensor) -> np.ndarray:
    """Of all settings, (S, …), by arm and rate: (arms, rates, …)."""
    return values.double().cpu().numpy().reshape(-1, len(RATES), *values.shape[1:])
