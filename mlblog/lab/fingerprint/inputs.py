"""Inputs of a run other than code: their names in manifests, and their current digests.

`data:x.csv` is a file below the root, `list:data` the names in a folder, `glob:data/*.csv` the files of a pattern,
`look:x.csv` whether a file is there, and how large,
`outside:1f0c…/x.csv` a file or folder elsewhere on this machine, `environment:SIZE` a variable, `place:DATA` one that
named a folder or file on this machine, `project:files` all files that a started program may have read, and
`held:toy.losses` a module that was loaded by a run that imports by computed names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from mlblog.files import canonical
from mlblog.files.atomic import write_atomically
from mlblog.lab.fingerprint.sources import Sources, walked

DATA, LIST, GLOB, LOOK, OUTSIDE = "data", "list", "glob", "look", "outside"
ENVIRONMENT, PLACE, HELD = "environment", "place", "held"
PROJECT = "project:files"
WRITTEN = "written"  # in a manifest, in place of the digest of a file that the run only writes
KINDS = (DATA, LIST, GLOB, LOOK, OUTSIDE, ENVIRONMENT, PLACE, HELD, "project")
# published or generated files, which are not inputs
_NO_INPUT = {"docs/results", "posts_src", "site", "node_modules"}


class Inputs:
    """The current inputs of a project's runs."""

    def __init__(self, sources: Sources, places: Path | None, environ: Mapping[str, str] | None = None) -> None:
        """Read below the root of `sources`.

        Args:
            sources: of the project.
            places: a file with the paths, on this machine, of inputs outside the project.
            environ: environment variables, if not the current ones: a run may set some itself.
        """
        self._sources, self._places = sources, places
        self._environ = os.environ if environ is None else environ
        self._known: dict[str, str] | None = None

    def digest(self, name: str) -> str | None:
        """Return the digest of an input; empty if it does not exist, None if this machine does not know where it is."""
        kind, _, rest = name.partition(":")
        root = self._sources.root
        if kind == DATA:
            return self._sources.digest(root / rest)
        if kind == LIST:
            return _listing(root / rest)
        if kind == GLOB:
            found = (path for path in root.glob(rest) if not _is_ignored(path.name))
            return canonical.digest("list", *sorted(os.path.relpath(path, root) for path in found))
        if kind == LOOK:
            return _look(root / rest)
        if kind == ENVIRONMENT:
            return self._variable(rest)
        if kind == PLACE:  # another machine has other folders, and whether they hold the same is unknown
            return self._variable(rest) if name in self._outside() else None
        if kind == HELD:
            return HELD  # other names in the manifest cover its content
        if name == PROJECT:
            files = sorted(set(self._all()))
            return canonical.digest("list", *(f"{file}={self._sources.digest(root / file)}" for file in files))
        place = self._outside().get(name)
        if place is None:
            return None
        return _listing(Path(place)) if os.path.isdir(place) else self._sources.digest(Path(place))

    def _all(self) -> Iterable[str]:
        root = self._sources.root
        for path in walked(root, skip=lambda folder: _is_ignored(folder.name) or _is_made(folder, root)):
            if not path.endswith(".pyc"):
                yield os.path.relpath(path, root)

    def _variable(self, name: str) -> str:
        value = self._environ.get(name)
        return "" if value is None else canonical.digest("variable", value)

    def variable(self, name: str) -> str:
        """Return the name of a variable of the environment, by its value: a path on this machine, or anything else."""
        value = self._environ.get(name, "")
        return f"{PLACE if os.sep in value and os.path.exists(value) else ENVIRONMENT}:{name}"

    def outside(self, path: str) -> str:
        """Return the name of a path outside the project, by which records may know it; it reveals no path."""
        return f"{OUTSIDE}:{canonical.digest('place', path)[:8]}/{os.path.basename(path.rstrip(os.sep))}"

    def remember(self, paths: Iterable[str], variables: Iterable[str]) -> None:
        """Keep, on this machine alone, where paths outside the project are, and which variables held paths."""
        found = {self.outside(path): path for path in paths}
        found |= {name: "" for name in map(self.variable, variables) if name.startswith(f"{PLACE}:")}
        if self._places is not None and not found.items() <= self._outside().items():
            self._known = {**self._outside(), **found}
            write_atomically(self._places, json.dumps(self._known, indent=1, sort_keys=True).encode())

    def _outside(self) -> dict[str, str]:
        if self._known is None:
            try:
                self._known = dict(json.loads(self._places.read_bytes())) if self._places else {}
            except (FileNotFoundError, ValueError):
                self._known = {}  # nothing outside was read on this machine
        return self._known


def _listing(folder: Path) -> str:
    try:
        names = sorted(name for name in os.listdir(folder) if not _is_ignored(name))
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return canonical.digest("list", *names)


def _look(path: Path) -> str:
    """What can be known of a file without reading it: existence, kind, size, and the target of a link."""
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    link = os.readlink(path) if path.is_symlink() else ""
    if path.is_dir():
        return canonical.digest("look", "folder", link)
    return canonical.digest("look", "file", link, str(stat.st_size), str(bool(stat.st_mode & 0o111)))


def _is_ignored(name: str) -> bool:
    return name in ("__pycache__", ".mlblog", ".git") or name.endswith(".pyc")


def _is_made(folder: Path, root: Path) -> bool:
    return (
        folder.name.startswith(".")
        or folder.relative_to(root).as_posix() in _NO_INPUT
        or (folder / "pyvenv.cfg").exists()
    )
