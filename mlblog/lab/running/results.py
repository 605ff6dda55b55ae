"""Results of a run so far, for its record and its checkpoints."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlblog.lab.records.keepable import check_name, kept
from mlblog.lab.records.model import Model
from mlblog.lab.records.record import Value


class Results:
    """Values, arrays, series and data digests of one run, by name.

    A run resumed from a checkpoint executes the code before the loop again. While it does (`replaying`), a result saved
    a second time keeps its first value, as in an uninterrupted run.
    """

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}
        self.arrays: dict[str, np.ndarray] = {}
        self.data: dict[str, str] = {}
        self.measured: set[str] = set()
        self.series: dict[str, list[tuple[int, float]]] = {}
        self.replaying = False
        self._restored: set[str] = set()

    def save(self, name: str, result: Any) -> None:
        """Keep `result`.

        Raises:
            ValueError: a record cannot hold it, or the name is used already.
        """
        if self._is_new(name):
            check_name(name)
            found = kept(result)
            if isinstance(found, np.ndarray):
                self.arrays[name] = found
            else:
                self.values[name] = found

    def save_model(self, model: Model) -> None:
        """Keep a model.

        Raises:
            ValueError: a record cannot hold it, or the name is used already.
        """
        check_name(model.name)
        for name, array in model.to_arrays().items():
            if self._is_new(name):
                self.arrays[name] = array

    def _is_new(self, name: str) -> bool:
        """Whether a result is to be kept, and not there from before the run was interrupted."""
        if self.replaying and name in self._restored:
            self._restored.remove(name)  # saving it twice before the loop is still an error
            return False
        if name in self.values or name in self.arrays:
            raise ValueError("was already saved")
        return True

    def log(self, name: str, step: int, number: float) -> None:
        """Append to a series.

        Raises:
            ValueError: the series cannot have that name.
        """
        if name not in self.series:
            check_name(name)
            if name.endswith("/step"):
                raise ValueError("ends in /step, which is reserved for series; choose another name")
        rows = self.series.setdefault(name, [])
        if not (self.replaying and any(step == before for before, _ in rows)):
            rows.append((step, number))

    def uses(self, source: str, digest: str) -> None:
        """Name a data source.

        Raises:
            ValueError: not two strings, or the source has had another digest before.
        """
        if not isinstance(source, str) or not isinstance(digest, str):
            raise ValueError("a source and its digest must be strings")
        check_name(source)
        check_name(digest)
        if self.data.setdefault(source, digest) != digest:
            raise ValueError(f"had the digest {self.data[source]} before and has {digest} now; its content changed")

    def all_arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays, with the series among them."""
        arrays = dict(self.arrays)
        for name, rows in self.series.items():
            arrays[f"series/{name}"] = np.array([value for _, value in rows], dtype=np.float64)
            arrays[f"series/{name}/step"] = np.array([step for step, _ in rows], dtype=np.int64)
        return arrays

    def state_dict(self) -> dict[str, Any]:
        """Return everything, for a checkpoint."""
        series = {
            name: (np.array([step for step, _ in rows], dtype=np.int64), np.array([value for _, value in rows]))
            for name, rows in self.series.items()
        }
        return {
            "values": dict(self.values), "arrays": dict(self.arrays), "data": dict(self.data),
            "measured": sorted(self.measured), "series": series,
        }  # fmt: skip

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what a checkpoint holds, in place of what the code before the loop has saved again."""
        before = {*self.values, *self.arrays}
        self.values, self.arrays, self.data = state["values"], state["arrays"], state["data"]
        self.measured = set(state["measured"])
        self.series = {
            name: list(zip(steps.tolist(), values.tolist(), strict=True))
            for name, (steps, values) in state["series"].items()
        }
        self.replaying = True
        self._restored = {*self.values, *self.arrays} - before
