"""Gradient descent by gradients that come late, as from machines that do not wait for each other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor


class DelayedSGD(torch.optim.Optimizer):
    """Each step takes the gradient that was found τ steps before.

        w_{t+1} = w_t - η g(w_{t-τ})

    In the first τ steps no gradient has arrived, and nothing moves.

    Args:
        params: weights.
        lr: η, positive.
        delay: τ, in steps, 0 or more; 0 is plain gradient descent.

    Raises:
        ValueError: a rate that is not positive, or a negative delay.

    Example:
        >>> w = torch.nn.Parameter(torch.tensor(1.0))
        >>> optimizer = DelayedSGD([w], lr=0.5, delay=1)
        >>> for _ in range(3):
        ...     w.grad = w.detach().clone()
        ...     optimizer.step()
        ...     print(w.item())
        1.0
        0.5
        0.0
    """

    def __init__(self, params: Any, *, lr: float, delay: int) -> None:
        if not lr > 0 or delay < 0:
            raise ValueError(f"lr > 0 and delay ≥ 0 expected, given {lr} and {delay}")
        super().__init__(params, {"lr": lr, "delay": delay})

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:  # type: ignore[override]
        """Send today's gradients, and step by those that arrive."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                under_way = self.state[weight].setdefault("under way", [])
                under_way.append(weight.grad.clone())
                if len(under_way) > group["delay"]:
                    weight.sub_(under_way.pop(0), alpha=group["lr"])
        return loss


def largest_stable_rate(curvature: float, delay: int) -> float:
    """The rate below which delayed descent on a quadratic converges, and above which it does not.

        η λ < 2 sin(π / (2 (2τ + 1)))

    Above it, z^{τ+1} - z^τ + η λ has a root outside the unit circle: on the circle, z = e^{iθ} is a root if
    η λ = 2 sin(θ/2) and θ = π / (2τ + 1), or a larger odd multiple of it.

    Args:
        curvature: λ, positive, the largest eigenvalue of the second derivatives.
        delay: τ, in steps.

    Returns:
        2/λ without delay, 1/λ with one step, π/(2τλ) in the limit.

    Raises:
        ValueError: a curvature that is not positive, or a negative delay.

    Example:
        >>> [round(largest_stable_rate(1.0, delay), 3) for delay in (0, 1, 2, 10)]
        [2.0, 1.0, 0.618, 0.149]
    """
    if not curvature > 0 or delay < 0:
        raise ValueError(f"curvature > 0 and delay ≥ 0 expected, given {curvature} and {delay}")
    return 2 * math.sin(math.pi / (2 * (2 * delay + 1))) / curvature
