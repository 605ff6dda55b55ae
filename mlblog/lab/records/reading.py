"""Track which records a piece of code reads, so that outputs can name their runs."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mlblog.errors import RecordError
from mlblog.files import canonical
from mlblog.lab.record_path import RecordPath
from mlblog.lab.records.record import SCALES, Key, Record, Value
from mlblog.lab.records.store import Store, records

_reads: ContextVar[list[Read] | None] = ContextVar("mlblog_reads", default=None)
_everywhere: list[list[Read]] = []  # of runs, in all their threads
BASIS = "records"  # how a manifest names records that a run has read: `records:solver/*/base`


class Question(NamedTuple):
    """A question to the store, as manifests name it: `records:solver/small/base`, `*` for the largest scale.

    Attributes:
        experiment: name of the experiment.
        scale: the scale asked for; None for the largest that is recorded.
        group: the folder of the overrides asked for.
    """

    experiment: str
    scale: str | None
    group: str

    @classmethod
    def parse(cls, name: str) -> Question | None:
        """Return the question that a manifest calls `name`; None if it is not one."""
        kind, _, asked = name.partition(":")
        parts = asked.split("/")
        if kind != BASIS or len(parts) != 3:
            return None
        experiment, scale, group = parts
        return cls(experiment, None if scale == "*" else scale, group)

    def __str__(self) -> str:
        return f"{BASIS}:{self.experiment}/{self.scale or '*'}/{self.group}"


@dataclass(frozen=True)
class Read:
    """A question to the store, with its answer.

    Attributes:
        experiment: name of the experiment.
        scale: the scale asked for; None for the largest that is recorded.
        overrides: the overrides asked for.
        found: `(path, id)` of each record that answered, in the order of their seeds.
    """

    experiment: str
    scale: str | None
    overrides: Mapping[str, Value] = field(default_factory=dict)
    found: tuple[tuple[str, str], ...] = ()

    @property
    def question(self) -> Question:
        """What was asked, without the answer."""
        return Question(self.experiment, self.scale, Key(self.experiment, "smoke", self.overrides, 0).group)

    @property
    def paths(self) -> list[RecordPath]:
        """The paths of the records that answered, below the store."""
        return [path for found, _ in self.found if (path := RecordPath.ending(found)) is not None]

    @property
    def digest(self) -> str:
        """The digest of the answer."""
        return _digest(self.found)

    def is_current(self, store: Store) -> bool:
        """Whether the same question would get the same answer from `store` now."""
        try:
            now = select(store, self.experiment, self.scale, self.overrides)
        except RecordError:
            return False
        return tuple((record.path, record.id) for record in now) == self.found

    def to_json(self) -> dict[str, Any]:
        """This read as JSON values."""
        return {
            "experiment": self.experiment,
            "scale": self.scale,
            "overrides": dict(self.overrides),
            "found": [list(pair) for pair in self.found],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Read:
        """Return the read that `to_json` wrote."""
        found = tuple((path, identity) for path, identity in value["found"])
        return cls(value["experiment"], value["scale"], value["overrides"], found)


@contextlib.contextmanager
def reading() -> Iterator[list[Read]]:
    """Collect every read of records inside the block; an inner block also reports to the outer ones."""
    outer, mine = _reads.get(), []  # type: list[Read] | None, list[Read]
    token = _reads.set(mine)
    try:
        yield mine
    finally:
        _reads.reset(token)
        if outer is not None:
            outer.extend(read for read in mine if read not in outer)


@contextlib.contextmanager
def reading_everywhere() -> Iterator[list[Read]]:
    """Collect every read of records inside the block, in all threads of the process."""
    mine: list[Read] = []
    _everywhere.append(mine)
    try:
        yield mine
    finally:
        _everywhere.remove(mine)


def answer(store: Store, question: Question) -> tuple[str, list[Record]]:
    """Return the current answer to a question: its digest, and the records.

    Raises:
        RecordError: one of them cannot be trusted.
    """
    asked = question.experiment, question.group
    names = [name for name in store.names() if (name.experiment, name.group) == asked]
    wanted = question.scale or max((name.scale for name in names), key=SCALES.index, default="")
    found = [store.read(name) for name in names if name.scale == wanted]
    found.sort(key=lambda record: record.seed)
    return _digest((record.path, record.id) for record in found), found


def _digest(found: Iterable[tuple[str, str]]) -> str:
    # the last part of a path: a store in a file and one in memory call the others differently
    pairs = [f"{path.rpartition('/')[2]}={identity}" for path, identity in found]
    return canonical.digest("records", *pairs) if pairs else ""


def select(store: Store, experiment: str, scale: str | None, overrides: Mapping[str, Value]) -> list[Record]:
    """Return the records of `experiment` with just these overrides, at `scale` or the largest recorded, by seed."""
    wanted = json.dumps(dict(overrides), sort_keys=True)
    fitting = [
        record
        for record in records(store, experiment)
        if scale in (None, record.scale) and json.dumps(dict(record.overrides), sort_keys=True) == wanted
    ]
    if not fitting:
        return []
    largest = max((record.scale for record in fitting), key=SCALES.index)
    return sorted((record for record in fitting if record.scale == largest), key=lambda record: record.seed)


def note(read: Read) -> None:
    """Report a read to the enclosing blocks, if any."""
    for seen in [_reads.get(), *_everywhere]:
        if seen is not None and read not in seen:
            seen.append(read)
