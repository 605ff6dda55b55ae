"""The records of one experiment at one scale, one per seed, and statistics over them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from mlblog.lab.records.record import Record, Value
from mlblog.lab.records.shares import within
from mlblog.lab.records.student import quantile

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Runs(Sequence[Record]):
    """Records that differ in their seed alone."""

    def __init__(self, records: Sequence[Record]) -> None:
        """Hold `records`, which are of one experiment, one scale and the same overrides; at least one."""
        if not records:
            raise ValueError("Runs needs at least one record")
        self._records = tuple(records)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        return self._records[index]

    def __len__(self) -> int:
        return len(self._records)

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records)

    def __repr__(self) -> str:
        seeds = ", ".join(str(record.seed) for record in self)
        return f"<Runs of {self[0].experiment} at scale {self.scale}, seeds {seeds}>"

    @property
    def scale(self) -> str:
        """The scale of these runs."""
        return self[0].scale

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds, ascending."""
        return tuple(record.seed for record in self)

    def value(self, name: str) -> Value:
        """Return a value that all seeds agree on: a size, a name, a count.

        Raises:
            KeyError: no such value.
            ValueError: the seeds do not agree.
        """
        found = [self._one(record, name) for record in self]
        if any(value != found[0] for value in found):
            raise ValueError(f"{name!r} differs between seeds: {found}; use mean or values")
        return found[0]  # type: ignore[no-any-return]  # arrays are JSON-like here

    def values(self, name: str) -> np.ndarray:
        """Return a saved value or array of every seed, stacked: shape (seeds, ...), float64.

        Raises:
            KeyError: no such value or array.
            ValueError: its shape differs between seeds.
        """
        return np.stack([np.asarray(self._one(record, name), dtype=np.float64) for record in self])

    @staticmethod
    def _one(record: Record, name: str) -> Any:
        if name in record.values:
            return record.values[name]
        if name in record.arrays:
            return record.arrays[name]
        names = ", ".join([*record.values, *record.arrays])
        raise KeyError(f"{record.path or record.key}: no value {name!r}; it has {names or 'none'}")

    def mean(self, name: str) -> Any:
        """Return the mean over seeds: a float, or an array for an array."""
        mean = self.values(name).mean(axis=0)
        return float(mean) if mean.ndim == 0 else mean

    def interval(self, name: str, level: float = 0.95, *, share: bool = False) -> tuple[Any, Any]:
        """Return Student's t interval of the mean over seeds: two floats, or two arrays.

        mean ± t_{(1+level)/2, n-1} · s / √n, with s the sample deviation over the n seeds. With one seed there is no
        interval: both ends are NaN.

        Args:
            name: of a value or an array.
            level: of the interval.
            share: whether it is a share, in [0, 1]; then the interval is taken on the logit, and stays there.

        Raises:
            KeyError: no such value or array.
            ValueError: a share beyond [0, 1].
        """
        values = self.values(name)
        n = len(values)
        if n == 1:
            nothing = np.full(values.shape[1:], math.nan)
            return (math.nan, math.nan) if nothing.ndim == 0 else (nothing, nothing)
        mean = values.mean(axis=0)
        half = quantile((1 + level) / 2, n - 1) * values.std(axis=0, ddof=1) / math.sqrt(n)
        if share and (values.min() < 0 or values.max() > 1):
            raise ValueError(f"{name!r} is not a share: it ranges from {values.min():g} to {values.max():g}")
        low, high = within(mean, half) if share else (mean - half, mean + half)
        return (float(low), float(high)) if mean.ndim == 0 else (low, high)

    def series(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a logged series: its steps, shape (n,), and its values, shape (seeds, n).

        Raises:
            KeyError: no such series.
            ValueError: the seeds logged at different steps.
        """
        steps = [self._one(record, f"series/{name}/step") for record in self]
        if any(not np.array_equal(other, steps[0]) for other in steps):
            raise ValueError(f"series {name!r} was logged at different steps for different seeds")
        return steps[0], self.values(f"series/{name}")

    def plot(self, name: str, ax: Axes | None = None, label: str | None = None) -> Axes:
        """Draw an array or a series: the mean over seeds, and the 95 % interval as a band.

        Args:
            name: of an array, drawn against its index, or of a series, drawn against its steps.
            ax: where to draw; the current axes if not given.
            label: for the legend.
        """
        import matplotlib.pyplot as plt

        ax = ax or plt.gca()
        if f"series/{name}" in self[0].arrays:
            x, _ = self.series(name)
            name = f"series/{name}"
        else:
            x = np.arange(len(np.atleast_1d(self.mean(name))))
        low, high = self.interval(name)
        (line,) = ax.plot(x, np.atleast_1d(self.mean(name)), label=label)
        ax.fill_between(x, np.atleast_1d(low), np.atleast_1d(high), alpha=0.2, color=line.get_color(), linewidth=0)
        return ax
