"""The page cache: a page is left untouched while none of its inputs has changed.

A page depends on the text of its post, the modules that the post and its experiments reach, the inputs of
its outputs, what it says about other posts, and its *world*: data, records, bibliography, engine and the
names of all modules. Modules and the world are compared by file stat (size, inode, times), the rest by content.
A file written within the last two seconds could change again unnoticed, so pages that depend on it are not cached.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlblog.files.atomic import read_sealed, write_sealed
from mlblog.files.canonical import digest
from mlblog.lab import Project
from mlblog.lab.fingerprint.engine import FOLDER, PARTS
from mlblog.lab.fingerprint.sources import Mark, mark_of
from mlblog.press.kernel.basis import Basis
from mlblog.press.page.published import Published

_VERSION = 4
# a file may change twice within one tick of a coarse clock
_TICK = 2_000_000_000
_SKIPPED = {"__pycache__", ".mlblog", ".git", ".venv", "node_modules"}


@dataclass(frozen=True)
class CachedPage:
    """A page that is still valid.

    Attributes:
        published: summary of its post.
        around: digest of the site context, from `SiteContext.digest_for`.
        stale: reasons for staleness, by experiment shown.
        page: its path below the pages folder.
        files: paths of the files beside it.
    """

    published: Published
    around: str
    stale: dict[str, tuple[str, ...]]
    page: str
    files: tuple[str, ...]


class PageCache:
    """The pages of the last compilation, by post."""

    def __init__(self, project: Project, made_by: str, basis: Basis, *, previews: bool) -> None:
        """Take the state of the world before anything is read.

        Args:
            project: the project with the pages.
            made_by: identifies versions.
            basis: the current state of what outputs depend on.
            previews: whether pages show previews.
        """
        self._basis, self._pages, self._file = basis, project.work / "pages", project.work / "kept.json"
        self._modules = dict(_marks(_modules(project)))
        world = dict(_marks(_world(project)))
        self._settled = time.time_ns() - _TICK
        told = json.dumps([_VERSION, made_by, previews, sorted(world.items()), sorted(self._modules)])
        self._world = digest("world", told) if _is_before(world.values(), self._settled) else ""
        self._posts: dict[str, Any] = self._load()
        self._now: dict[str, Any] = {}

    def find(self, path: str, text: bytes) -> CachedPage | None:
        """The cached page of the post at `path`, if it is still valid."""
        found = self._posts.get(path)
        if found is None or found["text"] != digest("text", text):
            return None
        if any(self._modules.get(name) != mark for name, mark in found["modules"].items()):
            return None
        if not self._basis.holds(found["rests"]):
            return None
        if any(_mark(self._pages / name) != mark for name, mark in found["files"].items()):
            return None  # modified from outside
        stale = {name: tuple(reasons) for name, reasons in found["stale"].items()}
        page, *files = found["files"]
        return CachedPage(Published.from_json(found["published"]), found["around"], stale, page, tuple(files))

    def again(self, path: str) -> None:
        """Keep the cached page of the post at `path`."""
        self._now[path] = self._posts[path]

    def keep(
        self,
        text: bytes,
        published: Published,
        *,
        modules: Iterable[Path],
        rests: Mapping[str, str],
        around: str,
        stale: Mapping[str, tuple[str, ...]],
        files: Iterable[str],
    ) -> None:
        """Cache a page that was just written, with its inputs; the first of `files` is the page."""
        marks = {str(module): self._modules.get(str(module)) for module in modules}
        known = [mark for mark in marks.values() if mark is not None]
        if len(known) == len(marks) and _is_before(known, self._settled):
            self._now[published.post.path] = {
                "text": digest("text", text),
                "published": published.to_json(),
                "modules": marks,
                "rests": dict(rests),
                "around": around,
                "stale": dict(stale),
                "files": {name: _mark(self._pages / name) for name in files},
            }

    def save(self) -> None:
        """Write the cache to disk, dropping entries that were not used."""
        if not self._world:
            with contextlib.suppress(OSError):  # missing, or not a file
                self._file.unlink()
        elif self._now != self._posts:
            body = {"world": self._world, "posts": self._now}
            write_sealed(self._file, json.dumps(body, ensure_ascii=False).encode(errors="replace"))

    def _load(self) -> dict[str, Any]:
        content = read_sealed(self._file)
        body = json.loads(content) if content is not None else {}
        posts: dict[str, Any] = body["posts"] if self._world and body.get("world") == self._world else {}
        return posts


def _modules(project: Project) -> Iterator[Path]:
    for name in project.packages:
        yield from (path for path in _below(project.root.joinpath(*name.split("."))) if path.suffix == ".py")


def _world(project: Project) -> Iterator[Path]:
    """Files that any page may depend on."""
    yield from (path for path in project.root.iterdir() if path.is_file())
    for name in project.packages:
        yield from (path for path in _below(project.root.joinpath(*name.split("."))) if path.suffix != ".py")
    yield from _below(project.results)
    yield from _below(project.work / "preview")
    for part in (*PARTS, "claims"):
        yield from _below(FOLDER / part)
        yield FOLDER / f"{part}.py"


def _below(folder: Path) -> Iterator[Path]:
    for top, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _SKIPPED]
        yield from (Path(top, name) for name in files)


def _marks(paths: Iterable[Path]) -> Iterator[tuple[str, Mark]]:
    for path in paths:
        if (mark := _mark(path)) is not None:
            yield str(path), mark


def _mark(path: Path) -> Mark | None:
    try:
        return mark_of(os.stat(path))
    except OSError:
        return None


def _is_before(marks: Iterable[Mark], moment: int) -> bool:
    return all(mark[0] < moment for mark in marks)
