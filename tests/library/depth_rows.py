"""The rows for layers that are added, undone, or computed again."""

from __future__ import annotations

import numpy as np
import scipy.special
from table import Row
from torch import Tensor, nn
from torch_rows import by_numpy, numbers

from mlblog.models import residual, reversible
from mlblog.numerics import recompute


def coupled(x: np.ndarray) -> np.ndarray:
    first, second = np.split(x, 2, axis=-1)
    first = first + np.tanh(second)
    return np.concatenate((first, second + scipy.special.expit(first)), axis=-1)


class _Again(nn.Module):
    """Layers, of which one call keeps little."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.net = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        if len(self.net) == 1:
            return recompute.checkpoint(self.net, x)
        return recompute.checkpoint_sequential([*self.net], x, segments=2)


DEPTH = [
    Row("models.residual.Branch", lambda: residual.Branch(6, 9, scale=0.5), (numbers(4, 5, 6),),
        lambda f: lambda x: 0.5 * (x @ f.first.weight.T).clamp(min=0) @ f.second.weight.T, leading=True),
    Row("models.residual.Residual", lambda: residual.Residual(nn.Tanh()), (numbers(4, 5, 6),),
        by_numpy(lambda x: x + np.tanh(x)), leading=True),
    Row("models.residual.ResidualMLP", lambda: residual.ResidualMLP(6, 9, 3), (numbers(4, 5, 6),), leading=True),
    Row("models.reversible.ReversibleBlock", lambda: reversible.ReversibleBlock(nn.Tanh(), nn.Sigmoid()),
        (numbers(4, 5, 6),), by_numpy(coupled), leading=True),
    Row("models.reversible.ReversibleSequential", lambda: reversible.ReversibleSequential(
        reversible.ReversibleBlock(residual.Branch(3, 5), residual.Branch(3, 5)) for _ in range(2)),
        (numbers(4, 5, 6),), lambda net: net.blocks, leading=True),
    Row("models.reversible.halves", lambda: reversible.halves, (numbers(4, 5, 6),), leading=True),
    Row("numerics.recompute.checkpoint", lambda: _Again(nn.Tanh()), (numbers(4, 3),), lambda again: again.net,
        leading=True),
    Row("numerics.recompute.checkpoint_sequential", lambda: _Again(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 2)),
        (numbers(4, 3),), lambda again: again.net, leading=True),
]  # fmt: skip
