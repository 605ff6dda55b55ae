"""Values that are made again only when what they are made from has changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlblog.files.atomic import write_atomically


class Remembered:
    """Values by the digest of all that they were made from: in memory, and in `file`, if there is one, as JSON."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._kept: dict[str, Any] = self._load()
        self._used: set[str] = set()
        self._is_new = False

    def get(self, key: str, make: Callable[[], Any]) -> Any:
        """The value under `key`; made, if there is none."""
        self._used.add(key)
        if key not in self._kept:
            self._kept[key] = make()
            self._is_new = True
        return self._kept[key]

    def end_build(self) -> None:
        """Forget what this build had no use for."""
        for key in self._kept.keys() - self._used:
            del self._kept[key]
            self._is_new = True
        self._used.clear()

    def save(self) -> None:
        """Keep all of it for the next process."""
        if self._file is not None and self._is_new:
            write_atomically(self._file, json.dumps(self._kept).encode())
            self._is_new = False

    def _load(self) -> dict[str, Any]:
        if self._file is None:
            return {}
        try:
            kept = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}  # none yet, or what a crash has left
        return kept if isinstance(kept, dict) else {}
