"""Gradients of a differential equation's solution by solving a second one backwards in time.

Along the solution of z′ = f(t, z, θ), the adjoint a(t) = ∂L/∂z(t) obeys

    a′ = -aᵀ ∂f/∂z,        ∂L/∂θ = ∫ aᵀ ∂f/∂θ dt  over [t₀, t₁].

Nothing is kept from the forward pass but the states asked for: memory does not grow with the number of steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mlblog.numerics.odeint import DormandPrince, Field, Solver, as_times, odeint


def odeint_adjoint(
    field: Field | nn.Module,
    start: Tensor,
    times: Sequence[float] | Tensor,
    parameters: Sequence[Tensor],
    solver: Solver | None = None,
) -> Tensor:
    """Solve as `odeint` does, with gradients by the adjoint method.

    The gradients belong to the exact solution ("optimise, then discretise"): they agree with those of `odeint` up to
    the solver's error, in both directions of time. Between two `times` the state is solved backwards, at each of them
    it is set to what was kept; where f contracts strongly, going back is ill-conditioned, and the gradients suffer.

    Args:
        field: f.
        start: z(t₀), of any shape S.
        times: t₀, t₁, …, all rising or all falling.
        parameters: every tensor that f uses and that needs a gradient, such as `tuple(net.parameters())`; those that
            need none are left alone.
        solver: as for `odeint`; used in both directions.

    Returns:
        Shape (number of times, *S), differentiable with respect to `start` and `parameters`, once.

    Raises:
        ValueError, FloatingPointError: as `odeint`.

    Example:
        >>> rate = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
        >>> start = torch.tensor(1.0, dtype=torch.float64)
        >>> odeint_adjoint(lambda t, z: rate * z, start, [0.0, 1.0], (rate,))[-1].backward()
        >>> round(rate.grad.item(), 6)  # z(1) = e^rate, and so is its derivative
        2.718282

    References:
        [chen2018neural], algorithm 1; [pontryagin1962mathematical].
    """
    solution: Tensor = _Adjoint.apply(field, as_times(times), solver or DormandPrince(), start, *parameters)  # type: ignore[no-untyped-call]  # torch gives it no types
    return solution


def augmented(field: Field | nn.Module, shape: Sequence[int], parameters: Sequence[Tensor]) -> Field:
    """The system that is solved backwards: (z, a, g)′ = (f, -aᵀ ∂f/∂z, -aᵀ ∂f/∂θ).

    Args:
        field: f.
        shape: of a state z, with M numbers.
        parameters: θ, with P numbers in all; the g of those that need no gradient stays zero.

    Returns:
        The field of the packed state (z, a, g), a vector of 2 M + P numbers.

    References:
        [chen2018neural], appendix B.
    """
    size = math.prod(shape)

    def rate(t: float, packed: Tensor) -> Tensor:
        z, a = packed[:size].view(tuple(shape)), packed[size : 2 * size].view(tuple(shape))
        with torch.enable_grad():
            z = z.detach().requires_grad_()
            f = field(t, z)
        sources = [source for source in (z, *parameters) if source.requires_grad]
        # aᵀ ∂f/∂z, aᵀ ∂f/∂θ; a constant f has neither
        found = torch.autograd.grad(f, sources, a, materialize_grads=True) if f.requires_grad else map(_zeros, sources)
        products = iter(found)
        parts = [next(products) if source.requires_grad else _zeros(source) for source in (z, *parameters)]
        return torch.cat([f.detach().flatten(), *(-part.flatten() for part in parts)])

    return rate


def _zeros(like: Tensor) -> Tensor:
    return torch.zeros_like(like)


class _Adjoint(torch.autograd.Function):
    """The solution forwards, the augmented system (z, a, g) backwards."""

    @staticmethod
    def forward(
        ctx: Any, field: Field, times: tuple[float, ...], solver: Solver, start: Tensor, *parameters: Tensor
    ) -> Tensor:
        states = odeint(field, start, times, solver)  # autograd is off in here
        ctx.field, ctx.times, ctx.solver = field, times, solver
        ctx.save_for_backward(states, *parameters)
        return states

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        states, *parameters = ctx.saved_tensors
        z_size, shape = states[0].numel(), states[0].shape
        backwards = augmented(ctx.field, shape, parameters)

        # g(t₁) = 0: after the end there is no path left on which θ could act
        gradients = torch.cat(
            [upstream.new_zeros(parameter.numel()) for parameter in parameters] or [upstream.new_zeros(0)]
        )
        a = upstream[-1]
        for i in range(len(ctx.times) - 1, 0, -1):
            packed = torch.cat([states[i].flatten(), a.flatten(), gradients])
            (packed,) = ctx.solver.path(backwards, packed, (ctx.times[i], ctx.times[i - 1]))
            a = packed[z_size : 2 * z_size].view(shape) + upstream[i - 1]
            gradients = packed[2 * z_size :]
        sizes = [parameter.numel() for parameter in parameters]
        by_parameter = [
            part.view_as(parameter) for part, parameter in zip(torch.split(gradients, sizes), parameters, strict=True)
        ]
        return None, None, None, a, *by_parameter
