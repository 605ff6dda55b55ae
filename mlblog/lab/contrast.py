"""Two variants of an experiment, or two sets of its seeds: which records they are."""

from __future__ import annotations

import json
import re
from collections.abc import Container, Mapping
from dataclasses import dataclass

from mlblog.errors import InputError, MissingRecord
from mlblog.lab.declared import Declaration
from mlblog.lab.records.record import SCALES, Key, Record, Value, plain
from mlblog.lab.records.runs import Runs
from mlblog.lab.records.store import Store, as_label, records
from mlblog.lab.running.jobs import parse_override


@dataclass(frozen=True)
class Variant:
    """What to compare: overrides, and the seeds; all that are recorded if None."""

    label: str
    group: str
    overrides: Mapping[str, Value]
    seeds: Container[int] | None = None

    @classmethod
    def parse(cls, label: str, declaration: Declaration) -> Variant:
        """Read `base`, `x=1,y=last` or `x=1,seed=0-4`, or the name of a folder of records such as `x-3f…`.

        Raises:
            InputError: not of that form, or no such parameter.
        """
        overrides: dict[str, Value] = {}
        seeds, group = None, ""
        for part in _split(label):
            if part.startswith("seed=") and "seed" not in declaration.parameters:
                seeds = _seeds(part)
            elif re.fullmatch(r"x-[0-9a-f]{32}", part):
                group = part
            elif part != "base":
                name, value = parse_override(part, declaration)
                if name in overrides:
                    raise InputError(f"{label!r}: {name} is set twice")
                overrides[name] = value
        return cls(label, group or Key(declaration.name, "smoke", overrides, 0).group, overrides, seeds)

    def takes(self, record: Record) -> bool:
        """Whether `record` is one of this variant's."""
        return record.key.group == self.group and (self.seeds is None or record.seed in self.seeds)


def _split(label: str) -> list[str]:
    """The parts of a label: commas within a list or a quoted string part nothing."""
    parts: list[str] = re.findall(r"""(?:\[[^\]]*\]|"[^"]*"|[^,])+""", label)
    if ",".join(parts) != label or not all(part.strip() for part in parts) or not parts:
        raise InputError(f"{label!r}: write a variant as base or as name=value,name=value")
    return [part.strip() for part in parts]


def _seeds(part: str) -> Container[int]:
    written = part.removeprefix("seed=")
    if span := re.fullmatch(r"(\d+)(?:-(\d+))?", written):
        return range(int(span[1]), int(span[2] or span[1]) + 1)
    try:
        found = json.loads(written)
    except ValueError:
        found = None
    if not isinstance(found, list) or not found or not all(type(seed) is int for seed in found):
        raise InputError(f"{part!r}: write seeds as seed=3, seed=0-4 or seed=[0,2,4]")
    return frozenset(found)


def sides(
    store: Store, declaration: Declaration, first: Variant, second: Variant, scale: str | None = None
) -> tuple[Runs, Runs]:
    """Return the records of two variants at `scale`, by default the largest scale at which both are recorded.

    Raises:
        MissingRecord: one of them has no records, or none at the other's scale.
        RecordError: a record cannot be trusted.
    """
    found = [record for record in records(store, declaration.name) if scale in (None, record.scale)]
    taken = [[record for record in found if variant.takes(record)] for variant in (first, second)]
    for variant, side in zip((first, second), taken, strict=True):
        if not side:
            at = f" at scale {scale}" if scale else ""
            there = "; ".join(dict.fromkeys(as_label(record.overrides).replace(", ", ",") for record in found))
            raise MissingRecord(
                f"{declaration.name}: nothing is recorded for {variant.label!r}{at}. There is: {there or 'nothing'}."
                f" Record it: mlblog run {declaration.name}{_as_options(variant, scale)}"
            )
    both = {record.scale for record in taken[0]} & {record.scale for record in taken[1]}
    if not both:
        scales = [", ".join(sorted({record.scale for record in side}, key=SCALES.index)) for side in taken]
        raise MissingRecord(
            f"{declaration.name}: {first.label!r} is recorded at scale {scales[0]} and {second.label!r} at {scales[1]}:"
            " they have no scale in common"
        )
    largest = max(both, key=SCALES.index)
    return tuple(  # type: ignore[return-value]  # two of them
        Runs(sorted((record for record in side if record.scale == largest), key=lambda record: record.seed))
        for side in taken
    )


def _as_options(variant: Variant, scale: str | None) -> str:
    sets = "".join(f" --set {name}={plain(value)}" for name, value in variant.overrides.items())
    return f" --scale {scale}{sets}" if scale else sets
