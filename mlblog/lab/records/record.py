"""A record: what one run left, in a form that can be read in fifty years, and not edited unnoticed.

A record is two files: canonical JSON, and a safetensors file for the arrays. The JSON names the digest of the arrays
and carries an `id`, the digest of everything else in it; both are checked whenever a record is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from mlblog.errors import RecordError
from mlblog.files import canonical
from mlblog.lab.record_path import RecordPath
from mlblog.lab.records.arrays import Arrays, arrays_digest
from mlblog.lab.records.environment import Environment
from mlblog.lab.records.model import Model

SCHEMA = 1
SCALES = ("smoke", "small", "full")  # in ascending order of size
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}\Z")  # it becomes a folder's name, which 255 bytes must hold
_RESERVED = ("run", "scale", "seed", "self")  # what an experiment and `.runs` take besides parameters
_DIGEST = re.compile(rf"[0-9a-f]{{{2 * canonical.DIGEST_BYTES}}}\Z")
_CONFLICT = re.compile(rb"^<{7}(?: |\r?$)", re.MULTILINE)

Scalar = float | int | bool | str | None
Value = Scalar | list["Value"]

_FIELDS = frozenset(
    {"schema", "id", "experiment", "scale", "overrides", "params", "seed"}
    | {"values", "arrays", "manifest", "data", "environment"}
)


@dataclass(frozen=True, eq=False)
class Key:
    """Which run: the identity of a record. One record is kept for each key."""

    experiment: str
    scale: str
    overrides: Mapping[str, Value]
    seed: int

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.path == other.path  # 1, 1.0 and True are equal, and not the same run

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def group(self) -> str:
        """The folder of the overrides: `base`, or `heads=1,memory=last`; a digest if that is not a valid name."""
        if not self.overrides:
            return "base"
        name = ",".join(f"{key}={plain(value)}" for key, value in sorted(self.overrides.items()))
        sound = len(name) <= 80 and re.fullmatch(r"[A-Za-z0-9_=,+.-]+", name) and ".." not in name
        if sound and not any(_ambiguous(value) for value in self.overrides.values()):
            return name
        return "x-" + canonical.digest("overrides", canonical.encode(dict(self.overrides)))

    @property
    def path(self) -> RecordPath:
        """The path of the record below the store."""
        return RecordPath.of(self.experiment, self.scale, self.group, self.seed)

    @property
    def stem(self) -> str:
        """That path without its ending: `solver/small/base/seed-0`."""
        return self.path.stem

    def __str__(self) -> str:
        overrides = "".join(f" {key}={plain(value)}" for key, value in sorted(self.overrides.items()))
        return f"{self.experiment} {self.scale}{overrides} seed {self.seed}"


def plain(value: Value) -> str:
    """`value` as the command line takes it: strings as they are, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value)


