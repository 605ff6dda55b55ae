"""The result of running a post: Jupyter outputs and records read, by unit, as JSON values."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, fields, replace
from typing import Any

#: A figure for both colour schemes: `{"light": svg, "dark": svg, "data": csv or ""}`. One that readers can touch has
#: `interactive` as well: its `kind`, and by name the `files` that the page's script for that kind loads (`as_text`).
#: One that is heard has `sound`: its `wav` in base64, and a `transcript`.
FIGURE = "application/vnd.mlblog.figure+json"

_BYTES = "data:;base64,"  # before the content of a file that is not text

#: MIME type of an output that updates a display of an earlier unit; both name it in `transient`.
UPDATE = "update_display_data"

#: One output in the notebook format's own form (`output_type` stream, display_data, execute_result or error).
Output = dict[str, Any]


def as_text(content: str | bytes) -> str:
    """The content of a file as JSON holds it."""
    return content if isinstance(content, str) else _BYTES + base64.b64encode(content).decode()


def as_bytes(text: str) -> bytes:
    """The content of a file that `as_text` wrote."""
    return base64.b64decode(text.removeprefix(_BYTES)) if text.startswith(_BYTES) else text.encode()


@dataclass(frozen=True)
class Ran:
    """The result of one unit (cell, doctest or inline expression).

    Attributes:
        outputs: displayed outputs.
        reads: `Read.to_json()` of each read of records.
        rests: other dependencies, by name, with their state when read (see `basis`).
        lines: whether it read source lines of the post, as a warning or `inspect.getsource` does.
        modules: project modules that it ran first, with their state at that time.
        calls: functions of these modules that it called first, as `LINE NAME`.
        opaque: whether it compiled code from text, unpickled names, or forked, so that its calls are unknown.
    """

    outputs: tuple[Output, ...] = ()
    reads: tuple[dict[str, Any], ...] = ()
    rests: dict[str, str] = field(default_factory=dict)
    lines: bool = False
    modules: dict[str, str] = field(default_factory=dict)
    calls: dict[str, list[str]] = field(default_factory=dict)
    opaque: bool = False

    def shows_lines(self, path: str) -> bool:
        """Whether the outputs depend on the line numbers of the post at `path`, as a warning does."""
        return self.lines or f"{path}:" in json.dumps(self.outputs, ensure_ascii=False)

    def to_json(self) -> dict[str, Any]:
        """This as JSON values."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Ran:
        """The inverse of `to_json`."""
        given = {one.name: data[one.name] for one in fields(cls)}
        return cls(**given | {"outputs": tuple(data["outputs"]), "reads": tuple(data["reads"])})


@dataclass(frozen=True)
class Outputs:
    """The results of the units of a post, in order."""

    ran: tuple[Ran, ...] = ()

    @property
    def files(self) -> list[str]:
        """Files and folders (`…/`) that any unit accessed, relative to the project root where possible."""
        found: dict[str, None] = {}
        for name in (name for ran in self.ran for name in ran.rests):
            kind, _, path = name.partition(":")
            if kind in ("data", "look", "times"):
                found[path] = None
            elif kind in ("list", "sizes", "glob"):
                found[f"{path.partition(chr(10))[0]}/"] = None
        return list(found)

    def settled(self) -> Outputs:
        """The final state: each display in its place, as last updated."""
        last: dict[str, Any] = {}
        ran = []
        for one in reversed(self.ran):  # updates apply to earlier units
            updates = {_display(output): output["data"] for output in one.outputs if output["output_type"] == UPDATE}
            shown = (output for output in one.outputs if output["output_type"] != UPDATE)
            ran.append(replace(one, outputs=tuple(_updated(output, last) for output in shown)))
            last = updates | last
        return Outputs(tuple(reversed(ran)))


def _display(output: Output) -> str:
    return str(output.get("transient", {}).get("display_id", ""))


def _updated(output: Output, last: dict[str, Any]) -> Output:
    if "transient" not in output:
        return output
    plain = {key: value for key, value in output.items() if key != "transient"}
    return plain | {"data": last.get(_display(output), output["data"])}
