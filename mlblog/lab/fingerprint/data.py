"""Files beside the code: which of them a string in the code may name, by a path, a part of one or a pattern."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cached_property

from mlblog.lab.fingerprint.sources import Sources


class DataFiles:
    """The files of a project's packages that are not Python, and those that stand elsewhere below its root."""

    def __init__(self, sources: Sources) -> None:
        """Look among `sources`, when first asked."""
        self._sources = sources

    @cached_property
    def paths(self) -> list[str]:
        """Those of the packages, below the root."""
        return list(self._sources.data_files())

    @cached_property
    def _by_part(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path in self.paths:
            for part in set(path.split("/")):
                found.setdefault(part, []).append(path)
        return found

    def named(self, text: str, here: str) -> Iterator[str]:
        """Yield the paths that `text` may name in a module of the folder `here`, all below the root."""
        # `words_{}.txt`, `%s.txt`, and an ending alone (`name + ".txt"`), are patterns
        name = re.sub(r"\{[^}]*\}|%[-+ #0-9.]*[a-z]", "*", text)
        name = re.sub(r"^(\.{0,2}/)+", "", name).rstrip("/")
        if re.fullmatch(r"\.\w+", name) and not name.startswith(".."):
            name = f"*{name}"
        if not re.search(r"\w", name):
            return
        wild = bool(set("*?[") & set(name))
        # a plain name can only be that of a path which has its first part
        for path in self.paths if wild else self._by_part.get(name.split("/")[0], ()):
            if path.endswith(".py") and not name.endswith(".py"):
                continue
            below = path.removeprefix(f"{here}/") if path.startswith(f"{here}/") else ""
            inside = path == name or path.endswith(f"/{name}") or f"/{name}/" in f"/{path}"
            if inside or (wild and (fnmatch(path, f"*/{name}") or (below and fnmatch(below, name)))):
                yield path
        if ".." not in name and not wild and (self._sources.root / name).is_file():
            yield name