def _ambiguous(value: Value) -> bool:
    """Whether a string reads like another value, or like several: "1" like 1, "last,heads=1" like two overrides."""
    if not isinstance(value, str):
        return False
    if "," in value or "=" in value:
        return True
    try:
        json.loads(value)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Record:
    """What one run left.

    Attributes:
        experiment: name of the experiment.
        scale: `smoke`, `small` or `full`.
        overrides: the parameters that the caller set, apart from the scale's.
        params: all parameters as the run got them.
        seed: the seed of every generator.
        values: scalars and short lists that the run saved.
        arrays: arrays that the run saved, its series as `series/<name>` with `series/<name>/step`, and its models as
            `model/<name>` with `model/<name>/input/…` and `…/output/…`.
        manifest: `{qualified name: digest}` of the first-party code and data files that the run depends on.
        data: `{source: digest}` as declared by `run.uses`.
        environment: where and when it ran; stamped at the run.
        path: where the record was read from, for people; not part of it.
    """

    experiment: str
    scale: str
    overrides: Mapping[str, Value]
    params: Mapping[str, Value]
    seed: int
    values: Mapping[str, Value]
    arrays: Mapping[str, np.ndarray]
    manifest: Mapping[str, str]
    data: Mapping[str, str]
    environment: Environment
    path: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "environment", Environment(self.environment))

    @property
    def key(self) -> Key:
        """Which run this is the record of."""
        return Key(self.experiment, self.scale, self.overrides, self.seed)

    @cached_property
    def files(self) -> tuple[bytes, bytes]:
        """The record as its two files: canonical JSON and safetensors (empty without arrays)."""
        arrays = self.arrays if isinstance(self.arrays, Arrays) else Arrays.of(self.arrays)
        body = {
            "schema": SCHEMA,
            "experiment": self.experiment,
            "scale": self.scale,
            "overrides": dict(self.overrides),
            "params": dict(self.params),
            "seed": self.seed,
            "values": dict(self.values),
            "arrays": arrays_digest(arrays.content),
            "manifest": dict(self.manifest),
            "data": dict(self.data),
            "environment": dict(self.environment),
        }
        body["id"] = canonical.digest("record", canonical.encode(body))
        return canonical.encode(body), arrays.content

    @property
    def id(self) -> str:
        """The digest of the whole record."""
        return str(json.loads(self.files[0])["id"])

    def model(self, name: str = "model") -> Model:
        """Return what `run.save_model` kept.

        Raises:
            KeyError: no such model.
        """
        return Model.from_arrays(name, self.arrays)

    @classmethod
    def from_files(cls, text: bytes, arrays: Callable[[str], bytes], path: str) -> Record:
        """Read a record back, and check all of it.

        Args:
            text: the JSON file.
            arrays: gives the content of the safetensors file with the digest that the JSON names.
            path: where it came from, for messages.

        Raises:
            RecordError: not JSON, another schema, a missing or odd field, a digest that does not fit. `path` is named.
        """
        body = _object(text, path)
        if body.get("schema") != SCHEMA or type(body["schema"]) is not int:  # True and 1.0 are equal to 1
            raise RecordError(
                f"{path}: schema {body.get('schema')!r}; this mlblog reads schema {SCHEMA}."
                " Install the mlblog that wrote it, or run the experiment again"
            )
        if set(body) != _FIELDS:
            odd = sorted(set(body) ^ _FIELDS)
            raise RecordError(f"{path}: missing or unknown fields: {', '.join(odd)}")
        claimed = body.pop("id")
        try:
            _check_types(body, path)
            actual = canonical.digest("record", canonical.encode(body))
        except (ValueError, TypeError, RecursionError) as error:
            raise RecordError(f"{path}: {error}") from error
        if claimed != actual:
            raise RecordError(f"{path}: its content does not match its id; it was edited or damaged. Run it again")
        content = arrays(body["arrays"]) if body["arrays"] else b""
        if body["arrays"] != arrays_digest(content):
            raise RecordError(f"{path}: the .safetensors file beside it is missing, damaged or from another run")
        fields = {name: body[name] for name in sorted(_FIELDS - {"schema", "id", "arrays"})}
        return cls(**fields, arrays=Arrays(content, path), path=path)


def misnamed(experiment: str, parameters: Iterable[str]) -> str:
    """Return why runs could not be recorded under these names; empty if they can."""
    for what, name in (("the experiment", experiment), *(("parameter", name) for name in parameters)):
        if not NAME.match(name):
            return f"{what} {name!r} needs a name of at most 100 letters, digits and underscores, all ASCII; rename it"
        if what == "parameter" and name in _RESERVED:
            return f"parameter {name!r} clashes with an argument of .runs({name}=…); rename it"
    return ""


def _object(text: bytes, path: str) -> dict[str, Any]:
    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not a number that records can store")

    try:
        body = json.loads(text, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        if _CONFLICT.search(text):
            raise RecordError(
                f"{path}: it has merge conflict markers. Choose one side, with git checkout --ours or --theirs"
                " and this path, or run it again"
            ) from error
        raise RecordError(f"{path}: not JSON: {error}") from error
    if not isinstance(body, dict):
        raise RecordError(f"{path}: a record is a JSON object, not {type(body).__name__}")
    return body


def _check_types(body: dict[str, Any], path: str) -> None:
    def bad(what: str) -> RecordError:
        return RecordError(f"{path}: {what}")

    if not isinstance(body["experiment"], str) or not NAME.match(body["experiment"]):
        raise bad("`experiment` is not a name")
    if body["scale"] not in SCALES:
        raise bad(f"`scale` is not one of {', '.join(SCALES)}")
    if isinstance(body["seed"], bool) or not isinstance(body["seed"], int) or not 0 <= body["seed"] < 2**32:
        raise bad("`seed` is not a whole number from 0 to 2**32 - 1")
    if not isinstance(body["arrays"], str) or (body["arrays"] and not _DIGEST.match(body["arrays"])):
        raise bad("`arrays` is not a digest")
    for name in ("overrides", "params", "values", "environment"):
        if not isinstance(body[name], dict) or not all(is_value(value) for value in body[name].values()):
            raise bad(f"`{name}` is not an object of numbers, strings and lists of them")
    for name in ("manifest", "data"):
        if not isinstance(body[name], dict) or not all(isinstance(value, str) for value in body[name].values()):
            raise bad(f"`{name}` is not an object of strings")
    if not all(NAME.match(name) for name in body["overrides"]):
        raise bad("`overrides` has a key that is not a name")


def is_value(value: object) -> bool:
    """Whether a record can hold `value`: a JSON scalar, or a list of them."""
    if isinstance(value, list):
        return all(is_value(item) for item in value)
    return value is None or isinstance(value, bool | int | float | str)
