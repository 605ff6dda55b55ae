"""Which runs are due, and what another process needs to carry one out."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlblog.errors import InputError, MissingRecord, RecordError
from mlblog.lab.declared import Declaration
from mlblog.lab.fingerprint import Code
from mlblog.lab.records.record import Key, Record, Value, is_value
from mlblog.lab.records.store import Store
from mlblog.lab.staleness import Kind, Reason, reasons


@dataclass(frozen=True)
class Job:
    """One run to be carried out: plain data, so that any process on any machine can.

    Attributes:
        key: which run.
        module: that declares the experiment.
        manifest: of the code now; stamped into the record, and checkpoints are valid for it alone.
        why: why it is due.
        seconds: duration of the last record of this key, if known.
        replaces: id of that record; empty without one.
        commit: of the code, and whether files differ from it, when the job is submitted.
    """

    key: Key
    module: str
    manifest: Mapping[str, str]
    why: tuple[Reason, ...] = field(default=(), compare=False)
    seconds: float | None = field(default=None, compare=False)
    replaces: str = field(default="", compare=False)
    commit: tuple[str, bool] = field(default=("", True), compare=False)

    def to_json(self) -> dict[str, Any]:
        """This job as JSON values."""
        key = self.key
        return {
            "experiment": key.experiment, "scale": key.scale, "overrides": dict(key.overrides), "seed": key.seed,
            "module": self.module, "manifest": dict(self.manifest), "commit": list(self.commit),
        }  # fmt: skip

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Job:
        """The job that `to_json` wrote."""
        key = Key(value["experiment"], value["scale"], value["overrides"], value["seed"])
        head, dirty = value["commit"]
        return cls(key, value["module"], value["manifest"], commit=(head, dirty))

    def checkpoints(self, work: Path) -> Path:
        """Return the file of this job's checkpoint below the folder `work`."""
        return work / "checkpoints" / f"{self.key.stem}.safetensors"

    def log(self, work: Path) -> Path:
        """Return the file below the folder `work` that holds what this job prints."""
        return work / "logs" / f"{self.key.stem}.log"


@dataclass(frozen=True)
class State:
    """The state of a run that should be recorded.

    Attributes:
        key: which run.
        record: what is recorded, if it can be read.
        why: nothing if it is fresh.
    """

    key: Key
    record: Record | None
    why: tuple[Reason, ...]

    @property
    def name(self) -> str:
        """`fresh`, `stale`, `missing` or `broken`."""
        if not self.why:
            return "fresh"
        if self.record is not None:
            return "stale"
        return str(self.why[0].kind)

    @property
    def seconds(self) -> float | None:
        """How long the recorded run took, if that is known."""
        return self.record.environment.seconds if self.record else None


def state(key: Key, store: Store, code: Code, declarations: Mapping[str, Declaration]) -> State:
    """Return the state of the run `key`."""
    try:
        record = store.get(key)
    except MissingRecord:
        return State(key, None, (Reason(Kind.MISSING),))
    except RecordError as error:
        return State(key, None, (Reason(Kind.BROKEN, detail=str(error)),))
    return State(key, record, tuple(reasons(record, code, declarations, store)))


def plan(
    keys: Iterable[Key],
    store: Store,
    code: Code,
    declarations: Mapping[str, Declaration],
    *,
    again: bool = False,
) -> list[Job]:
    """Return the jobs that bring the records of `keys` up to date, in the order given; all of them if `again`."""
    jobs = []
    for key in keys:
        now = state(key, store, code, declarations)
        if again or now.why:
            declaration = declarations[key.experiment]
            params = declaration.params(key.scale, key.overrides)  # what is unknown fails here, not in a worker
            manifest = code.manifest(declaration.qualified, params)
            replaces = now.record.id if now.record else ""
            jobs.append(Job(key, declaration.module, manifest, now.why or (Reason(Kind.ASKED),), now.seconds, replaces))
    return jobs


def parse_override(text: str, declaration: Declaration) -> tuple[str, Value]:
    """Return name and value of `name=value` as typed at the command line: JSON where it is JSON, else a string.

    Raises:
        InputError: not of that form, or no such parameter.
    """
    name, separator, written = text.partition("=")
    if not separator:
        raise InputError(f"{text!r}: write an override as name=value")
    try:
        value = json.loads({"True": "true", "False": "false", "None": "null"}.get(written, written))
    except ValueError:
        value = written
    if not is_value(value):
        raise InputError(f"{text!r}: a parameter must be a number, a string, true, false, null or a list of them")
    declaration.params(next(iter(declaration.scales)), {name: value})
    places = (declaration.defaults, *declaration.scales.values(), *declaration.variants)
    declared = [place[name] for place in places if place.get(name) is not None]
    if declared and value is not None and not any(_kind(value) is _kind(one) for one in declared):
        shown = ", ".join(dict.fromkeys(json.dumps(one) for one in declared))
        raise InputError(f"{text!r}: {json.dumps(value)} is not of the declared type; declared are {shown}")
    return name, value


def _kind(value: object) -> type:
    """A whole number is a number: an experiment that cannot take 0.5 for 1 must say so itself."""
    return float if type(value) is int else list if isinstance(value, tuple) else type(value)


def parse_sweep(text: str, declaration: Declaration) -> list[tuple[str, Value]]:
    """Return the overrides of `name=value,value,…`, one a value.

    Raises:
        InputError: not of that form, or no such parameter.
    """
    name, separator, values = text.partition("=")
    if not separator or not all(value.strip() for value in values.split(",")):
        raise InputError(f"{text!r}: write a sweep as name=value,value,…, without empty values")
    return [parse_override(f"{name}={value.strip()}", declaration) for value in values.split(",")]
