"""How good the confidences were: the Brier score and its parts, the points of a reliability diagram, their intervals.

A forecast is a pair: the probability that was written down, and whether the goal was reached.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mlblog.lab.records.shares import wilson

Forecast = tuple[float, bool]


@dataclass(frozen=True)
class Level:
    """All forecasts of one probability.

    Attributes:
        probability: what was said, in [0, 1].
        count: how often.
        done: how many of them came true.
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
    """Return the points of a reliability diagram, one for each probability that was used, ascending."""
    said = sorted({probability for probability, _ in forecasts})
    outcomes = {one: [done for probability, done in forecasts if probability == one] for one in said}
    return [Level(one, len(outcomes[one]), sum(outcomes[one])) for one in said]


def base_rate(forecasts: Sequence[Forecast]) -> float:
    """Return the share of goals that were reached."""
    return sum(done for _, done in forecasts) / len(forecasts)


def brier(forecasts: Sequence[Forecast]) -> float:
    """Return the Brier score, the mean of (p - o)²: 0 is perfect, 0.25 is what always saying one half earns.

    This is the score for two outcomes with one term; Brier's own sums over both and is twice as large.

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
        reliability: how far what was said lies from what happened then; 0 is best.
        resolution: how far what happened then lies from the base rate; large is good.
        uncertainty: o(1 - o) of the base rate o; nobody's merit.
    """

    reliability: float
    resolution: float
    uncertainty: float


def murphy(forecasts: Sequence[Forecast]) -> Murphy:
    """Return Murphy's parts of the Brier score; one class for each probability that was used makes them exact.

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
    """Return how many were reached, how many were to be expected, and the chance of a number at least as far off.

    The chance is one-sided, towards the side on which the number lies, if every confidence were right and the goals
    independent, which those of one week hardly are.
    """
    probabilities = [probability for probability, _ in forecasts]
    reached, expected = sum(done for _, done in forecasts), math.fsum(probabilities)
    distribution = chances(probabilities)
    tail = distribution[: reached + 1] if reached <= expected else distribution[reached:]
    return reached, expected, min(1.0, math.fsum(tail))
