"""What running a post leaves: Jupyter outputs and the records read, unit by unit. Values only, all JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

#: A Matplotlib figure drawn for both colour schemes: `{"light": svg, "dark": svg, "data": csv or ""}`.
FIGURE = "application/vnd.mlblog.figure+json"

#: The kind of an output that replaces what a display of an earlier unit shows; both name it in `transient`.
UPDATE = "update_display_data"

#: One output in the notebook format's own form (`output_type` stream, display_data, execute_result or error).
Output = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """What one unit (cell, doctest or inline expression) left.

    Attributes:
        outputs: what it shows.
        reads: `Read.to_json()` of each read of records.
        rests: what it read besides, by name, and the state of each when it was read (see `basis`).
        lines: whether it asked for the lines of the post, as a warning does, or `inspect.getsource`.
        modules: of the project's packages that it was the first to run, and the state of each when it ran.
        calls: the functions of these modules that it was the first to call, as `LINE NAME`.
        opaque: whether it made code of text or by pickled names, or forked, so that nobody knows what of them it used.
    """

    outputs: tuple[Output, ...] = ()
    reads: tuple[dict[str, Any], ...] = ()
    rests: dict[str, str] = field(default_factory=dict)
    lines: bool = False
    modules: dict[str, str] = field(default_factory=dict)
    calls: dict[str, list[str]] = field(default_factory=dict)
    opaque: bool = False

    def to_json(self) -> dict[str, Any]:
        """A form that `json` can write."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Ran:
        """The inverse of `to_json`."""
        given = {one.name: data[one.name] for one in fields(cls)}
        return cls(**given | {"outputs": tuple(data["outputs"]), "reads": tuple(data["reads"])})


@dataclass(frozen=True)
class Outputs:
    """What the units of a post left, in order."""

    ran: tuple[Ran, ...] = ()

    @property
    def files(self) -> list[str]:
        """Files and folders (`…/`) that any unit looked at, relative to the project's root where they are below it."""
        found: dict[str, None] = {}
        for name in (name for ran in self.ran for name in ran.rests):
            kind, _, path = name.partition(":")
            if kind in ("data", "look", "times"):
                found[path] = None
            elif kind in ("list", "sizes", "glob"):
                found[f"{path.partition(chr(10))[0]}/"] = None
        return list(found)

    def settled(self) -> Outputs:
        """The same as it looks when all has run: each display where it stands, as it was last updated."""
        last: dict[str, Any] = {}
        ran = []
        for one in reversed(self.ran):  # an update tells the units before it
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
