"""Updatable displays: updated in place within their unit, and by a separate output from later units."""

from __future__ import annotations

from typing import Any

from mlblog.press.kernel.output import UPDATE, Output


class Displays:
    """The displays of one post that have a display id.

    Attributes:
        updates: updates by the current unit to displays of earlier units, by name.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # stable names for IPython's random ids
        self._here: dict[str, list[Output]] = {}
        self.updates: dict[str, Output] = {}

    def begin(self) -> None:
        """Start a unit."""
        self._here.clear()
        self.updates.clear()

    def name(self, given: str, output: Output) -> None:
        """Register `output` under its display id."""
        name = self._names.setdefault(given, f"display-{len(self._names) + 1}")
        output["transient"] = {"display_id": name}
        self._here.setdefault(name, []).append(output)

    def update(self, given: str, data: dict[str, Any]) -> None:
        """Update the display with that id; like Jupyter, ignore unknown ids."""
        name = self._names.get(given)
        if name is None:
            return
        for output in self._here.get(name, ()):
            output["data"] = data
        transient = {"display_id": name}
        self.updates[name] = {"output_type": UPDATE, "data": data, "metadata": {}, "transient": transient}
