"""The files of a project's own code, read once and cached: modules by name, data files by content."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import decode_source
from pathlib import Path
from typing import Any

from mlblog.errors import ProjectError
from mlblog.files import canonical
from mlblog.files.memo import Memo
from mlblog.files.state import is_settled, mark_of
from mlblog.lab.fingerprint.module import read_module
from mlblog.lab.fingerprint.summary import Module

_CACHE = 15  # raise it whenever a summary's content or meaning changes
_COMPILED = (*EXTENSION_SUFFIXES, ".pyc")


class Sources:
    """Summaries of modules and digests of files, kept in one JSON file between processes."""

    def __init__(
        self, root: Path, packages: Iterable[str], cache: Path | None, executed: Mapping[Path, bytes] | None = None
    ) -> None:
        """Read the packages of `root`; remember what was read in the file `cache` if given.

        Args:
            root: of the project.
            packages: the names of its packages.
            cache: a file for what was read.
            executed: content to assume for some files, instead of what is on disk.
        """
        self.root = root
        packages = list(packages)
        self.files = {name: file for package in packages for name, file in module_files(root, package).items()}
        self._folders = [module_files(root, package)[package].parent for package in packages]
        self._cache = Memo(cache)
        self._known: dict[str, dict[str, Any]] = self._cache.get(str(_CACHE)) or {}
        self._modules: dict[str, Module] = {}
        self.neighbours: dict[str, Path] = {}
        self._strangers: set[str] = set()
        self._executed = executed or {}
        self._changed = False

    def save(self) -> None:
        """Write what was read, if anything was."""
        if self._changed:
            self._cache.put(str(_CACHE), self._known)
            self._changed = False

    def _remembered(self, kind: str, path: Path, read: Callable[[Path], Any]) -> Any:
        """The result of `read(path)`: the one kept, if the file is as it was then."""
        name = f"{kind}:{path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else path.as_posix()}"
        mark = mark_of(path.stat())
        known = self._known.get(name)
        if known and known["mark"] == mark and is_settled(mark, known["read"]):
            return known["result"]
        started = time.time_ns()
        result = read(path)
        self._known[name] = {"mark": mark, "read": started, "result": result}
        self._changed = True
        return result

    # -- modules ------------------------------------------------------------------------------------------------

    def has(self, name: str) -> bool:
        """Whether `name` is a module of the project: of its packages, or beside them, where imports find it."""
        return name in self.files or name in self._beside(name)

    def _beside(self, name: str) -> dict[str, Path]:
        """Modules next to the packages, looked for when one of them is named."""
        top = name.partition(".")[0]
        if top in self._strangers:
            return self.neighbours
        self._strangers.add(top)
        if any(module == top or module.startswith(f"{top}.") for module in self.files):
            return self.neighbours
        for base in (self.root, self.root / "src"):
            file, folder = base / f"{top}.py", base / top
            if file.is_file():
                self.neighbours[top] = file
            elif top.isidentifier() and (folder / "__init__.py").is_file():
                self.neighbours |= _below(base, folder)
        return self.neighbours

    def file(self, name: str) -> Path | None:
        """Return the file of a module of the project."""
        return self.files.get(name) or self._beside(name).get(name)

    def module(self, name: str) -> Module | None:
        """Return the summary of a first-party module, or None if `name` is not one."""
        if name not in self._modules:
            file = self.file(name)
            if file is None:
                return None
            if file in self._executed:
                summary = self._read(name, file, self._executed[file])
            else:
                summary = self._remembered("module", file, lambda path: self._read(name, path, path.read_bytes()))
            self._modules[name] = Module.from_json(summary)
        return self._modules[name]

    def _read(self, name: str, path: Path, content: bytes) -> dict[str, Any]:
        label = path.relative_to(self.root).as_posix()
        try:
            source = decode_source(content)
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise ProjectError(f"{label}:{line}: not UTF-8; save the file in that encoding") from error
        except SyntaxError as error:  # unknown encoding
            raise ProjectError(f"{label}:1: {error}") from error
        return read_module(name, source, label, is_package=path.name == "__init__.py").to_json()

    def native(self, name: str) -> str:
        """Return the file, below the root, of a compiled module; empty if it is not one."""
        return self._natives.get(name, "")

    @cached_property
    def _natives(self) -> dict[str, str]:
        found = {}
        for folder, package in zip(self._folders, self._packages, strict=True):
            for path in walked(folder):
                suffix = next((end for end in _COMPILED if path.endswith(end)), "")
                if suffix and "__pycache__" not in path:
                    parts = Path(path.removesuffix(suffix)).relative_to(folder).parts
                    found[".".join([package, *parts])] = Path(path).relative_to(self.root).as_posix()
        return found

    @cached_property
    def _packages(self) -> list[str]:
        return [next(n for n, file in self.files.items() if file.parent == folder) for folder in self._folders]

    # -- data ---------------------------------------------------------------------------------------------------

    def digest(self, path: Path) -> str:
        """Return the digest of a data file's content; empty if it does not exist."""
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return str(self._remembered("data", path, canonical.digest_file))
        return ""

    def in_package(self, folder: Path) -> bool:
        """Whether a folder is one of the packages', or below one."""
        return any(folder.is_relative_to(package) for package in self._folders)

    def data_files(self) -> dict[str, Path]:
        """Return `{path below the root: file}` of everything in the packages, compiled modules aside."""
        files = (path for folder in self._folders for path in walked(folder) if not path.endswith(".pyc"))
        return {os.path.relpath(path, self.root): Path(path) for path in files}


def walked(folder: Path, skip: Callable[[Path], bool] = lambda folder: False) -> Iterator[str]:
    """Yield the files below a folder, through links to folders too, in the order of their names; none below `skip`."""
    seen = set()
    for base, folders, files in os.walk(folder, followlinks=True):
        real = os.path.realpath(base)
        if real in seen:
            folders.clear()  # a link back to where we are
            continue
        seen.add(real)
        folders[:] = sorted(n for n in folders if n != "__pycache__" and not skip(Path(base, n)))
        yield from (os.path.join(base, file) for file in sorted(files))


def _below(base: Path, folder: Path) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for file in (Path(path) for path in walked(folder) if path.endswith(".py")):
        parts = file.relative_to(base).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        if all(part.isidentifier() for part in parts) and (file.name == "__init__.py" or name not in found):
            found[name] = file  # of a package and a module of one name, the package is imported
    return dict(sorted(found.items()))


def module_files(root: Path, package: str) -> dict[str, Path]:
    """Return `{module name: file}` of every module of `package`, found below `root` or `root/src`.

    Raises:
        ProjectError: the package is not there.
    """
    for base in (root, root / "src"):
        folder = base.joinpath(*package.split("."))
        if folder.is_dir():
            found = _below(base, folder)
            if package in found:
                return found
    raise ProjectError(
        f"{root / 'pyproject.toml'}: [tool.mlblog] names package {package!r}, which has no __init__.py in {root}"
    )
