"""State of installed libraries, by import name.

Installers list the files of each distribution with their digests in `RECORD`; its content
is the state of the distribution.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from mlblog.files.canonical import digest, digest_file
from mlblog.files.memo import Memo
from mlblog.files.state import marks
from mlblog.lab.observing.ownership import LIBRARIES

_NOTES = (("RECORD", ".dist-info"), ("SOURCES.txt", ".egg-info"), ("PKG-INFO", ".egg-info"))


class Libraries:
    """Installed libraries, as of the lifetime of this object."""

    def __init__(self, kept: Path) -> None:
        """Cache in the file `kept` which distribution provides which names: reading all takes half a second."""
        self._kept = Memo(kept)
        self._states: dict[str, str] = {}

    def state(self, top: str) -> str:
        """The state of the library imported as `top`; empty if not installed."""
        if top not in self._states:
            self._states[top] = digest("library", *self._parts(top))
        return self._states[top]

    @cached_property
    def everything(self) -> str:
        """The names and versions of all installed distributions."""
        return digest("libraries", *sorted(name for folder in LIBRARIES for name in _names(folder)))

    def _parts(self, top: str) -> Iterator[str]:
        for note in self._owners.get(top, ()):
            yield f"{note}={digest_file(Path(note))}"
        if top not in self._owners:  # copied by hand
            for folder in LIBRARIES:
                for place in (Path(folder, top), Path(folder, f"{top}.py")):
                    if place.is_file():
                        yield digest_file(place)
                    for base, _, files in sorted(os.walk(place)):
                        yield from (f"{n}={digest_file(Path(base, n))}" for n in sorted(files) if n.endswith(".py"))

    @cached_property
    def _owners(self) -> dict[str, list[str]]:
        """The `RECORD` files of the distributions that provide each name."""
        found: dict[str, list[str]] = self._kept.value(json.dumps(marks(LIBRARIES), sort_keys=True), _owners)
        return found


def _owners() -> dict[str, list[str]]:
    owners: dict[str, list[str]] = {}
    for folder in LIBRARIES:
        for name in _names(folder):
            for note in (os.path.join(folder, name, note) for note, end in _NOTES if name.endswith(end)):
                for top in _tops(note):
                    owners.setdefault(top, []).append(note)
    return owners


def _names(folder: str) -> list[str]:
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def _tops(note: str) -> set[str]:
    """The top-level names in a `RECORD`, without suffixes."""
    try:
        with open(note, encoding="utf-8") as lines:
            paths = {line.partition(",")[0].strip().partition("/")[0] for line in lines}
    except OSError:
        return set()
    return {path.partition(".")[0] for path in paths if path and not path.startswith(".")}
