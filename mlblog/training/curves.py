"""Curves in memory, for a run that trains more than one network."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


class Curves:
    """A recorder for `mlblog.training.trainer.train` that keeps curves and no checkpoints.

    Example:
        >>> curves = Curves()
        >>> curves.log(step=0, loss=2.0), curves.log(step=5, loss=1.0)
        (None, None)
        >>> curves.values("loss").tolist()
        [2.0, 1.0]
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[tuple[int, float]]] = {}

    def checkpoint(self, **parts: Any) -> Curves:
        """Keep nothing: a run of several short trainings begins again."""
        return self

    def steps(self, stop: int, label: str, /) -> range:
        """All steps."""
        return range(stop)

    def log(self, *, step: int, **values: Any) -> None:
        """Note values at a step."""
        for name, value in values.items():
            self._rows.setdefault(name, []).append((step, float(value)))

    def steps_of(self, name: str) -> NDArray[np.float64]:
        """The steps at which `name` was noted, shape (n,)."""
        return np.array([step for step, _ in self._rows[name]], dtype=np.float64)

    def values(self, name: str) -> NDArray[np.float64]:
        """What was noted as `name`, shape (n,)."""
        return np.array([value for _, value in self._rows[name]])
