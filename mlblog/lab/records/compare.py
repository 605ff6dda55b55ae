"""How values differ between two sets of runs: by how much, and whether beyond noise."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from mlblog.lab.records.record import Record, Value
from mlblog.lab.records.runs import Runs
from mlblog.lab.records.shares import printed
from mlblog.lab.records.student import Difference, Mean, difference


@dataclass(frozen=True)
class Contrast:
    """One value in two sets of runs.

    Attributes:
        name: of the value.
        first, second: means over seeds with their 95 % intervals; None if a set has no such value.
        difference: second minus first with its 95 % interval and p-value; None if a set has no such value.
        paired: whether it is the mean of the differences seed by seed; else of independent samples (Welch).
    """

    name: str
    first: Mean | None
    second: Mean | None
    difference: Difference | None
    paired: bool

    @classmethod
    def of(cls, name: str, first: np.ndarray | None, second: np.ndarray | None, *, paired: bool) -> Contrast:
        """Compare two samples, each of shape (seeds,)."""
        means = [None if sample is None else printed(sample) for sample in (first, second)]
        gap = None if first is None or second is None else difference(first, second, paired=paired)
        return cls(name, means[0], means[1], gap, paired)

    @property
    def p(self) -> float | None:
        """Of the test for no difference; None with one seed."""
        return None if self.difference is None or math.isnan(self.difference.p) else self.difference.p

    @property
    def moved(self) -> bool | None:
        """Whether the difference is beyond noise, at 5 %; None with one seed."""
        return None if self.p is None else self.p < 0.05


def contrasts(first: Runs, second: Runs) -> list[Contrast]:
    """Return every number of two variants, sorted by name; seed by seed if both have the same seeds.

    Where only some seeds are shared the samples are taken as independent: that leaves no run out, and at worst
    overstates the noise.
    """
    return _contrasts(first, second, paired=first.seeds == second.seeds)


def moves(then: Iterable[Record], now: Iterable[Record]) -> list[tuple[str, Contrast]]:
    """Return every number of the records then and now, after its scale and overrides, in the order of both.

    Nothing is paired, as other code may draw other numbers with the same seed.
    """
    old, new = _grouped(then), _grouped(now)
    return [
        (group, one)
        for group in sorted({*old, *new})
        for one in _contrasts(old.get(group), new.get(group), paired=False)
    ]


def _grouped(records: Iterable[Record]) -> dict[str, Runs]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(f"{record.scale}/{record.key.group}", []).append(record)
    return {group: Runs(found) for group, found in groups.items()}


def _contrasts(first: Runs | None, second: Runs | None, *, paired: bool) -> list[Contrast]:
    before, after = _samples(first), _samples(second)
    return [Contrast.of(name, before.get(name), after.get(name), paired=paired) for name in sorted({*before, *after})]


def _samples(runs: Runs | None) -> dict[str, np.ndarray]:
    """The values that are numbers in every run."""

    def is_number(value: Value) -> bool:
        return isinstance(value, int | float) and not isinstance(value, bool)

    if runs is None:
        return {}
    names = [name for name in runs[0].values if all(is_number(record.values.get(name)) for record in runs)]
    return {name: runs.values(name) for name in names}
