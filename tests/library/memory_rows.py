"""The rows for memories beside a network."""

from __future__ import annotations

import numpy as np
import torch
from table import Row
from torch import Tensor, nn
from torch_rows import by_numpy, numbers, whole

from mlblog.models import ntm, translator

MEMORY, KEY, WEIGHTS = numbers(4, 5, 3), numbers(4, 3), numbers(4, 5).softmax(-1)
SHIFT = numbers(4, 3).softmax(-1)


def by_cosine(memory: np.ndarray, key: np.ndarray, strength: np.ndarray) -> np.ndarray:
    fits = np.einsum("bnm,bm->bn", memory, key)
    fits = fits / np.linalg.norm(memory, axis=-1) / np.linalg.norm(key, axis=-1)[:, None]
    shares = np.exp(strength[:, None] * fits)
    return shares / shares.sum(-1, keepdims=True)


def rolled(weights: np.ndarray, shift: np.ndarray) -> np.ndarray:
    return sum(np.roll(weights, j - 1, axis=-1) * shift[:, j, None] for j in range(3))


def address(memory: Tensor, previous: Tensor, key: Tensor, shift: Tensor) -> Tensor:
    strength = key.square().sum(-1)
    return ntm.addressed(memory, previous, ntm.Address(key, strength, strength.sigmoid(), shift, 1 + strength))


class _At(nn.Module):
    """A machine with a memory of seven places."""

    def __init__(self) -> None:
        super().__init__()
        self.net = ntm.NTM(inputs=3, outputs=2, controller=6, width=4)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x, 7)


class _Step(_At):
    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        y, state = self.net.step(x, self.net.start(len(x), 7))
        return y, *ntm.State(*state)


def attended(attend: translator.AdditiveAttention) -> object:
    def reference(state: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        inner = places @ attend.score.from_place.weight.T + (state @ attend.score.from_state.weight.T)[:, None]
        weights = (torch.tanh(inner) @ attend.score.score.weight[0]).softmax(-1)
        return torch.einsum("bn,bnd->bd", weights, places), weights

    return reference


MEMORIES = [
    Row("models.ntm.content_weights", lambda: ntm.content_weights, (MEMORY, KEY, numbers(4).abs()),
        by_numpy(by_cosine), batch=(0, 0, 0), slack=2),
    Row("models.ntm.shifted", lambda: ntm.shifted, (WEIGHTS, SHIFT), by_numpy(rolled), batch=(0, 0)),
    Row("models.ntm.addressed", lambda: address, (MEMORY, WEIGHTS, KEY, SHIFT), batch=(0, 0, 0, 0), slack=8),
    Row("models.ntm.NTM", _At, (numbers(4, 5, 3),), slack=8),
    Row("models.ntm.NTM.step", _Step, (numbers(4, 3),), slack=8),
    Row("models.translator.AdditiveAttention", lambda: translator.AdditiveAttention(6),
        (numbers(4, 6), numbers(4, 5, 6)), attended, batch=(0, 0)),
    *(Row("models.translator.Translator", lambda kind=kind: translator.Translator(
        symbols=5, width=6, attention=kind), (whole(5, 4, 7), whole(5, 4, 3)), batch=(0, 0)) for kind in (True, False)),
]  # fmt: skip
