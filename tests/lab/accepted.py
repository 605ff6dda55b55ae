"""A refactoring to accept, and what the records say of it afterwards."""

from __future__ import annotations

from dataclasses import replace

from workbench import Bench, write_mutated

from mlblog.lab import Record
from mlblog.lab.accepting.accept import Step
from mlblog.lab.records.acceptance import acceptances

REFACTORED = "return x if x > 0 else -x"


def all_of(bench: Bench, name: str) -> list[Record]:
    return [bench.lab.store.read(path) for path in bench.lab.store.names() if path.startswith(f"{name}/")]


def evidence(bench: Bench, name: str) -> set[str]:
    """The latest evidence of each record, without the machine."""
    return {acceptances(record)[-1].evidence.partition(" (")[0] for record in all_of(bench, name)}


def without_a_run(planned: list[Step]) -> list[Step]:
    return [replace(step, evidence="same code as commit 0123456789ab") for step in planned]


def mutate(bench: Bench, name: str, field: str, **values: object) -> None:
    for path in sorted((bench.project.results / name).rglob("seed-*.json")):
        write_mutated(path, lambda body: body[field].update(values))
