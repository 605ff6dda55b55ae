"""Calibration: Brier score, its decomposition, and the points of a reliability diagram with intervals.

A forecast is a pair: the stated probability, and whether the goal was reached.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlblog.lab.records.shares import wilson

Forecast = tuple[float, bool]


@dataclass(frozen=True)
class Level:
    """All forecasts with the same probability.

    Attributes:
        probability: stated probability, in [0, 1].
        count: number of forecasts.
        done: how many came true.
    """

    probability: float
    count: int
    done: int

    @property
    def share(self) -> float:
        """The share that came true."""
        return self.done / self.count

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of that share."""
        return wilson(self.done, self.count)


def levels(forecasts: Sequence[Forecast]) -> list[Level]:
    """Return the points of a reliability diagram, one per probability used, ascending."""
    said = sorted({probability for probability, _ in forecasts})
    outcomes = {one: [done for probability, done in forecasts if probability == one] for one in said}
    return [Level(one, len(outcomes[one]), sum(outcomes[one])) for one in said]


def base_rate(forecasts: Sequence[Forecast]) -> float:
    """Return the share of goals that were reached."""
    return sum(done for _, done in forecasts) / len(forecasts)


def brier(forecasts: Sequence[Forecast]) -> float:
    """Return the Brier score, the mean of (p - o)²: 0 is perfect, 0.25 the score of always saying one half.

    This is the one-term version for two outcomes; Brier's original sums over both and is twice as large.

    References:
        brier1950verification.
    """
    return sum((probability - done) ** 2 for probability, done in forecasts) / len(forecasts)


def reference(forecasts: Sequence[Forecast]) -> float:
    """Return the Brier score of always saying the base rate, known in hindsight: o(1 - o)."""
    rate = base_rate(forecasts)
    return rate * (1 - rate)


@dataclass(frozen=True)
class Murphy:
    """Brier score = reliability - resolution + uncertainty.

    Attributes:
        reliability: squared distance of stated probabilities from frequencies; 0 is best.
        resolution: squared distance of these frequencies from the base rate; large is good.
        uncertainty: o(1 - o) for the base rate o; independent of the forecasts.
    """

    reliability: float
    resolution: float
    uncertainty: float


def murphy(forecasts: Sequence[Forecast]) -> Murphy:
    """Return Murphy's decomposition of the Brier score, exact because each probability used is its own class.

    References:
        murphy1973new.
    """
    rate, n = base_rate(forecasts), len(forecasts)
    found = levels(forecasts)
    return Murphy(
        sum(level.count * (level.probability - level.share) ** 2 for level in found) / n,
        sum(level.count * (level.share - rate) ** 2 for level in found) / n,
        rate * (1 - rate),
    )


def chances(probabilities: Sequence[float]) -> list[float]:
    """Return the distribution of how many independent goals are reached: entry k is the chance of exactly k."""
    found = [1.0]
    for p in probabilities:
        found = [before * (1 - p) + reached * p for before, reached in zip([*found, 0.0], [0.0, *found], strict=True)]
    return found


def surprise(forecasts: Sequence[Forecast]) -> tuple[int, float, float]:
    """Return how many were reached, the expected number, and the chance of a number at least as far off.

    The chance is one-sided, on the side of the observed number, assuming correct confidences and
    independent goals, which those of one week hardly are.
    """
    probabilities = [probability for probability, _ in forecasts]
    reached, expected = sum(done for _, done in forecasts), math.fsum(probabilities)
    distribution = chances(probabilities)
    tail = distribution[: reached + 1] if reached <= expected else distribution[reached:]
    return reached, expected, min(1.0, math.fsum(tail))
