"""The page cache: a page is left untouched while none of its inputs has changed.

A page depends on the text of its post, the modules that the post and its experiments reach, the inputs of
its outputs, what it says about other posts, and its *world*: data, records, bibliography, engine and the
names of all modules. Modules and the world are compared by file stat (size, inode, times), the rest by content.
A file written within the last two seconds could change again unnoticed, so pages that depend on it are not cached.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlblog.files.canonical import digest
from mlblog.files.memo import Memo
from mlblog.files.state import TICK, Mark, mark, marks
from mlblog.lab import Project
from mlblog.lab.fingerprint.engine import FOLDER, PARTS
from mlblog.press.kernel.basis import Basis
from mlblog.press.page.published import Published

_VERSION = 4
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
        self._basis, self._pages, self._memo = basis, project.work / "pages", Memo(project.work / "kept.json")
        self._modules = marks(_modules(project))
        world = marks(_world(project))
        self._settled = time.time_ns() - TICK
        told = json.dumps([_VERSION, made_by, previews, sorted(world.items()), sorted(self._modules)])
        self._world = digest("world", told) if _is_before(world.values(), self._settled) else ""
        self._posts: dict[str, Any] = (self._memo.get(self._world) if self._world else None) or {}
        self._now: dict[str, Any] = {}

    def find(self, path: str, text: bytes) -> CachedPage | None:
        """The cached page of the post at `path`, if it is still valid."""
        found = self._posts.get(path)
        if found is None or found["text"] != digest("text", text):
            return None
        if any(self._modules.get(name) != read for name, read in found["modules"].items()):
            return None
        if not self._basis.holds(found["rests"]):
            return None
        if any(mark(self._pages / name) != written for name, written in found["files"].items()):
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
        read = {str(module): self._modules.get(str(module)) for module in modules}
        known = [one for one in read.values() if one is not None]
        if len(known) == len(read) and _is_before(known, self._settled):
            self._now[published.post.path] = {
                "text": digest("text", text),
                "published": published.to_json(),
                "modules": read,
                "rests": dict(rests),
                "around": around,
                "stale": dict(stale),
                "files": {name: mark(self._pages / name) for name in files},
            }

    def save(self) -> None:
        """Write the cache to disk, dropping entries that were not used."""
        if self._world and self._now != self._posts:
            self._memo.put(self._world, self._now)


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


def _is_before(read: Iterable[Mark], moment: int) -> bool:
    """Whether files were all written before a moment. A copied file may be older than the copy."""
    return all(written < moment for written, *_ in read)
