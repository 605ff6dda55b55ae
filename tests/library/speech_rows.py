"""The rows for networks that hear."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from table import Row
from torch import Tensor, nn

from mlblog.models import hubert

_generator = torch.Generator().manual_seed(15)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


class _Hidden(nn.Module):
    """A network that is told which frames are hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.net = hubert.HuBERTPretrain(
            5, rate=4_000, channels=4, width=6, heads=2, hidden=8, layers=2, codeword=3, reach=1, dropout=0.0
        )

    def forward(self, sound: Tensor) -> Tensor:
        mask = (torch.arange(3) == 1).expand(len(sound), 3)
        return self.net(sound, mask)


SOUNDS, LOGITS = numbers(4, 260), numbers(4, 7, 5)
TARGETS = torch.randint(5, (4, 7), generator=_generator)
MASK = torch.rand(4, 7, generator=_generator) < 0.4


def _left_out(logits: Tensor, targets: Tensor, mask: Tensor) -> Tensor:
    """The same by torch, with targets that are to be ignored."""
    nats = F.cross_entropy(logits.movedim(-1, 1), targets.where(mask, -100), reduction="none", ignore_index=-100)
    return nats.sum(-1)


SPEECH = [
    Row("models.hubert.HuBERTPretrain", _Hidden, (SOUNDS,), slack=20),
    Row("models.hubert.WaveEncoder", lambda: hubert.WaveEncoder(4, (10, 3), (5, 2)), (SOUNDS,), slack=4),
    Row("models.hubert.codeword_logits", lambda: hubert.codeword_logits, (numbers(4, 3), numbers(5, 3)),
        lambda _: lambda x, e: 10 * F.cosine_similarity(x[:, None], e, dim=-1), batch=(0, None), slack=4),
    Row("models.hubert.masked_prediction_loss", lambda: hubert.masked_prediction_loss, (LOGITS, TARGETS, MASK),
        lambda _: _left_out, batch=(0, 0, 0), leading=True, slack=4),
]  # fmt: skip
