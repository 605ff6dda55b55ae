"""Why a record is stale: the one question, answered with names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from mlblog.errors import InputError, RecordError
from mlblog.lab.declared import Declaration
from mlblog.lab.fingerprint import Code
from mlblog.lab.fingerprint.inputs import HELD, PROJECT, WRITTEN
from mlblog.lab.records.reading import Question, answer
from mlblog.lab.records.record import Record
from mlblog.lab.records.store import Store


@dataclass(frozen=True)
class Reason:
    """One difference between a record and the current project.

    Attributes:
        kind: `changed`, `added` or `removed` for code and data; `parameter`; `gone` for an experiment or scale.
        name: the qualified name of the function, class, constant or data file, or of the parameter.
        detail: details as text, such as the values of a parameter.
    """

    kind: str
    name: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.name} {self.detail or self.kind}"


def reasons(record: Record, code: Code, declarations: Mapping[str, Declaration], store: Store) -> list[Reason]:
    """Return why `record` no longer says what the project would find now; nothing if it still does.

    A record that depends on others is stale if they have changed, or are stale themselves.

    Library versions, driver and device are no reasons: they are recorded and shown.

    Raises:
        ProjectError: a module that the experiment reaches is not Python.
    """
    declaration = declarations.get(record.experiment)
    if declaration is None:
        return [Reason("gone", record.experiment, "is no longer an experiment")]
    try:
        params = declaration.params(record.scale, record.overrides)
    except InputError as error:
        return [Reason("gone", record.experiment, str(error))]
    found = [
        Reason("parameter", name, f"was {record.params.get(name)!r}, is {params.get(name)!r}")
        for name in sorted({*record.params, *params})
        if name not in record.params or name not in params or not _same(record.params[name], params[name])
    ]
    held = [name.removeprefix(f"{HELD}:") for name in record.manifest if name.startswith(f"{HELD}:")]
    now = code.manifest(declaration.qualified, params, known=record.manifest, held=held)
    for name in sorted({*record.manifest, *now}):
        if question := Question.parse(name):
            found += _answered(question, record.manifest[name], code, declarations, store)
            continue
        if record.manifest.get(name) == WRITTEN:
            continue
        # what the run was seen to use is in no manifest of now, and is looked at by itself
        digest = now[name] if name in now else code.digest(name)
        if name not in record.manifest:
            found.append(Reason("added", name))
        elif digest is not None and digest != record.manifest[name]:
            why = "changed; it starts another program, which may read any of them" if name == PROJECT else ""
            found.append(Reason("changed" if digest else "removed", name, why))
    return found


def _answered(
    question: Question, then: str, code: Code, declarations: Mapping[str, Declaration], store: Store
) -> list[Reason]:
    """Why the records that a run read would be others now."""
    name = str(question)
    try:
        digest, found = answer(store, question)
    except RecordError as error:
        return [Reason("changed", name, str(error))]
    if digest != then:
        return [Reason("changed" if digest else "removed", name)]
    stale = [record for record in found if reasons(record, code, declarations, store)]
    return [Reason("changed", name, "are stale themselves")] if stale else []


def _same(first: object, second: object) -> bool:
    # 1, 1.0 and True are equal, and `5 // k` tells them apart
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
