"""Layers that add to what is there, and layers that replace it [he2016deep].

Dimensions: D width, H hidden units.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn


class Branch(nn.Module):
    """What a layer computes: f(x) = s W₂ relu(W₁ x).

    Args:
        width: D.
        hidden: H.
        rule: of the first weights: "torch", uniform up to 1 / √inputs as `nn.Linear` has it, or "he", normal with
            variance 1 / D for W₁, whose input is not halved by a ReLU, and 2 / H for W₂, whose input is.
        scale: s, which is not learned.

    Example:
        >>> Branch(4, 6, rule="he")(torch.ones(2, 4)).shape
        torch.Size([2, 4])

    References:
        [he2015delving], eq. 10, for the rule.
    """

    def __init__(self, width: int, hidden: int, *, rule: Literal["torch", "he"] = "he", scale: float = 1.0) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(width, hidden, bias=False), nn.Linear(hidden, width, bias=False)
        self.scale = scale
        if rule == "he":
            nn.init.normal_(self.first.weight, std=width**-0.5)
            nn.init.normal_(self.second.weight, std=(2 / hidden) ** 0.5)

    def forward(self, x: Tensor) -> Tensor:
        """Map x: (…, D) to (…, D)."""
        y: Tensor = self.scale * self.second(torch.relu(self.first(x)))
        return y


class Residual(nn.Module):
    """x + f(x).

    Args:
        branch: f, which keeps the shape.

    Example:
        >>> Residual(nn.Identity())(torch.ones(3)).tolist()
        [2.0, 2.0, 2.0]

    References:
        [he2016deep], eq. 1.
    """

    def __init__(self, branch: nn.Module) -> None:
        super().__init__()
        self.branch = branch

    def forward(self, x: Tensor) -> Tensor:
        """Map x: (…, D) to (…, D)."""
        y: Tensor = x + self.branch(x)
        return y


class ResidualMLP(nn.Sequential):
    """L layers x + f(x) / √L, or without the addition, or without the division.

    Args:
        width: D.
        hidden: H.
        depth: L.
        kind: "plain" for f(x), "sum" for x + f(x), "scaled" for x + f(x) / √L.
        rule: as in `Branch`.

    Example:
        >>> ResidualMLP(4, 6, 3)(torch.ones(2, 4)).shape
        torch.Size([2, 4])
    """

    def __init__(
        self,
        width: int,
        hidden: int,
        depth: int,
        *,
        kind: Literal["plain", "sum", "scaled"] = "scaled",
        rule: Literal["torch", "he"] = "he",
    ) -> None:
        scale = depth**-0.5 if kind == "scaled" else 1.0
        branches = [Branch(width, hidden, rule=rule, scale=scale) for _ in range(depth)]
        super().__init__(*(branches if kind == "plain" else map(Residual, branches)))
