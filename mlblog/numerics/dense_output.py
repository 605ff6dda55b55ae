"""The solution of a differential equation between the ends of steps, without further steps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from mlblog.numerics.odeint import Field, Solver, as_times, odeint


def odeint_dense(
    field: Field,
    start: Tensor,
    times: Sequence[float] | Tensor,
    knots: Sequence[float] | Tensor,
    solver: Solver | None = None,
) -> Tensor:
    """Solve z′ = f(t, z) at `knots`, and interpolate z at all `times` between them.

    The cost does not grow with the number of `times`: one evaluation of f for each knot beside those of the solver.
    The error of interpolation falls with the fourth power of the distance of knots, as that of `RungeKutta4` does.

    Args:
        field: f.
        start: z at the first knot, of any shape S.
        times: T of them, in any order, within the knots.
        knots: K times, rising.
        solver: as for `odeint`.

    Returns:
        Shape (T, *S).

    Raises:
        ValueError: as `odeint` and `hermite`.

    Example:
        >>> start = torch.tensor([1.0], dtype=torch.float64)
        >>> at = odeint_dense(lambda t, z: -z, start, [0.25, 0.75], [0.0, 0.5, 1.0])
        >>> [round(z.item(), 3) for z in at]  # e^-0.25 and e^-0.75
        [0.779, 0.472]

    References:
        [hairer1993solving], section II.6.
    """
    at = as_times(knots)
    states = odeint(field, start, at, solver)
    slopes = torch.stack([field(t, z) for t, z in zip(at, states, strict=True)])
    return hermite(states, slopes, at, times)


def hermite(states: Tensor, slopes: Tensor, knots: Sequence[float] | Tensor, times: Sequence[float] | Tensor) -> Tensor:
    """Cubics that have given values and slopes at knots.

        z(t) = (1 - s)² (1 + 2s) z₀ + s² (3 - 2s) z₁ + h s (1 - s)² z₀′ - h s² (1 - s) z₁′,   s = (t - t₀) / h

    Args:
        states: z at the knots, shape (K, …).
        slopes: z′ there, shape (K, …).
        knots: K times, rising.
        times: T times within the knots, in any order.

    Returns:
        Shape (T, …).

    Raises:
        ValueError: fewer than two knots, knots that do not rise, or times outside them.

    Example:
        >>> hermite(torch.tensor([0.0, 1.0]), torch.tensor([0.0, 3.0]), [0.0, 1.0], [0.5]).item()  # t³
        0.125
    """
    at = torch.tensor(as_times(knots), dtype=torch.float64)
    asked = torch.as_tensor(times, dtype=torch.float64)
    if len(at) < 2 or not bool(at[0] < at[-1]):
        raise ValueError(f"two rising knots or more expected, got {at.tolist()}")
    if not bool(((asked >= at[0]) & (asked <= at[-1])).all()):
        raise ValueError(f"times must be within the knots, from {at[0]:g} to {at[-1]:g}")
    left = (torch.searchsorted(at, asked, right=True) - 1).clamp(0, len(at) - 2)
    h = at[left + 1] - at[left]
    s = (asked - at[left]) / h
    weights = ((1 - s) ** 2 * (1 + 2 * s), s**2 * (3 - 2 * s), h * s * (1 - s) ** 2, -h * s**2 * (1 - s))
    parts = (states[left], states[left + 1], slopes[left], slopes[left + 1])
    shape = (-1, *[1] * (states.ndim - 1))
    total: Tensor = sum(w.to(z).view(shape) * z for w, z in zip(weights, parts, strict=True))  # type: ignore[assignment]
    return total
