"""How values moved between two sets of records of the same runs: by how much, and whether beyond noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlblog.lab.records.record import Record
from mlblog.lab.records.runs import Runs
from mlblog.lab.records.shares import printed
from mlblog.lab.records.student import Difference, Mean, difference


@dataclass(frozen=True)
class Move:
    """One value then and now.

    Attributes:
        group: scale and overrides.
        name: of the value.
        then, now: means over seeds, and their 95 % intervals; None where there was no such value.
        p: of Welch's test of there being no difference; None where one seed cannot tell.
    """

    group: str
    name: str
    then: Mean | None
    now: Mean | None
    p: float | None

    @property
    def moved(self) -> bool | None:
        """Whether the difference is beyond noise, at 5 %; None where one seed cannot tell."""
        return None if self.p is None else self.p < 0.05


def moves(then: Iterable[Record], now: Iterable[Record]) -> list[Move]:
    """Return every number of the records, then and now, in the order of groups and names."""
    old, new = _grouped(then), _grouped(now)
    found = []
    for group in sorted({*old, *new}):
        names = {name for runs in (old.get(group), new.get(group)) if runs for name in _numbers(runs)}
        for name in sorted(names):
            before, after = (_sample(side.get(group), name) for side in (old, new))
            found.append(Move(group, name, _summary(before), _summary(after), _p(before, after)))
    return found


def _grouped(records: Iterable[Record]) -> dict[str, Runs]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(f"{record.scale}/{record.key.group}", []).append(record)
    return {group: Runs(found) for group, found in groups.items()}


def _numbers(runs: Runs) -> list[str]:
    values: Mapping[str, Any] = runs[0].values
    return [name for name, value in values.items() if isinstance(value, int | float) and not isinstance(value, bool)]


def _sample(runs: Runs | None, name: str) -> np.ndarray | None:
    if runs is None or any(name not in record.values for record in runs):
        return None
    return runs.values(name)


def _summary(sample: np.ndarray | None) -> Mean | None:
    return None if sample is None else printed(sample)


def _p(then: np.ndarray | None, now: np.ndarray | None) -> float | None:
    return None if then is None or now is None else p_of(difference(then, now))


def p_of(found: Difference) -> float | None:
    """The p-value of a difference; None where there is none."""
    return None if math.isnan(found.p) else found.p


def beyond_noise(then: np.ndarray, now: np.ndarray, *, paired: bool = False) -> bool | None:
    """Return whether two samples' means differ by Welch's t test at 5 %, or the paired one; None with one seed."""
    p = p_of(difference(then, now, paired=paired))
    return None if p is None else p < 0.05
