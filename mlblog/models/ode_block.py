"""A layer that is the solution of a differential equation.

    z′ = f(t, z),   z(0) = x,   the layer's output is z(end)

Dimensions: B batch, D features, H hidden units.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from mlblog.numerics.adjoint import odeint_adjoint
from mlblog.numerics.odeint import DormandPrince, Solver, odeint


class TimedField(nn.Module):
    """f(t, z) = W₂ tanh(W₁ z + c t + b₁) + b₂: one hidden layer that is told the time.

    Args:
        features: D.
        hidden: H.

    Example:
        >>> TimedField(3, 5)(0.5, torch.zeros(4, 3)).shape
        torch.Size([4, 3])
    """

    def __init__(self, features: int, hidden: int) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(features, hidden), nn.Linear(hidden, features)
        self.time = nn.Parameter(torch.zeros(hidden))

    def forward(self, t: float, z: Tensor) -> Tensor:
        """The rate of change of z: (…, D) to (…, D)."""
        rate: Tensor = self.second(torch.tanh(self.first(z) + t * self.time))
        return rate


class Counted(nn.Module):
    """A field that counts how often it is asked.

    Args:
        field: f.

    Attributes:
        evaluations: calls so far; set it to 0 to begin again.

    Example:
        >>> from mlblog.numerics.odeint import Euler
        >>> field = Counted(TimedField(3, 5))
        >>> _ = ODEBlock(field, solver=Euler(0.25))(torch.zeros(4, 3))
        >>> field.evaluations
        4
    """

    def __init__(self, field: nn.Module) -> None:
        super().__init__()
        self.field, self.evaluations = field, 0

    def forward(self, t: float, z: Tensor) -> Tensor:
        """What the field says: (…, D) to (…, D)."""
        self.evaluations += 1
        rate: Tensor = self.field(t, z)
        return rate


class ODEBlock(nn.Module):
    """The state at `end` of the equation that starts at the layer's input.

    With `Euler(1.0)` and `end` = L it is a residual network of L blocks, exactly: z ← z + 1 · f(t, z) for t from 0 to
    L - 1. The blocks share their weights, but for what f makes of the time.

    Args:
        field: f, a module called with a time and a state.
        end: where the equation ends.
        solver: as for `odeint`; it may be changed at any time.
        adjoint: take gradients by the adjoint method, which keeps no steps in memory.

    Example:
        >>> from mlblog.numerics.odeint import Euler
        >>> block = ODEBlock(TimedField(3, 5), solver=Euler(1.0))
        >>> x = torch.ones(2, 3)
        >>> torch.equal(block(x), x + block.field(0.0, x))
        True

    References:
        [chen2018neural], eqs. 1 to 3.
    """

    def __init__(
        self, field: nn.Module, *, end: float = 1.0, solver: Solver | None = None, adjoint: bool = False
    ) -> None:
        super().__init__()
        self.field, self.end, self.adjoint = field, end, adjoint
        self.solver: Solver = solver or DormandPrince(1e-3, 1e-3)

    def forward(self, x: Tensor) -> Tensor:
        """Map x: (…, D) to (…, D)."""
        if self.adjoint:
            return odeint_adjoint(self.field, x, [0.0, self.end], tuple(self.field.parameters()), self.solver)[-1]
        return odeint(self.field, x, [0.0, self.end], self.solver)[-1]
