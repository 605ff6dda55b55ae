"""The cost of a run over all its processes, from checkpoint to checkpoint."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from mlblog.lab.running.environment import peak_memory


@dataclass
class Legs:
    """Seconds, memory and operations that are not deterministic: of this process and of earlier ones.

    Attributes:
        device: `cpu` or `cuda`.
        offenders: names of operations found not to be deterministic; it grows during the run.
    """

    device: str
    offenders: list[str]
    _before: float = 0.0
    _peak: int = 0
    _began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Seconds up to the checkpoint, plus those since this process began."""
        return self._before + time.monotonic() - self._began

    @property
    def peak(self) -> int:
        """The largest memory that any of the processes has held, in bytes."""
        return max(self._peak, peak_memory(self.device))

    def state_dict(self) -> dict[str, Any]:
        """Return the cost so far, for a checkpoint."""
        return {"seconds": self.seconds, "peak": self.peak, "offenders": sorted(set(self.offenders))}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Add the legs up to a checkpoint."""
        self._before, self._peak = state["seconds"], state["peak"]
        self.offenders += state["offenders"]
