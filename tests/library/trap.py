"""What a trap is: a call with odd input, and what it must end in."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from torch import Tensor

INF, NAN = math.inf, math.nan


@dataclass(frozen=True)
class Trap:
    """A call, and the value or the error (with what it says) that it must end in."""

    name: str
    call: Callable[[], Any]
    right: Any
    match: str = ""

    def spring(self) -> None:
        """Fail unless the call ends as it must."""
        if inspect.isclass(self.right):
            with pytest.raises(self.right, match=self.match):
                self.call()
            return
        found = self.call()
        found = found.detach().numpy() if isinstance(found, Tensor) else np.asarray(found)
        np.testing.assert_allclose(found, np.asarray(self.right), rtol=1e-5, atol=1e-6, equal_nan=False)
