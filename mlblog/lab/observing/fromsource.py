"""Modules outside installed libraries, imported from their source even if there is bytecode.

Python trusts bytecode by the source's size and by whole seconds of its time: after two edits of the same
length within a second it would run the first, while the fingerprint is of the second.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from mlblog.lab.observing.ownership import is_library

executed: dict[Path, tuple[bytes, CodeType]] = {}  # of each module imported in this process: what ran
missed: set[str] = set()  # modules of the project's packages that were asked for and do not exist


class _Loader(SourceFileLoader):
    def path_stats(self, path: str) -> Any:
        # importlib reads and writes no bytecode for a source whose age it cannot learn
        raise OSError(f"{path}: its bytecode is not to be trusted")

    def source_to_code(self, data: Any, path: Any = "", **options: Any) -> CodeType:  # type: ignore[override]  # static there
        code: CodeType = super().source_to_code(data, path, **options)
        executed[Path(path)] = bytes(data), code
        return code


class _Finder:
    def __init__(self) -> None:
        self.packages: set[str] = set()
        self._theirs: set[str] = set()  # top-level names of libraries

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        top = name.partition(".")[0]
        if top in self._theirs:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if top not in self.packages and (spec is None or is_library(spec.origin or "")):
            self._theirs.add(top)
            return None
        self.packages.add(top)
        if spec is None:
            missed.add(name)
        if spec is not None and type(spec.loader) is SourceFileLoader:
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


_finder = _Finder()


def import_from_source(packages: Iterable[str]) -> None:
    """From now on, in this process, import modules of `packages` from their source."""
    _finder.packages |= {package.partition(".")[0] for package in packages}
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)
