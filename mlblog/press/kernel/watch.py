"""What a unit looked at, besides code and records, which are known by other means: files, folders, its own source."""

from __future__ import annotations

import linecache
import os
import sys
from pathlib import Path
from typing import Any

from mlblog.files.canonical import digest, digest_file

_LEFT_OUT = (".mlblog", ".venv", ".git", "site")
_LISTING = ("os.listdir", "os.scandir")


class Watch:
    """Collects, unit by unit, the files of the project that were opened (or looked for in vain) and folders listed."""

    def __init__(self, root: Path, packages: list[str], post: str) -> None:
        self._root, self._packages = root, tuple(f"{name}/" for name in packages)
        self._seen: set[str] = set()
        self._modules: set[str] = set()
        self.lines_asked = False
        self._watch_lines(post)
        sys.addaudithook(self._hook)

    def begin(self) -> None:
        """A unit starts."""
        self._seen.clear()
        self._modules = set(sys.modules)
        self.lines_asked = False

    def files(self) -> dict[str, str]:
        """`{path: digest}` of what the unit looked at; folders end with `/`."""
        seen = set(self._seen)
        # modules outside the packages that manifests cover; an import may open nothing but their bytecode
        for name in set(sys.modules) - self._modules:
            file = getattr(sys.modules[name], "__file__", None)
            path = self._inside(file) if isinstance(file, str) and file.endswith(".py") else None
            if path and not path.startswith(self._packages):
                seen.add(path)
        return {path: state_of(self._root, path) for path in sorted(seen)}

    def modules(self) -> list[str]:
        """The files of the project whose code this process holds."""
        files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
        paths = {self._inside(file) for file in files if isinstance(file, str) and file.endswith(".py")}
        return sorted(path for path in paths if path)

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            name, mode = args[0], args[1]
            if not isinstance(name, str) or (isinstance(mode, str) and mode[:1] in "wxa"):
                return
        elif event in _LISTING:
            name = args[0] if args[0] is not None else "."
            if not isinstance(name, str):
                return
        else:
            return
        path = self._inside(name)
        if path is None or path.endswith(".pyc"):
            return
        importing = sys._getframe(1).f_code.co_filename.startswith("<frozen importlib")
        if importing and (event != "open" or path.endswith(".py")):
            return  # the manifest answers for it; inspect.getsource, which shows comments too, is not an import
        if event == "open":
            if not os.path.isdir(name):
                self._seen.add(path)
        else:
            self._seen.add("./" if path == "." else f"{path}/")

    def _inside(self, name: str) -> str | None:
        path = os.path.relpath(os.path.abspath(name), self._root).replace(os.sep, "/")
        if path.startswith(("..", "docs/results")) or path.split("/")[0] in _LEFT_OUT or "site-packages" in path:
            return None
        return path

    def _watch_lines(self, post: str) -> None:
        """Note when something asks for the lines of the post: a traceback, a warning, `inspect.getsource`."""
        getlines = linecache.getlines

        def watched(filename: str, module_globals: Any = None) -> list[str]:
            if filename == post:
                self.lines_asked = True
            return getlines(filename, module_globals)

        linecache.getlines = watched


def state_of(root: Path, path: str) -> str:
    """The digest of a file, or of the names in a folder (`path` ends with `/`); empty where there is none."""
    place = root / path
    try:
        if path.endswith("/"):
            return digest("folder", *sorted(name for name in os.listdir(place) if name not in _LEFT_OUT))
        return digest_file(place)
    except OSError:
        return ""
