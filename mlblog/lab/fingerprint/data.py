"""Files beside the code: which of them a string in the code may name, by a path, a part of one or a pattern."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cached_property

from mlblog.lab.fingerprint.sources import Sources, walked

_RECORDS = "docs/results/"  # no run rests on the records that it makes; on others', by reading them


class DataFiles:
    """The files of a project's packages that are not Python, and those elsewhere below its root."""

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
        if ".." not in name:
            yield from self._elsewhere(name)

    def _elsewhere(self, name: str) -> Iterator[str]:
        """Files below the root, outside the packages: one by its path, a folder's, or those of a pattern in one."""
        literal = re.split(r"[*?\[]", name)[0]
        folder = literal if literal == name else literal.rpartition("/")[0]
        if not folder or any(part.startswith(".") for part in folder.split("/")):
            return
        start = self._sources.root / folder
        if os.path.isfile(start):
            yield folder
        elif start.is_dir() and not self._sources.in_package(start):
            for path in walked(start):
                relative = os.path.relpath(path, self._sources.root)
                if not relative.startswith(_RECORDS) and (literal == name or fnmatch(relative, name)):
                    yield relative
