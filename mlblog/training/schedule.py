"""Learning rates as pure functions of the step, so that a resumed run needs no scheduler state."""

from __future__ import annotations

import math


def warmup_cosine(step: int, *, steps: int, warmup: float = 0.1) -> float:
    """Linear warm-up, then half a cosine down to zero, as a fraction of the peak rate.

        (s + 1) / w                        for s < w = ⌈warmup · steps⌉
        (1 + cos(π (s - w) / (S - w))) / 2  after it

    Args:
        step: s, from 0 to `steps`; the last is what a scheduler asks for after the run, and is 0.
        steps: S, all steps of the run.
        warmup: share of the steps in [0, 1) over which the rate rises.

    Raises:
        ValueError: a step outside the run, or a share outside [0, 1).

    Example:
        >>> [round(warmup_cosine(step, steps=6, warmup=1 / 3), 3) for step in range(6)]
        [0.5, 1.0, 1.0, 0.854, 0.5, 0.146]

    References:
        [loshchilov2017sgdr], eq. 5, without restarts.
    """
    if not 0 <= step <= steps or not 0 <= warmup < 1 or steps < 1:
        raise ValueError(f"0 ≤ step ≤ steps and 0 ≤ warmup < 1 expected, given {step} of {steps} and {warmup}")
    rising = math.ceil(warmup * steps - 1e-9)  # 0.07 · 100 is 7 and a little
    if step < rising:
        return (step + 1) / rising
    if rising == steps:  # the run is all warm-up
        return 0.0
    return (1 + math.cos(math.pi * (step - rising) / (steps - rising))) / 2
