"""Accepting a refactor by proof: records keep their values under new code only if both codes compute the same bits."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from mlblog.errors import InputError, RunError
from mlblog.lab.environment import commit
from mlblog.lab.executors.local import LocalExecutor
from mlblog.lab.history import Revision
from mlblog.lab.jobs import Job
from mlblog.lab.lab import Lab
from mlblog.lab.project import Project
from mlblog.lab.record import Key, Record, Value
from mlblog.lab.run import silent


def differences(old: Record, new: Record) -> list[str]:
    """Return the names of values and arrays that are not the same to the bit; what was measured is left out."""
    measured = {str(name) for record in (old, new) for name in _list(record.environment.get("measured"))}
    names = sorted({*old.values, *new.values, *old.arrays, *new.arrays} - measured)
    return [name for name in names if not _same(old, new, name)]


def _list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else []


def _same(old: Record, new: Record, name: str) -> bool:
    if name in old.arrays and name in new.arrays:
        first, second = old.arrays[name], new.arrays[name]
        return first.dtype == second.dtype and first.shape == second.shape and first.tobytes() == second.tobytes()
    missing = object()
    before, after = (record.values.get(name, missing) for record in (old, new))
    return type(before) is type(after) and before == after


def accept(lab: Lab, records: Iterable[Record]) -> list[str]:
    """Adopt the code of now for `records` whose smoke runs have the same bits on the code that made them.

    Returns:
        The paths of the records that now stand for the new code.

    Raises:
        InputError: a record's code is in no commit, or more than code has changed.
        RunError: a smoke run failed, or the values differ; nothing was adopted.
    """
    stale = [(record, lab.reasons(record)) for record in records]
    stale = [(record, found) for record, found in stale if found]
    for record, found in stale:
        if record.environment.get("dirty") or not record.environment.get("commit"):
            raise InputError(f"{record.path}: it ran on code that is in no commit, so there is nothing to compare with")
        if odd := [reason for reason in found if reason.kind in ("parameter", "gone")]:
            raise InputError(f"{record.path}: {odd[0]}: that is another run, not a refactor")
    proven: set[tuple[str, str, str]] = set()
    for record, _ in stale:
        case = (str(record.environment["commit"]), record.experiment, record.key.group)
        if case not in proven:
            _prove(lab, record)
            proven.add(case)
    head, dirty = commit(lab.project.root)
    vouched = (
        f"{datetime.now(UTC).isoformat(timespec='seconds')} {head[:12]}{' with uncommitted changes' if dirty else ''}"
    )
    adopted = []
    for record, _ in stale:
        manifest = lab.code.manifest(lab.experiments[record.experiment].qualified)
        environment = {**record.environment, "accepted": [*_list(record.environment.get("accepted")), vouched]}
        adopted.append(lab.store.put(dataclasses.replace(record, manifest=manifest, environment=environment)))
    return adopted


def _prove(lab: Lab, record: Record) -> None:
    key = Key(record.experiment, "smoke", record.overrides, 0)
    with tempfile.TemporaryDirectory(prefix="mlblog-accept-") as folder:
        revision = Revision(lab.project, str(record.environment["commit"]))
        revision.archive(Path(folder))
        then = Lab(Project.find(Path(folder)))
        if record.experiment not in then.experiments:
            raise RunError(f"{record.path}: commit {revision.commit[:12]} has no experiment {record.experiment}")
        old, new = (_smoke(one, key) for one in (then, lab))
    if changed := differences(old, new):
        raise RunError(
            f"{record.experiment}: not accepted: at smoke scale ({key}) the new code gives other bits for"
            f" {', '.join(changed)} than commit {revision.commit[:12]}. Run it again: mlblog run {record.experiment}"
        )


def _smoke(lab: Lab, key: Key) -> Record:
    declaration = lab.experiments[key.experiment]
    executor = LocalExecutor(lab.project, slots=1)
    job = Job(key, declaration.module, lab.code.manifest(declaration.qualified))
    try:
        return executor.submit(job, silent).result()
    finally:
        executor.close()
        job.checkpoints(lab.project.work).unlink(missing_ok=True)  # nobody keeps the record: the next proof begins anew
