"""Student's t: intervals of means, tests of differences, and Holm's correction where there are several."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from functools import cache
from typing import NamedTuple, TypeVar

import numpy as np

Name = TypeVar("Name", bound=Hashable)


class Mean(NamedTuple):
    """A mean with its interval; both ends are NaN with a single number."""

    mean: float
    low: float
    high: float


class Difference(NamedTuple):
    """A difference of two means with its interval, and the p-value of there being none; NaN where one seed is all."""

    mean: float
    low: float
    high: float
    p: float


def interval(sample: np.ndarray, level: float = 0.95) -> Mean:
    """Return the mean of `sample`, shape (n,), and Student's t interval of it.

    mean ± t_{(1+level)/2, n-1} · s / √n, with s the sample deviation. A single number has no interval.
    """
    mean, spread, degrees = _summary(sample)
    half = quantile((1 + level) / 2, degrees) * spread if spread else spread
    return Mean(mean, mean - half, mean + half)


def difference(first: np.ndarray, second: np.ndarray, *, paired: bool = False, level: float = 0.95) -> Difference:
    """Return the difference of two means, second minus first, its interval, and the two-sided p-value.

    Independent samples are compared by Welch's test: m₂ − m₁ ± t_{(1+level)/2, ν} √(s₁²/n₁ + s₂²/n₂), with Welch and
    Satterthwaite's ν. Paired ones by Student's test of the differences, one a pair.

    Args:
        first: shape (n₁,); one number a seed.
        second: shape (n₂,).
        paired: whether numbers at the same place belong together, as those of the same seed do; then n₁ = n₂.
        level: of the interval.

    Raises:
        ValueError: paired samples of different length.

    Example:
        >>> found = difference(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.5, 4.0]), paired=True)
        >>> f"{found.mean:.2f} [{found.low:.2f}, {found.high:.2f}], p = {found.p:.3f}"
        '1.17 [0.45, 1.88], p = 0.020'
    """
    if paired:
        if len(first) != len(second):
            raise ValueError(f"{len(first)} and {len(second)} numbers cannot be paired; leave out paired")
        return _tested(*_summary(second - first), level)
    summaries = [_summary(first), _summary(second)]
    gap = summaries[1][0] - summaries[0][0]
    variances = [spread**2 for _, spread, _ in summaries]
    total = sum(variances)
    if not total > 0:
        return _tested(gap, total, 1, level)
    degrees = 1 / sum((v / total) ** 2 / d for v, (_, _, d) in zip(variances, summaries, strict=True))
    return _tested(gap, math.sqrt(total), max(1.0, degrees), level)


def _tested(gap: float, spread: float, degrees: float, level: float) -> Difference:
    if math.isnan(spread):
        return Difference(gap, math.nan, math.nan, 1.0 if gap == 0 else math.nan)
    if spread == 0:
        return Difference(gap, gap, gap, 1.0 if gap == 0 else 0.0)
    from scipy.special import stdtr

    half = quantile((1 + level) / 2, degrees) * spread
    return Difference(gap, gap - half, gap + half, 2 * float(stdtr(degrees, -abs(gap) / spread)))


def _summary(sample: np.ndarray) -> tuple[float, float, int]:
    """The mean of a sample, its standard error, NaN for a single number, and the degrees of freedom."""
    if len(sample) == 1:
        return float(sample[0]), math.nan, 1
    if (sample == sample[0]).all():  # rounding the mean would leave a spread of 1e-16
        return float(sample[0]), 0.0, len(sample) - 1
    return float(sample.mean()), float(sample.std(ddof=1)) / math.sqrt(len(sample)), len(sample) - 1


def holm(ps: Mapping[Name, float]) -> dict[Name, float]:
    """Return p-values that are corrected for there being several, by Holm's method, in the order given.

    The i-th smallest of m becomes max over j ≤ i of min(1, (m − j + 1) p_(j)): testing each at 5 % then errs
    somewhere in the family at most once in twenty times, however the tests depend on each other.

    Args:
        ps: what was asked, and its p-value; the whole family, including those without an effect.

    Raises:
        ValueError: a p-value is not in [0, 1]; a single seed has none.

    Example:
        >>> holm({"width": 0.04, "depth": 0.01, "rate": 0.03})
        {'width': 0.06, 'depth': 0.03, 'rate': 0.06}
    """
    adjusted: dict[Name, float] = {}
    least = 0.0
    for rank, (name, p) in enumerate(sorted(ps.items(), key=lambda item: item[1])):
        if not 0 <= p <= 1:
            raise ValueError(f"{name!r}: {p} is not a p-value")
        least = max(least, min(1.0, (len(ps) - rank) * p))
        adjusted[name] = least
    return {name: adjusted[name] for name in ps}


@cache
def quantile(probability: float, degrees: float) -> float:
    """Return t with P(T ≤ t) = `probability` for T Student-distributed with `degrees` degrees of freedom.

    Raises:
        ValueError: the probability is not strictly between 0 and 1, or there is less than one degree of freedom.

    Example:
        >>> round(quantile(0.975, 2), 4)
        4.3027
    """
    if not 0 < probability < 1 or degrees < 1:
        raise ValueError(f"no quantile for probability {probability} and {degrees} degrees of freedom")
    from scipy.special import stdtrit  # here, since commands that compare nothing need not wait for it

    return float(stdtrit(degrees, probability))
