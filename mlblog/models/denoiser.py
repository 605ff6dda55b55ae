"""A network that says what noise is in a point, given how much there is and, perhaps, what the point shows.

Dimensions: B batch, D features, H hidden units, C classes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

_WAVES = 16


class Denoiser(nn.Module):
    """Residual layers on the point, each told the level of noise and the class.

    Args:
        features: D.
        hidden: H.
        layers: how many.
        classes: C; there is one more, C, for no class.

    Example:
        >>> net = Denoiser(features=2, hidden=8, layers=2, classes=3)
        >>> net(torch.zeros(5, 2), torch.tensor(0.5), torch.full((5,), net.no_class)).shape
        torch.Size([5, 2])

    References:
        [ho2020denoising], section 3.2; [ho2022classifier], section 3.2, for the class that stands for no class.
    """

    def __init__(self, *, features: int, hidden: int, layers: int, classes: int = 0) -> None:
        super().__init__()
        self.no_class = classes
        self.first = nn.Linear(features, hidden)
        self.level = nn.Linear(2 * _WAVES, hidden)
        self.classes = nn.Embedding(classes + 1, hidden)
        self.layers = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(layers))
        self.last = nn.Linear(hidden, features)

    def forward(self, x: Tensor, level: Tensor, labels: Tensor | None = None) -> Tensor:
        """The noise in points.

        Args:
            x: (B, D).
            level: the share of variance that is kept, a scalar or a column of B.
            labels: (B,) classes; none if None.

        Returns:
            (B, D).
        """
        if labels is None:
            labels = torch.full((len(x),), self.no_class, device=x.device)
        # the angle whose cosine is √a, in 0 to π / 2, by waves of it
        angle = level.to(x).sqrt().clamp(max=1).acos().expand(len(x), 1)
        turns = angle * torch.arange(1, _WAVES + 1, device=x.device) * (2 / math.pi)
        told = self.level(torch.cat((turns.sin(), turns.cos()), dim=-1)) + self.classes(labels)
        h: Tensor = self.first(x)
        for layer in self.layers:
            h = h + layer(nn.functional.silu(h + told))
        made: Tensor = self.last(nn.functional.silu(h))
        return made
