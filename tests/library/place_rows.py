"""The rows for what tells a network of places, and for what lets it decide how long it thinks."""

from __future__ import annotations

import numpy as np
import torch
from table import Row
from torch import Tensor, nn

from mlblog.models import placed, ponder, positions, universal

_generator = torch.Generator().manual_seed(11)
FIVE = torch.arange(5)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


TOKENS = torch.randint(9, (4, 5), generator=_generator)


class _AtFive(nn.Module):
    """A module whose last input is places, with the first five."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, *inputs: Tensor) -> Tensor:
        found: Tensor = self.module(*inputs, FIVE)
        return found


class _First(nn.Module):
    """A module of whose results the first is asked: a state, or logits."""

    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: Tensor) -> Tensor:
        found: Tensor = self.module(x)[0]
        return found


def by_hand(halts: np.ndarray) -> np.ndarray:
    """N + R of each problem, step by step."""
    found = np.empty(halts.shape[:-1])
    for at in np.ndindex(*found.shape):
        left = [1.0]
        for halt in halts[at][:-1]:
            if left[-1] - halt <= 0.01:
                break
            left.append(left[-1] - halt)
        found[at] = len(left) + left[-1]
    return found


HALTS = torch.tensor([[0.25, 0.5, 0.125, 0.5], [0.75, 0.5, 0.5, 0.5], [1.0, 0.25, 0.0, 0.5], [0.25, 0.0, 0.5, 0.5]])


PLACES = [
    Row("models.ponder.halting_weights", lambda: lambda h: ponder.halting_weights(h).weights, (HALTS.double(),),
        leading=True),
    Row("models.ponder.ponder_cost", lambda: lambda h: ponder.ponder_cost(ponder.halting_weights(h)),
        (HALTS.double(),), lambda _: lambda h: torch.as_tensor(by_hand(h.detach().numpy())), leading=True),
    Row("models.ponder.ACTCell", lambda: _First(ponder.ACTCell(3, 5, most=1)), (numbers(4, 3),)),
    Row("models.positions.rotate_by_place", lambda: positions.rotate_by_place, (numbers(4, 5, 6),), leading=True),
    Row("models.positions.LearnedPositions", lambda: positions.LearnedPositions(9, 6), (numbers(4, 5, 6),),
        leading=True),
    Row("models.positions.SinusoidalPositions", lambda: positions.SinusoidalPositions(9, 6), (numbers(4, 5, 6),),
        leading=True),
    Row("models.placed.dot_scores", lambda: lambda q, k: placed.dot_scores(q, k, FIVE),
        (numbers(4, 3, 5, 6), numbers(4, 3, 5, 6)),
        lambda _: lambda q, k: torch.einsum("...tk,...sk->...ts", q, k) / 6**0.5, batch=(0, 0), leading=True),
    Row("models.placed.rotary_scores", lambda: lambda q, k: placed.rotary_scores(q, k, FIVE),
        (numbers(4, 3, 5, 6), numbers(4, 3, 5, 6)), batch=(0, 0), leading=True),
    Row("models.placed.BiasedScores", lambda: _AtFive(placed.BiasedScores(3, 2)),
        (numbers(4, 3, 5, 6), numbers(4, 3, 5, 6)), batch=(0, 0), leading=True),
    Row("models.placed.PlacedBlock", lambda: _AtFive(placed.PlacedBlock(6, 2, 9, placed.dot_scores)),
        (numbers(4, 5, 6),), leading=True),
    Row("models.universal.UniversalTransformer",
        lambda: _First(universal.UniversalTransformer(9, 7, width=6, heads=2, hidden=8, most=2, adaptive=False)),
        (TOKENS,), leading=True),
    Row("models.placed.PlacedEncoder",
        lambda: placed.PlacedEncoder(9, 7, width=6, heads=2, hidden=8, layers=2), (TOKENS,), leading=True),
]  # fmt: skip
