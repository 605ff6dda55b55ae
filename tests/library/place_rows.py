"""The rows for what tells a network of places."""

from __future__ import annotations

import torch
from table import Row
from torch import Tensor, nn

from mlblog.models import placed, positions

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


PLACES = [
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
    Row("models.placed.PlacedEncoder",
        lambda: placed.PlacedEncoder(9, 7, width=6, heads=2, hidden=8, layers=2), (TOKENS,), leading=True),
]  # fmt: skip
