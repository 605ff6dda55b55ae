"""Which records each result of a post depends on, and how to describe them.

A cell depends on the records that it reads and on those of every cell whose names it uses: `runs` read in the
first cell is plotted in the third. Names are followed statically by cell, preferring too many records to too few.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from mlblog.lab import Lab, Read, Reason, Record
from mlblog.lab.records.acceptance import on_smoke
from mlblog.lab.records.record import plain
from mlblog.lab.report import duration
from mlblog.press.kernel.output import Outputs
from mlblog.press.source.dataflow import Flow, flow
from mlblog.press.source.document import Doctest, Post

_T = TypeVar("_T")


def resting_on(post: Post, outputs: Outputs) -> list[tuple[Read, ...]]:
    """The reads behind each unit of `post`, in order."""
    behind: dict[str, dict[str, Read]] = {}
    found = []
    flows = _flows(tuple("" if isinstance(unit, Doctest) else unit.code for unit in post.units))
    for names, ran in zip(flows, outputs.ran, strict=True):
        mine: dict[str, Read] = {}
        for name in sorted(names.taken):
            mine |= behind.get(name, {})
        mine |= {json.dumps(read, sort_keys=True): Read.from_json(read) for read in ran.reads}
        behind |= dict.fromkeys(names.made, mine)
        behind |= {name: behind.get(name, {}) | mine for name in names.changed}
        found.append(tuple(mine.values()))
    return found


@functools.lru_cache(512)  # repeated by the page of claims and by every build of a server
def _flows(codes: tuple[str, ...]) -> tuple[Flow, ...]:
    """The data flow of consecutive units."""
    imported: set[str] = set()
    return tuple(flow(code, imported) for code in codes)


@dataclass(frozen=True)
class Evidence:
    """The records found by one read, and why they are stale, if so."""

    read: Read
    records: tuple[Record, ...]
    reasons: tuple[Reason, ...]

    @property
    def is_smoke(self) -> bool:
        """Whether these are smoke records, which only show that the code runs."""
        return any(record.scale == "smoke" for record in self.records)

    def line(self) -> str:
        """Scale, seeds, device, duration, date and commit, as text."""
        first = self.records[0]
        overrides = (f"{name}={plain(value)}" for name, value in sorted(self.read.overrides.items()))
        name = " ".join([self.read.experiment, *overrides])
        seconds = [record.environment.seconds or 0.0 for record in self.records]
        seeds = [record.seed for record in self.records]
        commits = _commits(self.records)
        return " · ".join(
            [
                name,
                f"scale {first.scale}",
                f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds",
                ", ".join(_distinct(record.environment.device for record in self.records)),
                f"{duration(sum(seconds))} total" if len(seeds) > 1 else duration(seconds[0]),
                ", ".join(_distinct(record.environment.day for record in self.records)),
                f"commit {', '.join(commits)}" if commits else "no commit",
                *accepted(self.records),
            ]
        )


def summary(found: Sequence[Evidence]) -> str:
    """A summary of several lines: experiments, runs, scales, seeds, devices, total duration, dates, commits."""
    records = list({record.key: record for one in found for record in one.records}.values())
    environments = [record.environment for record in records]
    seeds = sorted({len({record.seed for record in one.records}) for one in found})
    commits = _commits(records)
    seconds = sum(environment.seconds or 0.0 for environment in environments)
    dates = sorted({environment.day for environment in environments})
    return " · ".join(
        [
            ", ".join(_distinct(record.experiment for record in records)),
            f"{len(records)} runs",
            f"scale {', '.join(_distinct(record.scale for record in records))}",
            f"{' to '.join(map(str, _ends(seeds)))} seed{'' if seeds == [1] else 's'}",
            ", ".join(_distinct(environment.device for environment in environments)),
            f"{duration(seconds)} total",
            " to ".join(_ends(dates)),
            f"{len(commits)} commits"
            if len(commits) > 2
            else f"commit {', '.join(commits)}"
            if commits
            else "no commit",
            *accepted(records),
        ]
    )


def accepted(records: Sequence[Record]) -> list[str]:
    """A note on records accepted after a code change on the evidence of smoke runs only."""
    found = [one for one in map(on_smoke, records) if one]
    if not found:
        return []
    days, count = sorted({one.day for one in found}), len(found)
    some = "" if count == len(records) else f"{count} of {len(records)} runs "
    return [f"{some}accepted on smoke evidence, {' to '.join(_ends(days))}"]


def evidence(read: Read, lab: Lab) -> Evidence:
    """The current records behind a read."""
    records = tuple(map(lab.store.read, read.paths))
    why = dict.fromkeys(reason for record in records for reason in lab.reasons(record))
    return Evidence(read, records, tuple(why))


def merged(reads: Sequence[tuple[Read, ...]]) -> list[Read]:
    """All reads in order, without repeats."""
    return list({json.dumps(read.to_json(), sort_keys=True): read for group in reads for read in group}.values())


def _distinct(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _ends(items: list[_T]) -> list[_T]:
    """First and last of sorted items; one item if they are equal."""
    return items[:1] if len(items) == 1 else [items[0], items[-1]]


def _commits(records: Iterable[Record]) -> list[str]:
    return _distinct(
        record.environment.commit[:7] + ("+changes" if record.environment.is_dirty else "")
        for record in records
        if record.environment.commit
    )
