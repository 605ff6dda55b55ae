"""A normalising flow in continuous time: noise moved by a differential equation, with its density.

    z′ = f(t, z),   z(0) ~ N(0, I),   d log p(z(t)) / dt = -tr ∂f/∂z,   the data are z(1)

Dimensions: B batch, D features, K units.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from mlblog.numerics.odeint import Field, RungeKutta4, Solver, odeint

#: f(t, z), (B, D), and the trace of its Jacobian, or an estimate, (B,).
Traced = Callable[[float, Tensor], tuple[Tensor, Tensor]]


def exact_trace(field: Field) -> Traced:
    """The field with tr ∂f/∂z by D vector-Jacobian products.

    Args:
        field: f, (B, D) to (B, D), of which no example looks at another.

    Example:
        >>> rate, trace = exact_trace(lambda t, z: z**2)(0.0, torch.tensor([[1.0, 2.0]]))
        >>> rate.tolist(), trace.tolist()
        ([[1.0, 4.0]], [6.0])
    """

    def traced(t: float, z: Tensor) -> tuple[Tensor, Tensor]:
        keep = torch.is_grad_enabled()
        with torch.enable_grad():
            z = z if z.requires_grad else z.detach().requires_grad_()
            rate = field(t, z)
            trace = torch.zeros_like(z[..., 0])
            for d in range(z.shape[-1]):
                (row,) = torch.autograd.grad(rate[..., d].sum(), z, create_graph=keep, retain_graph=True)
                trace = trace + row[..., d]
        return (rate, trace) if keep else (rate.detach(), trace.detach())

    return traced


def hutchinson_trace(field: Field, noise: Tensor) -> Traced:
    """The field with an unbiased estimate of tr ∂f/∂z by one vector-Jacobian product: εᵀ (∂f/∂z) ε.

    Args:
        field: f, as for `exact_trace`.
        noise: ε, (B, D), of mean 0 and covariance I; it stays the same along a solution, or there would be none.

    Example:
        >>> signs = torch.tensor([[1.0, -1.0]])
        >>> hutchinson_trace(lambda t, z: z**2, signs)(0.0, torch.tensor([[1.0, 2.0]]))[1].item()
        6.0

    References:
        [hutchinson1990stochastic]; [grathwohl2019ffjord], eq. 7.
    """

    def traced(t: float, z: Tensor) -> tuple[Tensor, Tensor]:
        keep = torch.is_grad_enabled()
        with torch.enable_grad():
            z = z if z.requires_grad else z.detach().requires_grad_()
            rate = field(t, z)
            (product,) = torch.autograd.grad(rate, z, noise, create_graph=keep)
            trace = (product * noise).sum(-1)
        return (rate, trace) if keep else (rate.detach(), trace.detach())

    return traced


class GatedPlanes(nn.Module):
    """f(t, z) = Σ_k g_k(t) u_k tanh(w_k · z + b_k + c_k t): K planes, each with a time of its own.

    A gate g_k(t) = 1 / (1 + exp(-α_k - β_k t)) lets a unit act early, late or always. With it the trace is a sum over
    units, Σ_k g_k (u_k · w_k) tanh′, and costs no more than f.

    Args:
        features: D.
        units: K.

    Example:
        >>> field = GatedPlanes(2, 8)
        >>> torch.allclose(field.traced(0.3, torch.ones(1, 2))[1], exact_trace(field)(0.3, torch.ones(1, 2))[1])
        True

    References:
        [chen2018neural], section 4.1, whose gates are networks of the time.
    """

    def __init__(self, features: int, units: int) -> None:
        super().__init__()
        self.w, self.u = nn.Linear(features, units), nn.Linear(units, features, bias=False)
        self.time = nn.Parameter(torch.zeros(units))
        self.gate = nn.Parameter(torch.randn(2, units))

    def forward(self, t: float, z: Tensor) -> Tensor:
        """The rate of change of z: (…, D) to (…, D)."""
        return self._parts(t, z)[0]

    def traced(self, t: float, z: Tensor) -> tuple[Tensor, Tensor]:
        """The same, (…, D), and tr ∂f/∂z, (…)."""
        rate, slopes = self._parts(t, z)
        return rate, slopes @ (self.u.weight.T * self.w.weight).sum(-1)

    def _parts(self, t: float, z: Tensor) -> tuple[Tensor, Tensor]:
        """f, and g_k tanh′ of each unit."""
        gate = torch.sigmoid(self.gate[0] + t * self.gate[1])
        found = torch.tanh(self.w(z) + t * self.time)
        return self.u(gate * found), gate * (1 - found.square())


class CNF(nn.Module):
    """A continuous normalising flow from a standard normal at t = 0 to data at t = 1.

    Args:
        field: f, a module called with a time and states (B, D).
        features: D.
        solver: as for `odeint`; `RungeKutta4(0.1)` if None. What integrates to one is the exact solution's density:
            that of a computed one does as far as its error allows.

    Example:
        >>> flow = CNF(GatedPlanes(2, 8), features=2)
        >>> flow.log_density(torch.zeros(3, 2)).shape, flow.draw(torch.randn(5, 2)).shape
        (torch.Size([3]), torch.Size([5, 2]))

    References:
        [chen2018neural], theorem 1 and section 4.
    """

    def __init__(self, field: nn.Module, *, features: int, solver: Solver | None = None) -> None:
        super().__init__()
        self.field, self.features = field, features
        self.solver: Solver = solver or RungeKutta4(0.1)

    def log_density(self, x: Tensor, traced: Traced | None = None) -> Tensor:
        """The log-density in nats, (B, D) to (B,), by one solution backwards in time.

        (z, δ)′ = (f, tr ∂f/∂z) from (x, 0) at t = 1 back to t = 0, and log p(x) = log N(z(0); 0, I) + δ(0).

        Args:
            x: (B, D).
            traced: what gives f with a trace; the field's own `traced`, if it has one, or `exact_trace` otherwise.
        """
        rates = traced or getattr(self.field, "traced", None) or exact_trace(self.field)

        def rate(t: float, packed: Tensor) -> Tensor:
            found, trace = rates(t, packed[..., : self.features])
            return torch.cat((found, trace[..., None]), dim=-1)

        packed = torch.cat((x, torch.zeros_like(x[..., :1])), dim=-1)
        end = odeint(rate, packed, [1.0, 0.0], self.solver)[-1]
        z, delta = end[..., : self.features], end[..., self.features]
        return delta - 0.5 * (z.square().sum(-1) + self.features * math.log(2 * math.pi))

    def draw(self, noise: Tensor) -> Tensor:
        """Move standard normal noise to t = 1: (B, D) to (B, D)."""
        return self.path(noise, (0.0, 1.0))[-1]

    def path(self, noise: Tensor, times: Sequence[float]) -> Tensor:
        """Where standard normal noise is at each of T rising times, the first of which is 0: (B, D) to (T, B, D)."""
        return odeint(self.field, noise, times, self.solver)
