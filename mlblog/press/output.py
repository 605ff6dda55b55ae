"""What running a post leaves: Jupyter outputs and the records read, unit by unit. Values only, all JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

#: A Matplotlib figure drawn for both colour schemes: `{"light": svg, "dark": svg, "data": csv or ""}`.
FIGURE = "application/vnd.mlblog.figure+json"

#: One output in the notebook format's own form (`output_type` stream, display_data, execute_result or error).
Output = dict[str, Any]


@dataclass(frozen=True)
class Ran:
    """What one unit (cell, doctest or inline expression) left."""

    outputs: tuple[Output, ...] = ()
    reads: tuple[dict[str, Any], ...] = ()  # `Read.to_json()` of the lab


@dataclass(frozen=True)
class Outputs:
    """What the units of a post left, in order, and the files of the project they opened: `{path: digest}`."""

    ran: tuple[Ran, ...] = ()
    files: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A form that `json` can write."""
        ran = [{"outputs": list(one.outputs), "reads": list(one.reads)} for one in self.ran]
        return {"ran": ran, "files": self.files}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Outputs:
        """The inverse of `to_json`."""
        return cls(tuple(Ran(tuple(one["outputs"]), tuple(one["reads"])) for one in data["ran"]), dict(data["files"]))


def inline_text(ran: Ran) -> str:
    """The text that stands in the prose for an inline expression."""
    return "".join(output["data"]["text/plain"] for output in ran.outputs if "data" in output)
