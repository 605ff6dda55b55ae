"""Displays that are updated: at once in the unit that shows them, and as an output of its own from a later one."""

from __future__ import annotations

from typing import Any

from mlblog.press.kernel.output import UPDATE, Output


class Displays:
    """The displays of one post that have an id.

    Attributes:
        updates: what the unit that runs has changed in displays of units before it, by name.
    """

    def __init__(self) -> None:
        self._names: dict[str, str] = {}  # numbers for ids, which IPython draws at random
        self._here: dict[str, list[Output]] = {}
        self.updates: dict[str, Output] = {}

    def begin(self) -> None:
        """A unit starts."""
        self._here.clear()
        self.updates.clear()

    def name(self, given: str, output: Output) -> None:
        """Note that `output` may be updated under the id that the cell has given it."""
        name = self._names.setdefault(given, f"display-{len(self._names) + 1}")
        output["transient"] = {"display_id": name}
        self._here.setdefault(name, []).append(output)

    def update(self, given: str, data: dict[str, Any]) -> None:
        """Show `data` wherever the display with that id stands; as in Jupyter nowhere, if there is none."""
        name = self._names.get(given)
        if name is None:
            return
        for output in self._here.get(name, ()):
            output["data"] = data
        transient = {"display_id": name}
        self.updates[name] = {"output_type": UPDATE, "data": data, "metadata": {}, "transient": transient}
