"""Intervals of shares, which lie within 0 and 1."""

from __future__ import annotations

import math

import numpy as np

from mlblog.lab.records.student import Mean, interval

_Z = 1.959963984540054  # the normal quantile at 0.975


def wilson(done: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share, `done` of `count`, as Wilson gives it; it stays within [0, 1].

    References:
        wilson1927probable.

    Raises:
        ValueError: `count` is not positive, or `done` is not in [0, `count`].
    """
    if not 0 <= done <= count or count < 1:
        raise ValueError(f"{done} of {count} is not a share")
    p, z2 = done / count, _Z**2
    centre = (p + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z * math.sqrt(p * (1 - p) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return max(0.0, centre - half), min(1.0, centre + half)


def within(mean: np.ndarray, half: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Turn intervals mean ± half of means of shares into ones that stay within 0 and 1.

    logit⁻¹(logit m ± half / (m (1 − m))): the same interval to first order, taken where there are no bounds
    to exceed (the delta method). Wilson's is for a count of independent trials; a share that each of a few seeds
    measured on thousands of examples varies by the seed and not by the count, so its spread has to come from the seeds.
    The mean of the seeds' own logits would not do: it estimates something else than the mean share, and is infinite
    where one seed is right everywhere.

    Args:
        mean: in [0, 1], any shape.
        half: half of each interval, the same shape; 0 where the mean is 0 or 1.
    """
    inner = (mean > 0) & (mean < 1)
    m = np.where(inner, mean, 0.5)
    logit, reach = np.log(m / (1 - m)), half / (m * (1 - m))
    low, high = (0.5 + 0.5 * np.tanh((logit + side * reach) / 2) for side in (-1, 1))
    return np.where(inner, low, mean), np.where(inner, high, mean)


def printed(sample: np.ndarray) -> Mean:
    """Return the mean of `sample`, shape (n,), and the interval that a table of any values prints.

    It is Student's. Where all of the sample lies in [0, 1] and that interval does not, it is taken on the logit as of a
    share: a record does not say which of its values are shares, and most that are in [0, 1] on every seed are.

    Example:
        >>> mean, low, high = printed(np.array([0.893, 0.823, 0.653]))  # by Student from 0.48 to 1.10
        >>> f"{mean:.2f} ({low:.2f} to {high:.2f})"
        '0.79 (0.37 to 0.96)'
    """
    found = interval(sample)
    if sample.min() < 0 or sample.max() > 1 or not (found.low < 0 or found.high > 1):
        return found
    low, high = within(np.array(found.mean), np.array(found.high - found.mean))
    return Mean(found.mean, float(low), float(high))
