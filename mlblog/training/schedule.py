"""Learning rates as pure functions of the step, so that a resumed run needs no scheduler state."""

from __future__ import annotations

import math


def warmup_cosine(step: int, *, steps: int, warmup: float = 0.1) -> float:
    """Linear warm-up, then half a cosine down to zero, as a fraction of the peak rate.

        (s + 1) / w                        for s < w = ⌈warmup · steps⌉
        (1 + cos(π (s - w) / (S - w))) / 2  after it

    Args:
        step: s, from 0 to `steps` - 1.
        steps: S, all steps of the run.
        warmup: share of the steps in [0, 1) over which the rate rises.

    Example:
        >>> [round(warmup_cosine(step, steps=6, warmup=1 / 3), 3) for step in range(6)]
        [0.5, 1.0, 1.0, 0.854, 0.5, 0.146]

    References:
        [loshchilov2017sgdr], eq. 5, without restarts.
    """
    rising = math.ceil(warmup * steps)
    if step < rising:
        return (step + 1) / rising
    return (1 + math.cos(math.pi * (step - rising) / (steps - rising))) / 2
