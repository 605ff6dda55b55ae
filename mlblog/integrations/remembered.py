"""A cache of values by the digest of their inputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlblog.files.atomic import write_atomically


class Remembered:
    """Values by the digest of their inputs, in memory and, if given, in `file` as JSON."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._kept: dict[str, Any] = self._load()
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
        if self._file is not None and self._is_new:
            write_atomically(self._file, json.dumps(self._kept).encode())
            self._is_new = False

    def _load(self) -> dict[str, Any]:
        if self._file is None:
            return {}
        try:
            kept = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}  # missing, or damaged by a crash
        return kept if isinstance(kept, dict) else {}
