"""What the build asks of the kernel: to run a post, or to bring a sleeping process up to date first."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from mlblog.press.kernel.unit import Task


@dataclass(frozen=True)
class Rerun:
    """How a process that ran an older version of a post reaches the state of the current one (see `again`).

    Attributes:
        was: code of the units of the old version whose results are superseded.
        again: number and code of the units to rerun.
        fresh: the names that they bind.
        forget: those among them that are no longer bound.
        first: the first unit that differs.
    """

    was: list[str]
    again: list[tuple[int, str]]
    fresh: list[str]
    forget: list[str]
    first: int


@dataclass(frozen=True)
class Job:
    """A post to run.

    Attributes:
        path: its path, relative to `root`.
        root: the folder of the project.
        packages: dotted names of the project's packages.
        shadow: source lines for tracebacks (see `Post.shadow`).
        units: what to run, in order.
        memory: limit in GiB.
        previews: whether previews count as records.
        keep: seconds of work that justify a snapshot; None for no snapshots.
        start: in a woken process, the first unit to run in order, after `rerun`.
        rerun: in a woken process, what to do before.
    """

    path: str
    root: str
    packages: list[str]
    shadow: list[str]
    units: list[Task]
    memory: float
    previews: bool
    keep: float | None = None
    start: int = 0
    rerun: Rerun | None = None

    def to_line(self) -> bytes:
        """This as a line of JSON."""
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def from_line(cls, line: bytes) -> Job:
        """The inverse of `to_line`."""
        data: dict[str, Any] = json.loads(line)
        rerun = data.pop("rerun")
        units = [Task(**unit) for unit in data.pop("units")]
        return cls(units=units, rerun=None if rerun is None else Rerun(**rerun), **data)
