"""How values moved between two sets of records of the same runs: by how much, and whether beyond noise."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlblog.lab.records.record import Record
from mlblog.lab.records.runs import Runs
from mlblog.lab.records.student import Mean, interval, welch


@dataclass(frozen=True)
class Move:
    """One value then and now.

    Attributes:
        group: scale and overrides.
        name: of the value.
        then, now: means over seeds, and their 95 % intervals; None where there was no such value.
        moved: whether the difference is beyond noise (Welch's test at 5 %); None where one seed cannot tell.
    """

    group: str
    name: str
    then: Mean | None
    now: Mean | None
    moved: bool | None


def moves(then: Iterable[Record], now: Iterable[Record]) -> list[Move]:
    """Return every number of the records, then and now, in the order of groups and names."""
    old, new = _grouped(then), _grouped(now)
    found = []
    for group in sorted({*old, *new}):
        names = {name for runs in (old.get(group), new.get(group)) if runs for name in _numbers(runs)}
        for name in sorted(names):
            before, after = (_sample(side.get(group), name) for side in (old, new))
            found.append(Move(group, name, _summary(before), _summary(after), beyond_noise(before, after)))
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
    return None if sample is None else interval(sample)


def beyond_noise(then: np.ndarray | None, now: np.ndarray | None) -> bool | None:
    """Return whether two samples' means differ by Welch's t test at 5 %; None where that cannot be told."""
    if then is None or now is None:
        return None
    if len(then) == len(now) and np.array_equal(then, now):
        return False
    return excludes_zero(welch(then, now))


def excludes_zero(difference: Mean) -> bool | None:
    """Return whether an interval leaves zero out; None where there is no interval."""
    return None if math.isnan(difference.low) else difference.low > 0 or difference.high < 0
