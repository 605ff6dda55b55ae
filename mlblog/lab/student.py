"""Quantiles of Student's t, from its own integral, so that the lab needs no SciPy for one number."""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist


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
