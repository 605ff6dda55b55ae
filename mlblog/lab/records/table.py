"""The runs of an experiment as a table: a row for each variant or seed, with its parameters and saved scalars."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

import numpy as np

from mlblog.errors import InputError
from mlblog.lab.records.record import SCALES, Record, Scalar, Value
from mlblog.lab.records.shares import printed


class Estimate(NamedTuple):
    """A mean over n seeds with its 95 % interval."""

    mean: float
    low: float
    high: float
    n: int

    @property
    def lopsided(self) -> bool:
        """Whether the interval is longer on one side, by more than rounding makes it."""
        return abs(self.high + self.low - 2 * self.mean) > 1e-9 * abs(self.mean)


Cell = Value | Estimate


@dataclass(frozen=True)
class Row:
    """One variant at one scale, or one of its seeds.

    Attributes:
        scale: of the runs.
        overrides: what sets the variant apart from the base.
        params: all parameters.
        seeds: ascending.
        stale: how many of the records are stale.
        values: a number for one seed, an estimate for several; of anything else a list where seeds do not agree.
        lists: names of saved lists, which have no cell.
    """

    scale: str
    overrides: Mapping[str, Value]
    params: Mapping[str, Value]
    seeds: tuple[int, ...]
    stale: int
    values: Mapping[str, Cell]
    lists: tuple[str, ...] = ()

    @property
    def state(self) -> str:
        """`fresh`, `stale`, or how many seeds are stale."""
        if not self.stale:
            return "fresh"
        return "stale" if self.stale == len(self.seeds) else f"stale {self.stale} of {len(self.seeds)}"

    def to_json(self, columns: Sequence[Column] | None = None) -> dict[str, Any]:
        """This row as JSON values, whole or `columns` of it alone; a missing interval is null."""
        whole: dict[str, Any] = {
            "scale": self.scale, "overrides": dict(self.overrides), "params": dict(self.params),
            "seeds": list(self.seeds), "n": len(self.seeds), "state": self.state,
            "values": {name: _plain(cell) for name, cell in self.values.items()},
        }  # fmt: skip
        if columns is None:
            return whole
        some: dict[str, Any] = {}
        for column in columns:
            if column.kind == "row":
                some[column.name] = whole[column.name]
            elif not column.missing(self):
                fields = some.setdefault(f"{column.kind}s", {})
                fields[column.name] = whole[f"{column.kind}s"][column.name]
        return some


def _plain(cell: Cell) -> Any:
    if not isinstance(cell, Estimate):
        return cell
    ends = None if math.isnan(cell.low) else [cell.low, cell.high]
    return {"mean": cell.mean, "interval": ends, "n": cell.n}


def rows(records: Iterable[Record], stale: Callable[[Record], bool], *, by_seed: bool = False) -> list[Row]:
    """Return a row for each variant at each scale, or `by_seed` for each record, smallest scale and parameters first.

    Records of one variant with other parameters (made before the declaration changed) are not averaged with the rest.
    """
    groups: dict[tuple[object, ...], list[Record]] = {}
    for record in records:
        params = json.dumps(dict(record.params), sort_keys=True)
        key = (record.scale, record.key.group, params, record.seed if by_seed else None)
        groups.setdefault(key, []).append(record)
    found = []
    for group in groups.values():
        group.sort(key=lambda record: record.seed)
        first = group[0]
        names = dict.fromkeys(name for record in group for name in record.values)
        values = {name: _cell([record.values[name] for record in group if name in record.values]) for name in names}
        seeds, count = tuple(record.seed for record in group), sum(stale(record) for record in group)
        lists = tuple(name for name, cell in values.items() if isinstance(cell, _Left))
        kept = {name: cell for name, cell in values.items() if not isinstance(cell, _Left)}
        found.append(Row(first.scale, first.overrides, first.params, seeds, count, kept, lists))
    return sorted(found, key=_natural)


def _natural(row: Row) -> tuple[object, ...]:
    params = [(name, _rank(value)) for name, value in sorted(row.params.items())]
    return SCALES.index(row.scale), [rank for _, rank in params], [name for name, _ in params], row.seeds


class _Left:
    """In place of a cell: not a scalar."""


def _cell(found: Sequence[Value]) -> Cell | _Left:
    if any(isinstance(value, list) for value in found):
        return _Left()
    if len(found) > 1 and all(isinstance(value, int | float) and not isinstance(value, bool) for value in found):
        return Estimate(*printed(np.array(found, dtype=np.float64)), len(found))
    different: dict[str, Scalar] = {json.dumps(value): value for value in found if not isinstance(value, list)}
    return next(iter(different.values())) if len(different) == 1 else list(different.values())


@dataclass(frozen=True)
class Column:
    """One column: what it is called, and where its cells come from (`row`, `param` or `value`)."""

    heading: str
    kind: str
    name: str

    def cell(self, row: Row) -> Cell | None:
        """Return the cell of `row`; None where it has none."""
        if self.kind == "param":
            return row.params.get(self.name)
        if self.kind == "value":
            return row.values.get(self.name)
        own: dict[str, Cell] = {
            "scale": row.scale,
            "seeds": shortened(row.seeds),
            "n": len(row.seeds),
            "state": row.state,
        }
        return own[self.name]

    def missing(self, row: Row) -> bool:
        """Whether `row` has no such parameter or value."""
        where = {"param": row.params, "value": row.values}.get(self.kind)
        return where is not None and self.name not in where


def shortened(seeds: Sequence[int]) -> str:
    """Return ascending seeds as text: `0-2`, `0-2,7`."""
    spans: list[list[int]] = []
    for seed in seeds:
        if spans and seed == spans[-1][1] + 1:
            spans[-1][1] = seed
        else:
            spans.append([seed, seed])
    return ",".join(str(low) if low == high else f"{low}-{high}" for low, high in spans)


class Columns:
    """The columns that a table of `rows` can have, by name."""

    def __init__(self, rows: Sequence[Row], *, by_seed: bool = False) -> None:
        """Collect the columns of `rows`; a name that several share is written as `param.x` and `value.x`."""
        own = ["scale", "seeds", "state"] if by_seed else ["scale", "seeds", "n", "state"]
        params = dict.fromkeys(name for row in rows for name in row.params)
        values = dict.fromkeys(name for row in rows for name in row.values)
        self._rows = rows
        self._own = {name: Column("seed" if by_seed and name == "seeds" else name, "row", name) for name in own}
        taken = [*(column.heading for column in self._own.values()), *params, *values]

        def made(kind: str, name: str) -> Column:
            return Column(f"{kind}.{name}" if taken.count(name) > 1 else name, kind, name)

        self.params = [made("param", name) for name in params]
        self.values = [made("value", name) for name in values]

    def default(self, *, every: bool = False) -> list[Column]:
        """Return scale, the parameters that differ (or `every`), seeds, and all values; the state if any is stale."""
        own = self._own
        params = [column for column in self.params if every or self._differs(column)]
        seeds = [own["seeds"], own["n"]] if "n" in own else [own["seeds"]]
        return [own["scale"], *params, *seeds, *self.state(), *self.values]

    def state(self) -> list[Column]:
        """Return the column that marks stale records, if there are any."""
        return [self._own["state"]] if any(row.stale for row in self._rows) else []

    def _differs(self, column: Column) -> bool:
        return len({None if column.missing(row) else json.dumps(column.cell(row)) for row in self._rows}) > 1

    def find(self, name: str) -> Column:
        """Return the column called `name`.

        Raises:
            InputError: there is none, or several; with suggestions.
        """
        named = {column.heading: column for column in (*self._own.values(), *self.params, *self.values)}
        exact = {f"{column.kind}.{column.name}": column for column in (*self.params, *self.values)}
        own = {"seed": self._own["seeds"]}
        if found := named.get(name) or exact.get(name) or own.get(name):
            return found
        if several := [heading for heading in named if heading.endswith(f".{name}")]:
            raise InputError(f"{name!r} is ambiguous: write {' or '.join(several)}")
        near = get_close_matches(name, named, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else f"Columns: {', '.join(named)}."
        raise InputError(f"there is no column {name!r}. {hint}")


def ordered(rows: Sequence[Row], by: Sequence[tuple[Column, bool]]) -> list[Row]:
    """Return `rows` sorted by columns, each ascending or (True) descending; rows without a cell come last."""
    found = list(rows)
    for column, descending in reversed(by):
        there = [row for row in found if not column.missing(row)]
        there.sort(key=lambda row, column=column: _rank(_sorted_by(row, column)), reverse=descending)  # type: ignore[misc]  # bound early
        found = [*there, *(row for row in found if column.missing(row))]
    return found


def _sorted_by(row: Row, column: Column) -> Cell | None:
    return list(row.seeds) if column.name == "seeds" and column.kind == "row" else column.cell(row)


def _rank(cell: Cell | None) -> tuple[int, float, str, list[int]]:
    """Numbers before everything else; lists of numbers by their numbers."""
    if isinstance(cell, Estimate):
        return 0, cell.mean, "", []
    if isinstance(cell, int | float):
        return 0, cell, "", []
    if isinstance(cell, list) and all(isinstance(item, int) for item in cell):
        return 1, 0.0, "", cell  # type: ignore[return-value]  # all of them are whole numbers
    return 2, 0.0, cell if isinstance(cell, str) else json.dumps(cell), []
