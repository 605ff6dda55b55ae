"""Installed libraries, by the names that are imported, and the state of what is installed under each.

An installer notes beside each distribution which files it has put there, with the digest of each (`RECORD`): that note
is the state of all that it installed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from mlblog.files.atomic import read_sealed, write_sealed
from mlblog.files.canonical import digest, digest_file
from mlblog.lab.fingerprint.sources import mark_of
from mlblog.lab.observing.ownership import LIBRARIES

_NOTES = (("RECORD", ".dist-info"), ("SOURCES.txt", ".egg-info"), ("PKG-INFO", ".egg-info"))


class Libraries:
    """What is installed in the folders of libraries, while this object lives."""

    def __init__(self, kept: Path) -> None:
        """Keep in the file `kept` which distribution has which names: reading that of all takes half a second."""
        self._kept = kept
        self._states: dict[str, str] = {}

    def state(self, top: str) -> str:
        """The state of what is imported as `top`; empty if nothing is."""
        if top not in self._states:
            self._states[top] = digest("library", *self._parts(top))
        return self._states[top]

    @cached_property
    def everything(self) -> str:
        """The state of all that is installed, by name and version."""
        return digest("libraries", *sorted(name for folder in LIBRARIES for name in _names(folder)))

    def _parts(self, top: str) -> Iterator[str]:
        for note in self._owners.get(top, ()):
            yield f"{note}={digest_file(Path(note))}"
        if top not in self._owners:  # put there by hand
            for folder in LIBRARIES:
                for place in (Path(folder, top), Path(folder, f"{top}.py")):
                    if place.is_file():
                        yield digest_file(place)
                    for base, _, files in sorted(os.walk(place)):
                        yield from (f"{n}={digest_file(Path(base, n))}" for n in sorted(files) if n.endswith(".py"))

    @cached_property
    def _owners(self) -> dict[str, list[str]]:
        """The notes of the distributions that have anything of a name."""
        marks = json.dumps([[folder, mark_of(os.stat(folder))] for folder in LIBRARIES if os.path.isdir(folder)])
        known = read_sealed(self._kept)
        if known is not None:
            body = json.loads(known)
            if body["marks"] == marks:
                owners: dict[str, list[str]] = body["owners"]
                return owners
        owners = {}
        for folder in LIBRARIES:
            for name in _names(folder):
                for note in (os.path.join(folder, name, note) for note, end in _NOTES if name.endswith(end)):
                    for top in _tops(note):
                        owners.setdefault(top, []).append(note)
        write_sealed(self._kept, json.dumps({"marks": marks, "owners": owners}).encode())
        return owners


def _names(folder: str) -> list[str]:
    return sorted(os.listdir(folder)) if os.path.isdir(folder) else []


def _tops(note: str) -> set[str]:
    """The first names of the paths in a note, less their endings."""
    try:
        with open(note, encoding="utf-8") as lines:
            paths = {line.partition(",")[0].strip().partition("/")[0] for line in lines}
    except OSError:
        return set()
    return {path.partition(".")[0] for path in paths if path and not path.startswith(".")}
