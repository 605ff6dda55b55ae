"""Initial value problems z′ = f(t, z): Euler, the classical Runge-Kutta method, Dormand and Prince's adaptive pair.

Autograd runs through every step, so gradients are those of the discrete solution ("discretise, then optimise").
`mlblog.numerics.adjoint` has the other kind, which keeps no steps in memory.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

#: f(t, z), of the shape of z; t is a plain number, so nothing is differentiated with respect to time.
Field = Callable[[float, Tensor], Tensor]


class Solver(Protocol):
    """What carries a state from time to time."""

    def path(self, field: Field, state: Tensor, times: Sequence[float]) -> Iterator[Tensor]:
        """Yield z at times[1:], given z(times[0]) = `state`; times may fall."""
        ...


def odeint(field: Field, start: Tensor, times: Sequence[float] | Tensor, solver: Solver | None = None) -> Tensor:
    """Solve z′ = f(t, z), z(t₀) = `start`, and return z at all `times`.

    Steps end exactly on every one of `times`, so that what is returned was computed there and not interpolated;
    many close times therefore cost more here than where a solver interpolates.

    Args:
        field: f, from a time and a state to the state's rate of change, of the same shape.
        start: z(t₀), of any shape S, in float32 or wider: in half precision a step is often too short to count.
        times: t₀, t₁, …, all rising or all falling; at least one. A tensor of numbers will do, but has no gradient.
        solver: `Euler`, `RungeKutta4` or `DormandPrince`, the default.

    Returns:
        Shape (number of times, *S); row 0 is `start`.

    Raises:
        ValueError: times that are not finite or neither rise nor fall throughout, or that need a gradient; a start in
            half precision or of whole numbers; a field of another shape than its state.
        FloatingPointError: a state or a rate that is not finite where an adaptive solver starts, or a step that has
            shrunk to nothing, as it does where a solution blows up.

    Example:
        >>> start = torch.tensor([1.0], dtype=torch.float64)
        >>> at = odeint(lambda t, z: -2.0 * z, start, [0.0, 0.5, 1.0])
        >>> [round(z.item(), 6) for z in at]
        [1.0, 0.367879, 0.135335]

    References:
        [hairer1993solving], sections II.1 and II.4.
    """
    if start.dtype not in (torch.float32, torch.float64, torch.complex64, torch.complex128):
        raise ValueError(f"start must be in float32 or wider, got {start.dtype}: convert it, and the field with it")
    at = as_times(times)
    return torch.stack([start, *(solver or DormandPrince()).path(_checked(field), start, at)])


def as_times(times: Sequence[float] | Tensor) -> tuple[float, ...]:
    """Times as plain numbers.

    Raises:
        ValueError: there are none, they are not finite or neither rise nor fall throughout, or they need a gradient.
    """
    if isinstance(times, Tensor) and times.requires_grad:
        raise ValueError("nothing is differentiated with respect to times: detach them")
    numbers = tuple(float(t) for t in times)
    if not numbers or not all(map(math.isfinite, numbers)) or not _monotone(numbers):
        raise ValueError(f"times must be finite and all rise or all fall, got {list(numbers)}")
    return numbers


@dataclass(frozen=True)
class Euler:
    """z ← z + h f(t, z): order 1. With h = 1 a step is a residual block.

    Attributes:
        step: the longest step; each interval is cut into equal ones. In units of time.
    """

    step: float

    def path(self, field: Field, state: Tensor, times: Sequence[float]) -> Iterator[Tensor]:
        """See `Solver`."""
        return _fixed_steps(lambda t, h, z: z + h * field(t, z), self.step, state, times)


@dataclass(frozen=True)
class RungeKutta4:
    """The classical method of order 4: four slopes a step, weighted 1 : 2 : 2 : 1.

    Attributes:
        step: the longest step; each interval is cut into equal ones. In units of time.
    """

    step: float

    def path(self, field: Field, state: Tensor, times: Sequence[float]) -> Iterator[Tensor]:
        """See `Solver`."""

        def stepped(t: float, h: float, z: Tensor) -> Tensor:
            k1 = field(t, z)
            k2 = field(t + h / 2, z + h / 2 * k1)
            k3 = field(t + h / 2, z + h / 2 * k2)
            k4 = field(t + h, z + h * k3)
            return z + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)

        return _fixed_steps(stepped, self.step, state, times)


@dataclass(frozen=True)
class DormandPrince:
    """Order 5 with an error estimate of order 4 inside: steps as long as the tolerance allows.

    A step is kept if the root mean square of error / (atol + rtol · max(|z|, |z_new|)) is at most 1. The next one is
    longer or shorter by 0.9 · error^(-1/5), within [0.2, 10]. The choice of steps is not differentiated. Where nothing
    has moved for long, steps grow, and a change that is over within one of them goes unseen.

    Attributes:
        rtol: error allowed in a step, relative to the state.
        atol: the same, absolute.

    References:
        [dormand1980family], table 2; step control [hairer1993solving], section II.4.
    """

    rtol: float = 1e-7
    atol: float = 1e-9

    def __post_init__(self) -> None:
        if not (self.rtol >= 0 and self.atol >= 0 and self.rtol + self.atol > 0):
            raise ValueError(f"rtol and atol must not be negative, nor both zero, got {self.rtol} and {self.atol}")

    def path(self, field: Field, state: Tensor, times: Sequence[float]) -> Iterator[Tensor]:
        """See `Solver`."""
        if len(times) < 2:
            return
        t, slope = times[0], field(times[0], state)
        if not (state.isfinite().all() and slope.isfinite().all()):
            raise FloatingPointError(f"the state or its rate of change is not finite at t = {t:.6g}")
        if state.numel() == 0:  # an empty batch: there is no error by which to choose steps
            yield from (state for _ in times[1:])
            return
        h = self._first_step(field, state, slope, t, times[1])
        for end in times[1:]:
            while t != end:
                if not math.isfinite(h) or t + h == t:
                    raise FloatingPointError(f"the step at t = {t:.6g} shrank to nothing: does the solution blow up?")
                last = abs(h) >= abs(end - t) * (1 - 1e-12)
                step = end - t if last else h
                new, new_slope, error = dormand_prince_step(field, t, state, slope, step)
                ratio = self._norm(error, state, new)
                longer = step * _change(ratio)
                if ratio <= 1.0:  # false for nan: such a step is tried again, shorter
                    t, state, slope = (end if last else t + step), new, new_slope
                    h = math.copysign(max(abs(longer), abs(h) if last else 0.0), h)  # a step cut short says little
                else:
                    h = longer
            yield state

    @torch.no_grad()
    def _norm(self, error: Tensor, *states: Tensor) -> float:
        """Root mean square of an error in units of what is allowed."""
        size = states[0].abs()
        for state in states[1:]:
            size = torch.maximum(size, state.abs())
        return float(torch.linalg.vector_norm(error / (self.atol + self.rtol * size))) / math.sqrt(error.numel())

    @torch.no_grad()
    def _first_step(self, field: Field, state: Tensor, slope: Tensor, begin: float, end: float) -> float:
        """A signed first step from the sizes of z, z′ and z″ ([hairer1993solving], II.4, "starting step size")."""
        z, rate = self._norm(state, state), self._norm(slope, state)
        h = 1e-6 if min(z, rate) < 1e-5 else 0.01 * z / rate
        h = math.copysign(min(h, abs(end - begin)), end - begin)
        bend = self._norm(field(begin + h, state + h * slope) - slope, state) / abs(h)
        largest = max(rate, bend)
        longest = max(1e-6, 1e-3 * abs(h)) if largest <= 1e-15 else (0.01 / largest) ** 0.2
        return math.copysign(min(100 * abs(h), longest), h)


def dormand_prince_step(field: Field, t: float, z: Tensor, k1: Tensor, h: float) -> tuple[Tensor, Tensor, Tensor]:
    """Take one step of Dormand and Prince's pair.

    Its last slope is the first of the next step, so a step costs six evaluations of f.

    Args:
        field: f.
        t: where the step begins.
        z: the state there.
        k1: f(t, z).
        h: length of the step, negative for going back.

    Returns:
        The state at t + h (order 5), f there, and the difference to the embedded solution of order 4.

    References:
        [dormand1980family], table 2.
    """
    k2 = field(t + h / 5, z + (h / 5) * k1)
    k3 = field(t + 3 * h / 10, z + (3 * h / 40) * k1 + (9 * h / 40) * k2)
    k4 = field(t + 4 * h / 5, z + (44 * h / 45) * k1 - (56 * h / 15) * k2 + (32 * h / 9) * k3)
    k5 = field(
        t + 8 * h / 9,
        z + (19372 * h / 6561) * k1 - (25360 * h / 2187) * k2 + (64448 * h / 6561) * k3 - (212 * h / 729) * k4,
    )
    k6 = field(
        t + h,
        z
        + (9017 * h / 3168) * k1
        - (355 * h / 33) * k2
        + (46732 * h / 5247) * k3
        + (49 * h / 176) * k4
        - (5103 * h / 18656) * k5,
    )
    new = (
        z
        + (35 * h / 384) * k1
        + (500 * h / 1113) * k3
        + (125 * h / 192) * k4
        - (2187 * h / 6784) * k5
        + (11 * h / 84) * k6
    )
    k7 = field(t + h, new)
    error = h * (71 / 57600 * k1 - 71 / 16695 * k3 + 71 / 1920 * k4 - 17253 / 339200 * k5 + 22 / 525 * k6 - 1 / 40 * k7)
    return new, k7, error


def _change(ratio: float) -> float:
    """How much longer the next step is, after one with this error in units of what is allowed."""
    if ratio == 0:
        return 10.0
    return min(10.0, max(0.2, 0.9 * ratio**-0.2)) if ratio < math.inf else 0.2


def _checked(field: Field) -> Field:
    """The same field, refusing to broadcast."""

    def rate(t: float, z: Tensor) -> Tensor:
        found = field(t, z)
        if found.shape != z.shape:
            raise ValueError(f"the field must keep the state's shape {tuple(z.shape)}, got {tuple(found.shape)}")
        return found

    return rate


def _fixed_steps(
    stepped: Callable[[float, float, Tensor], Tensor], longest: float, state: Tensor, times: Sequence[float]
) -> Iterator[Tensor]:
    """The state at each time after the first, by `stepped(t, h, z)` in equal steps, none longer than `longest`."""
    for begin, end in itertools.pairwise(times):
        count, h = _equal_steps(begin, end, longest)
        for n in range(count):
            state = stepped(begin + n * h, h, state)
        yield state


def _equal_steps(begin: float, end: float, longest: float) -> tuple[int, float]:
    """Number and signed length of equal steps from `begin` to `end`, none longer than `longest`."""
    if not longest > 0:
        raise ValueError(f"a step must be longer than zero, got {longest}")
    count = max(1, math.ceil(abs(end - begin) / longest - 1e-9))
    return count, (end - begin) / count


def _monotone(times: Sequence[float]) -> bool:
    """Whether the times all rise or all fall."""
    pairs = list(itertools.pairwise(times))
    return all(a < b for a, b in pairs) or all(a > b for a, b in pairs)
