"""On which records each result of a post rests, and what to say of them.

A cell rests on the records that it read itself and on those of every cell whose names it uses: `runs` read in the
first cell is drawn in the third. Names are followed statically, cell by cell, towards more records rather than fewer.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlblog.lab import Lab, Read, Record
from mlblog.lab.record import plain
from mlblog.press.document import Doctest, Post
from mlblog.press.flow import flow
from mlblog.press.output import Outputs


def resting_on(post: Post, outputs: Outputs) -> list[tuple[Read, ...]]:
    """The reads behind each unit of `post`, in the order in which they were made."""
    behind: dict[str, dict[str, Read]] = {}
    found = []
    imported: set[str] = set()
    for unit, ran in zip(post.units, outputs.ran, strict=True):
        names = flow("" if isinstance(unit, Doctest) else unit.code, imported)
        mine: dict[str, Read] = {}
        for name in sorted(names.taken):
            mine |= behind.get(name, {})
        mine |= {json.dumps(read, sort_keys=True): Read.from_json(read) for read in ran.reads}
        behind |= dict.fromkeys(names.made, mine)
        behind |= {name: behind.get(name, {}) | mine for name in names.changed}
        found.append(tuple(mine.values()))
    return found


@dataclass(frozen=True)
class Evidence:
    """The records that one read found, and why they are stale, if they are."""

    read: Read
    records: tuple[Record, ...]
    reasons: tuple[str, ...]

    @property
    def is_smoke(self) -> bool:
        """Whether these are records of the smallest scale, which show nothing but that the code runs."""
        return any(record.scale == "smoke" for record in self.records)

    def line(self) -> str:
        """Scale, seeds, device, duration, date and commit, for people."""
        first = self.records[0]
        overrides = (f"{name}={plain(value)}" for name, value in sorted(self.read.overrides.items()))
        name = " ".join([self.read.experiment, *overrides])
        seconds = [float(record.environment["seconds"]) for record in self.records]  # type: ignore[arg-type]
        seeds = [record.seed for record in self.records]
        commits = _distinct(
            str(r.environment["commit"])[:7] + ("+changes" if r.environment["dirty"] else "")
            for r in self.records
            if r.environment["commit"]
        )
        return " · ".join(
            [
                name,
                f"scale {first.scale}",
                f"seed {seeds[0]}" if len(seeds) == 1 else f"{len(seeds)} seeds",
                ", ".join(_distinct(str(record.environment["device"]) for record in self.records)),
                f"{_duration(sum(seconds))} in all" if len(seeds) > 1 else _duration(seconds[0]),
                ", ".join(_distinct(str(record.environment["date"])[:10] for record in self.records)),
                f"commit {', '.join(commits)}" if commits else "no commit",
            ]
        )


def evidence(read: Read, lab: Lab) -> Evidence:
    """The records behind a read as they are now."""
    names = {path: name for name in lab.store.names() for path, _ in read.found if path.endswith(name)}
    records = tuple(lab.store.read(names[path]) for path, _ in read.found)
    why = _distinct(str(reason) for record in records for reason in lab.reasons(record))
    return Evidence(read, records, tuple(why))


def merged(reads: Sequence[tuple[Read, ...]]) -> list[Read]:
    """All reads, each once, in order."""
    return list({json.dumps(read.to_json(), sort_keys=True): read for group in reads for read in group}.values())


def _distinct(items: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(items))


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.3g} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"
