"""A cache of values by the digest of their inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlblog.files.memo import Memo

_VALID = "values by the digest of their inputs"


class Remembered:
    """Values by the digest of their inputs, in memory and, if given, in `file` as JSON."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = Memo(file)
        self._kept: dict[str, Any] = self._file.get(_VALID) or {}
        self._used: set[str] = set()
        self._is_new = False

    def get(self, key: str, make: Callable[[], Any]) -> Any:
        """The value under `key`; computed if missing."""
        self._used.add(key)
        if key not in self._kept:
            self._kept[key] = make()
            self._is_new = True
        return self._kept[key]

    def end_build(self) -> None:
        """Drop values that this build did not use."""
        for key in self._kept.keys() - self._used:
            del self._kept[key]
            self._is_new = True
        self._used.clear()

    def save(self) -> None:
        """Write all values to disk."""
        if self._is_new:
            self._file.put(_VALID, self._kept)
            self._is_new = False
