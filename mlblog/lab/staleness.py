"""Why a record is stale: the one question, answered with names."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mlblog.errors import InputError, RecordError
from mlblog.lab.declared import Declaration
from mlblog.lab.fingerprint import Code
from mlblog.lab.fingerprint.inputs import HELD, PROJECT, WRITTEN
from mlblog.lab.records.reading import Question, answer
from mlblog.lab.records.record import Record
from mlblog.lab.records.store import Store


class Kind(StrEnum):
    """How a record, or the lack of one, differs from what the project would record now."""

    CHANGED = "changed"
    ADDED = "added"
    REMOVED = "removed"
    PARAMETER = "parameter"
    GONE = "gone"
    MISSING = "missing"
    BROKEN = "broken"
    ASKED = "asked for"


@dataclass(frozen=True)
class Reason:
    """One reason to run something again.

    Attributes:
        kind: `changed`, `added` or `removed` for code and data; `parameter`; `gone` for an experiment or scale;
            `missing` and `broken` for records; `asked for`.
        name: the qualified name of the function, class, constant or data file, or of the parameter, if it is about one.
        detail: more about it, in words.
    """

    kind: Kind
    name: str = ""
    detail: str = ""

    @property
    def is_in_manifest(self) -> bool:
        """Whether it is about code or data that a run depends on."""
        return self.kind in (Kind.CHANGED, Kind.ADDED, Kind.REMOVED)

    def __str__(self) -> str:
        return " ".join(filter(None, (self.name, self.detail or self.kind)))


def reasons(record: Record, code: Code, declarations: Mapping[str, Declaration], store: Store) -> list[Reason]:
    """Return why `record` may no longer be what the project would record now; nothing if it is fresh.

    A record that depends on others is stale if they have changed, or are stale themselves.

    Library versions, driver and device are not reasons: they are recorded and shown.

    Raises:
        ProjectError: a module that the experiment reaches is not Python.
    """
    declaration = declarations.get(record.experiment)
    if declaration is None:
        return [Reason(Kind.GONE, record.experiment, "is no longer an experiment")]
    try:
        params = declaration.params(record.scale, record.overrides)
    except InputError as error:
        return [Reason(Kind.GONE, record.experiment, str(error))]
    found = [
        Reason(Kind.PARAMETER, name, f"was {record.params.get(name)!r}, is {params.get(name)!r}")
        for name in sorted({*record.params, *params})
        if name not in record.params or name not in params or not same(record.params[name], params[name])
    ]
    held = [name.removeprefix(f"{HELD}:") for name in record.manifest if name.startswith(f"{HELD}:")]
    now = code.manifest(declaration.qualified, params, known=record.manifest, held=held)
    for name in sorted({*record.manifest, *now}):
        if question := Question.parse(name):
            found += _answered(question, record.manifest[name], code, declarations, store)
            continue
        if record.manifest.get(name) == WRITTEN:
            continue
        # what the run was seen to use is not in the current manifest, and is looked up separately
        digest = now[name] if name in now else code.digest(name)
        if name not in record.manifest:
            found.append(Reason(Kind.ADDED, name))
        elif digest is not None and digest != record.manifest[name]:
            why = "changed; it starts another program, which may read any of them" if name == PROJECT else ""
            found.append(Reason(Kind.CHANGED if digest else Kind.REMOVED, name, why))
    return found


def _answered(
    question: Question, then: str, code: Code, declarations: Mapping[str, Declaration], store: Store
) -> list[Reason]:
    """Why the records that a run read would be others now."""
    name = str(question)
    try:
        digest, found = answer(store, question)
    except RecordError as error:
        return [Reason(Kind.CHANGED, name, str(error))]
    if digest != then:
        return [Reason(Kind.CHANGED if digest else Kind.REMOVED, name)]
    stale = [record for record in found if reasons(record, code, declarations, store)]
    return [Reason(Kind.CHANGED, name, "are stale themselves")] if stale else []


def same(first: object, second: object) -> bool:
    """Whether two JSON values are written alike: 1, 1.0 and True, equal in Python, are not; nor are 0.0 and -0.0."""
    return json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
