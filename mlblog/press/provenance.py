"""On which records each result of a post rests, and what to say of them.

A cell rests on the records that it read itself and on those of every cell whose names it uses: `runs` read in the
first cell is drawn in the third. Names are followed statically, cell by cell, towards more records rather than fewer.
"""

from __future__ import annotations

import ast
import builtins
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mlblog.lab import Lab, Read, Record
from mlblog.press.document import Doctest, Post
from mlblog.press.output import Outputs


def resting_on(post: Post, outputs: Outputs) -> list[tuple[Read, ...]]:
    """The reads behind each unit of `post`, in the order in which they were made."""
    behind: dict[str, dict[str, Read]] = {}
    found = []
    imported: set[str] = set()
    for unit, ran in zip(post.units, outputs.ran, strict=True):
        used, bound = _names("" if isinstance(unit, Doctest) else unit.code, imported)
        mine: dict[str, Read] = {}
        for name in sorted(used):
            mine |= behind.get(name, {})
        mine |= {json.dumps(read, sort_keys=True): Read.from_json(read) for read in ran.reads}
        for name in bound:
            behind[name] = mine
        found.append(tuple(mine.values()))
    return found


def _names(code: str, imported: set[str]) -> tuple[set[str], set[str]]:
    """Names that the code uses, and names that it binds or changes in place; what it imports joins `imported`."""
    lines = [line for line in code.split("\n") if not line.lstrip().startswith(("%", "!"))]
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError:
        return set(), set()
    used: set[str] = set()
    bound: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bound.add(node.name)
        elif isinstance(node, (ast.Attribute, ast.Subscript)) and isinstance(node.ctx, ast.Store):
            bound |= _base(node)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            bound |= _base(node.func)  # table.append(…) may put what was read into `table`
        elif isinstance(node, ast.AugAssign):
            used |= _base(node.target)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            imported |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    return used - set(dir(builtins)), bound - set(dir(builtins)) - imported  # np.mean(x) does not change np


def _base(node: ast.expr) -> set[str]:
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()


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
        name = " ".join([self.read.experiment, *(f"{k}={v}" for k, v in sorted(self.read.overrides.items()))])
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
