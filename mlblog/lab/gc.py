"""What can be deleted: records that no experiment claims, and leftovers of runs."""

from __future__ import annotations

import json
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from mlblog.errors import RecordError
from mlblog.lab.lab import Lab
from mlblog.lab.records.arrays import arrays_beside, arrays_name
from mlblog.lab.records.stores import project_store


@dataclass(frozen=True)
class Rubbish:
    """A file that can go, its size in bytes, and why."""

    path: Path
    size: int
    why: str


def rubbish(lab: Lab, beyond: Collection[str] = ()) -> list[Rubbish]:
    """Return what can be deleted, in the order of paths; deletes nothing.

    Args:
        lab: whose records and leftovers.
        beyond: experiments whose records beyond what they declare can be deleted as well.
    """
    found = dict([*_records(lab, beyond), *_leftovers(lab), *_work(lab)])
    sizes = {path: _size(path) for path in found}
    return [Rubbish(path, size, found[path]) for path, size in sorted(sizes.items()) if size is not None]


def _size(path: Path) -> int | None:
    """The size of a file or of a link; None for folders, which runs do not leave, and for what no longer exists."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return None if stat.S_ISDIR(found.st_mode) else found.st_size


def delete(lab: Lab, beyond: Collection[str] = ()) -> list[Rubbish]:
    """Delete what can be deleted, and return it; holds the locks, so that files in use are safe.

    Raises:
        StoreBusy: another process held the store's lock for too long.
        RecordError: something cannot be deleted.
    """
    with project_store(lab.project).locked():
        found = rubbish(lab, beyond)
        for item in found:
            try:
                item.path.unlink(missing_ok=True)
            except OSError as error:
                raise RecordError(f"{lab.project.relative(item.path)}: cannot be deleted: {error.strerror}") from error
    return found


def _records(lab: Lab, beyond: Collection[str]) -> Iterator[tuple[Path, str]]:
    undeclared = {path for name in beyond for path in lab.beyond(name)}
    for name in lab.store.names():
        path = lab.project.results / name
        experiment, scale = name.experiment, name.scale
        if experiment not in lab.experiments:
            why = f"there is no experiment {experiment}"
        elif scale not in lab.experiments[experiment].scales:
            why = f"{experiment} has no scale {scale}"
        elif name in undeclared:
            why = f"{experiment} does not declare it"
        else:
            continue
        yield path, why
        yield from ((arrays, why) for arrays in arrays_beside(path))


def _leftovers(lab: Lab) -> Iterator[tuple[Path, str]]:
    results = lab.project.results
    for path in results.rglob(".tmp-*"):
        yield path, "a writer was killed here"
    for path in results.rglob("*.safetensors"):
        record = path.with_name(path.name.rpartition("-")[0] + ".json")
        if not record.is_file():
            yield path, "its record no longer exists"
            continue
        try:
            named = arrays_name(record.stem, json.loads(record.read_bytes())["arrays"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            continue  # a broken record may need its arrays for its repair
        if path.name != named:
            yield path, "its record names other arrays"


def _work(lab: Lab) -> Iterator[tuple[Path, str]]:
    work = lab.project.work
    for path in (work / "checkpoints").rglob("*.safetensors"):
        experiment = path.relative_to(work / "checkpoints").parts[0]
        if experiment not in lab.experiments:
            yield path, f"a checkpoint of {experiment}, which is not an experiment"
    for path in (work / "logs").rglob("*.log"):
        yield path, "the log of a run"
