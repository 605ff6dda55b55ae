"""What running a post leaves: Jupyter outputs and the records read, unit by unit. Values only, all JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
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
        files: `{path: digest}` of the project's files that it opened and of the folders (`…/`) that it listed.
        lines: whether it asked for the lines of the post, as a warning does, or `inspect.getsource`.
    """

    outputs: tuple[Output, ...] = ()
    reads: tuple[dict[str, Any], ...] = ()
    files: dict[str, str] = field(default_factory=dict)
    lines: bool = False

    def to_json(self) -> dict[str, Any]:
        """A form that `json` can write."""
        return {"outputs": list(self.outputs), "reads": list(self.reads), "files": self.files, "lines": self.lines}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Ran:
        """The inverse of `to_json`."""
        return cls(tuple(data["outputs"]), tuple(data["reads"]), dict(data["files"]), data["lines"])


@dataclass(frozen=True)
class Outputs:
    """What the units of a post left, in order."""

    ran: tuple[Ran, ...] = ()

    @property
    def files(self) -> dict[str, str]:
        """Files and folders of the project that any unit looked at, with their digests."""
        return {path: digest for ran in self.ran for path, digest in ran.files.items()}

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
