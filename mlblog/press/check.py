"""The check for CI: is everything on the site valid and fresh? Nothing is executed."""

from __future__ import annotations

from mlblog.errors import MlblogError, RecordError
from mlblog.lab import Lab, Project
from mlblog.lab.records.acceptance import on_smoke
from mlblog.lab.records.record import Record
from mlblog.lab.report import beyond


def findings(project: Project) -> tuple[list[str], list[str]]:
    """Return problems and notes, one line each.

    Problems are unreadable posts, and broken, stale or missing records.
    """
    lab = Lab(project)
    found = _posts(project)
    records: list[Record] = []
    for path in lab.store.names():
        try:
            record = lab.store.read(path)
            _ = len(record.arrays)  # decode them, as a page would
        except RecordError as error:
            found.append(str(error))
        else:
            records.append(record)
    for record in records:
        found += [f"{record.path}: stale: {reason}" for reason in lab.reasons(record)]
    for name in lab.experiments:
        if (scale := lab.recorded_scale(name)) is None:
            found.append(f"{name}: no records. Record it: mlblog run {name}")
            continue
        missing = (state for state in lab.states(lab.experiments[name].keys(scale)) if state.name == "missing")
        found += [f"{state.key}: missing. Record it: mlblog run {name} --scale {scale}" for state in missing]
    notes = [beyond(name, paths) for name in lab.experiments if (paths := lab.beyond(name))]
    return found, notes


def notes(project: Project) -> list[str]:
    """Return records that were accepted on weak evidence, one line each."""
    lab = Lab(project)
    found = []
    for name in lab.store.names():
        try:
            record = lab.store.read(name)
        except RecordError:
            continue  # reported by `findings`
        if accepted := on_smoke(record):
            found.append(
                f"note: {record.path}: accepted on smoke evidence, {accepted.day}."
                f" To verify: mlblog run {record.experiment} --scale {record.scale} --all"
            )
    return found


def _posts(project: Project) -> list[str]:
    from mlblog.press.compile import post_files
    from mlblog.press.source.parse import parse_post
    from mlblog.press.source.pictures import with_pictures

    found = []
    for path in post_files(project):
        try:
            with_pictures(parse_post(path.read_bytes(), project.relative(path)), project)
        except MlblogError as error:
            found.append(str(error))
    return found
