"""Student's t: its quantiles, from its own integral, so that the lab needs no SciPy; intervals of means."""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np


class Mean(NamedTuple):
    """A mean with its interval; both ends are NaN where there is no spread to estimate it from."""

    mean: float
    low: float
    high: float


def interval(sample: np.ndarray, level: float = 0.95) -> Mean:
    """Return the mean of `sample`, shape (n,), and Student's t interval of it.

    mean ± t_{(1+level)/2, n-1} · s / √n, with s the sample deviation. There is no interval of a single number.
    """
    n, mean = len(sample), float(sample.mean())
    if n == 1:
        return Mean(mean, math.nan, math.nan)
    if _agree(sample):
        return Mean(float(sample[0]), float(sample[0]), float(sample[0]))
    half = quantile((1 + level) / 2, n - 1) * float(sample.std(ddof=1)) / math.sqrt(n)
    return Mean(mean, mean - half, mean + half)


def _agree(sample: np.ndarray) -> bool:
    """Whether there is no spread at all; rounding the mean would leave one of 1e-16."""
    return bool((sample == sample[0]).all())


def welch(first: np.ndarray, second: np.ndarray, level: float = 0.95) -> Mean:
    """Return the difference of the means of two independent samples, second minus first, and Welch's interval of it.

    m₂ − m₁ ± t_{(1+level)/2, ν} √(s₁²/n₁ + s₂²/n₂), with Welch and Satterthwaite's ν, rounded down to be careful.
    """
    gap = interval(second).mean - interval(first).mean
    if min(len(first), len(second)) < 2:
        return Mean(gap, math.nan, math.nan)
    parts = [0.0 if _agree(sample) else float(sample.var(ddof=1)) / len(sample) for sample in (first, second)]
    spread = math.sqrt(sum(parts))
    if spread == 0:
        return Mean(gap, gap, gap)
    degrees = sum(parts) ** 2 / sum(
        part**2 / (len(sample) - 1) for part, sample in zip(parts, (first, second), strict=True)
    )
    half = quantile((1 + level) / 2, max(1, math.floor(degrees))) * spread
    return Mean(gap, gap - half, gap + half)


@cache
def quantile(probability: float, degrees: int) -> float:
    """Return t with P(T ≤ t) = `probability` for T Student-distributed with `degrees` degrees of freedom.

    Bisection on the distribution function, to the last bits of a double.

    Raises:
        ValueError: the probability is not strictly between 0 and 1, or there is no degree of freedom.

    Example:
        >>> round(quantile(0.975, 2), 4)
        4.3027
    """
    if not 0 < probability < 1 or degrees < 1:
        raise ValueError(f"no quantile for probability {probability} and {degrees} degrees of freedom")
    if probability < 0.5:
        return -quantile(1 - probability, degrees)
    low, high = 0.0, 1.0 + abs(NormalDist().inv_cdf(probability))
    while _distribution(high, degrees) < probability:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _distribution(middle, degrees) < probability else (low, middle)
    return (low + high) / 2


def _distribution(t: float, degrees: int) -> float:
    """P(T ≤ t) for t ≥ 0, by the finite sums in θ = atan(t/√ν) (Abramowitz and Stegun 26.7.3 and 26.7.4)."""
    theta = math.atan(t / math.sqrt(degrees))
    cosine, sine = math.cos(theta), math.sin(theta)
    term = cosine if degrees % 2 else 1.0
    total = term if degrees > 1 or degrees % 2 == 0 else 0.0
    for j in range(3 if degrees % 2 else 2, degrees - 1, 2):
        term *= cosine * cosine * (j - 1) / j
        total += term
    inside = 2 / math.pi * (theta + sine * total) if degrees % 2 else sine * total
    return 0.5 + inside / 2
