"""The files of a project's own packages, read once and remembered: modules by name, data files by content."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from mlblog.lab import canonical
from mlblog.lab.atomic import write_atomically
from mlblog.lab.fingerprint.module import Module, module_files, read_module

_CACHE = 9  # raise it whenever a summary's content or meaning changes
# A file may change twice within one tick of a coarse clock; what was read so soon after is read again.
_TICK = 2_000_000_000


class Sources:
    """Summaries of modules and digests of files, kept in one JSON file between processes."""

    def __init__(self, root: Path, packages: Iterable[str], cache: Path | None) -> None:
        """Read the packages of `root`; remember what was read in the file `cache` if given."""
        self.root = root
        self.files = {name: file for package in packages for name, file in module_files(root, package).items()}
        self._folders = [module_files(root, package)[package].parent for package in packages]
        self._cache = cache
        self._known: dict[str, Any] = self._load()
        self._modules: dict[str, Module] = {}
        self._changed = False

    def _load(self) -> dict[str, Any]:
        if self._cache is None:
            return {}
        try:
            known = json.loads(self._cache.read_bytes())
        except (OSError, ValueError):
            return {}  # no cache yet, or one that a crash of the disk has spoilt: everything is read again
        return known["files"] if isinstance(known, dict) and known.get("version") == _CACHE else {}

    def save(self) -> None:
        """Write what was read, if anything was."""
        if self._cache is not None and self._changed:
            # on a read-only or full disk everything is parsed again next time: slower, and no less right
            with contextlib.suppress(OSError):
                write_atomically(self._cache, json.dumps({"version": _CACHE, "files": self._known}).encode())
            self._changed = False

    def _remembered(self, path: Path, read: Any) -> Any:
        """The result of `read(path)`: the one kept, if the file has its size and time of then."""
        name = path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()
        stat = path.stat()
        mark = [stat.st_mtime_ns, stat.st_size]
        known = self._known.get(name)
        if known and known["mark"] == mark and stat.st_mtime_ns < known["read"] - _TICK:
            return known["result"]
        result = read(path)
        self._known[name] = {"mark": mark, "read": time.time_ns(), "result": result}
        self._changed = True
        return result

    def module(self, name: str) -> Module | None:
        """Return the summary of a first-party module, or None where the name is not one's."""
        if name not in self._modules:
            file = self.files.get(name)
            if file is None:
                return None
            self._modules[name] = Module.from_json(self._remembered(file, lambda path: self._read(name, path)))
        return self._modules[name]

    def _read(self, name: str, path: Path) -> dict[str, Any]:
        label = path.relative_to(self.root).as_posix()
        source = path.read_text(encoding="utf-8")
        return read_module(name, source, label, is_package=path.name == "__init__.py").to_json()

    def digest(self, path: Path) -> str:
        """Return the digest of a data file's content; empty if it has gone since it was listed."""
        try:
            return str(self._remembered(path, canonical.digest_file))
        except FileNotFoundError:
            return ""

    def data_files(self) -> dict[str, Path]:
        """Return `{path below the root: file}` of everything in the packages that is not Python."""
        found = {}
        for folder in self._folders:
            for base, folders, files in os.walk(folder):
                folders[:] = sorted(name for name in folders if name != "__pycache__")
                for file in sorted(files):
                    if not file.endswith(".pyc"):
                        path = Path(base, file)
                        found[path.relative_to(self.root).as_posix()] = path
        return found
