"""The rows for networks of several tasks."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from table import Row
from torch import Tensor, nn

from mlblog.models import multi_task


class _Both(nn.Module):
    """The answers of two heads, beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self.net = multi_task.MultiTaskNetwork({"a": 2, "b": 3}, channels=(2, 3), side=4, code=5, hidden=4)

    def forward(self, images: Tensor) -> Tensor:
        return torch.cat(list(self.net(images).values()), dim=-1)


def _both(made: _Both) -> object:
    p = dict(made.net.named_parameters())

    def convolved(x: Tensor, layer: int) -> Tensor:
        weight = p[f"encoder.{layer}.weight"]
        columns = F.unfold(x, 3, padding=1, stride=2)  # (B, 9 channels, places)
        found = weight.flatten(1) @ columns + p[f"encoder.{layer}.bias"][:, None]
        return found.clamp(min=0).unflatten(-1, (x.shape[-1] // 2,) * 2)

    def answered(images: Tensor) -> Tensor:
        flat = convolved(convolved(images, 0), 2).flatten(1)
        code = (flat @ p["encoder.5.weight"].T + p["encoder.5.bias"]).clamp(min=0)
        said = []
        for task in "ab":
            hidden = (code @ p[f"heads.{task}.0.weight"].T + p[f"heads.{task}.0.bias"]).clamp(min=0)
            said.append(hidden @ p[f"heads.{task}.2.weight"].T + p[f"heads.{task}.2.bias"])
        return torch.cat(said, dim=-1)

    return answered


IMAGES = torch.randn(4, 3, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(47))
TASKS = [Row("models.multi_task.MultiTaskNetwork", _Both, (IMAGES,), _both, slack=2)]
