"""The rows for test-time augmentation, and for calibration."""

from __future__ import annotations

import functools

import torch
import torch.nn.functional as F
from table import Row
from torch import Tensor, nn

from mlblog.models import views
from mlblog.numerics import calibration

_generator = torch.Generator().manual_seed(17)


def numbers(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=_generator)


class _Asked(nn.Module):
    """A linear map that is asked about pictures and their mirror images."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Flatten(), nn.Linear(20, 3))

    def forward(self, x: Tensor) -> Tensor:
        return views.tta_predict(self.net, x, [lambda x: x, lambda x: x.flip(-1)])


def _asked(made: _Asked) -> object:
    return lambda x: ((made.net(x).softmax(-1) + made.net(x.flip(-1)).softmax(-1)) / 2).log()


LABELS = torch.tensor([[1, 0], [2, 2], [0, 1], [1, 1]])
SAID = numbers(3, 4, 2, 5).log_softmax(-1)
REFERENCES = {
    "mean": lambda p: p.exp().mean(0).log(),
    "geometric": lambda p: F.normalize(p.exp().prod(0) ** (1 / 3), p=1, dim=-1).log(),
    "max": lambda p: F.normalize(p.exp().max(0).values, p=1, dim=-1).log(),
}

VIEWS = [
    Row("models.views.tta_predict", _Asked, (numbers(4, 4, 5),), _asked),
    *(Row("models.views.merged", lambda mode=mode: functools.partial(views.merged, mode=mode), (SAID,),
          lambda _, mode=mode: REFERENCES[mode], batch=(1,), slack=2) for mode in views.MODES),
    Row("models.views.shifted", lambda: lambda x: views.shifted(x, down=2, right=-1), (numbers(4, 3, 5, 5),),
        lambda _: lambda x: F.pad(x, (1, 1, 2, 2))[..., :5, 2:], leading=True),
    Row("numerics.calibration.brier_score", lambda: lambda p: calibration.brier_score(p, LABELS[: len(p)]),
        (numbers(4, 2, 3).log_softmax(-1),), batch=(None,), slack=2),
    Row("numerics.calibration.tempered", lambda: lambda p: calibration.tempered(p, 1.7),
        (numbers(4, 2, 3).log_softmax(-1),), lambda _: lambda p: F.normalize(p.exp() ** (1 / 1.7), p=1, dim=-1).log(),
        leading=True, slack=2),
    Row("numerics.calibration.reliability_bins",
        lambda: lambda p: calibration.reliability_bins(p, LABELS[:, 0], bins=2).confidence.to(p.dtype),
        (numbers(4, 3).log_softmax(-1),), lambda _: lambda p: p.exp().amax(-1).sort().values.view(2, 2).mean(-1),
        batch=(None,), slack=2),
]  # fmt: skip
