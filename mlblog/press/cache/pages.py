"""What each post came to the last time: its page is left as it lies while nothing has changed that it was made from.

A page is made from the text of its post, from the modules that the post and the experiments it shows reach, from the
files that its cells opened, from what it says of other posts, and from its *world*: data, records, bibliography,
engine and the names of all modules. Modules and the world are told by the size and time of files, all else by content.
What was written within the last two seconds may be written again unseen, so no page is kept of it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlblog
from mlblog.files.atomic import write_atomically
from mlblog.files.canonical import digest
from mlblog.lab import Project
from mlblog.lab.records.stores import PREVIEW
from mlblog.press.kernel.watch import state_of
from mlblog.press.page.published import Published

_VERSION = 2
# a file may change twice within one tick of a coarse clock
_TICK = 2_000_000_000
_SKIPPED = {"__pycache__", ".mlblog", ".git", ".venv", "node_modules"}

Mark = list[int]  # time of change in nanoseconds, size in bytes


@dataclass(frozen=True)
class Kept:
    """A page that can stay as it is.

    Attributes:
        published: what its post says.
        around: what the page says of the site, as `Surroundings.told` has it.
        stale: for each experiment whose records it shows what has changed since.
        page: its path below the folder of pages.
        files: paths of what stands beside it.
    """

    published: Published
    around: str
    stale: dict[str, tuple[str, ...]]
    page: str
    files: tuple[str, ...]


class KeptPages:
    """The pages of a project that the last compilation made, by post."""

    def __init__(self, project: Project, made_by: str) -> None:
        """Look at the world as it is now, before anything of it is read. `made_by` names versions."""
        self._root, self._pages, self._file = project.root, project.work / "pages", project.work / "kept.json"
        self._modules = dict(_marks(_modules(project)))
        world = dict(_marks(_world(project)))
        self._settled = time.time_ns() - _TICK
        told = json.dumps([_VERSION, made_by, os.environ.get(PREVIEW), sorted(world.items()), sorted(self._modules)])
        self._world = digest("world", told) if _is_before(world.values(), self._settled) else ""
        self._posts: dict[str, Any] = self._load()
        self._now: dict[str, Any] = {}

    def find(self, path: str, text: bytes) -> Kept | None:
        """The page of the post at `path`, if it can stay as it is."""
        found = self._posts.get(path)
        if found is None or found["text"] != digest("text", text):
            return None
        if any(self._modules.get(name) != mark for name, mark in found["modules"].items()):
            return None
        if any(state_of(self._root, name) != state for name, state in found["opened"].items()):
            return None
        if any(_mark(self._pages / name) != mark for name, mark in found["files"].items()):
            return None  # somebody has been there
        stale = {name: tuple(reasons) for name, reasons in found["stale"].items()}
        page, *files = found["files"]
        return Kept(Published.from_json(found["published"]), found["around"], stale, page, tuple(files))

    def again(self, path: str) -> None:
        """The page of the post at `path` stays as it is."""
        self._now[path] = self._posts[path]

    def keep(
        self,
        text: bytes,
        published: Published,
        *,
        modules: Iterable[Path],
        opened: Mapping[str, str],
        around: str,
        stale: Mapping[str, tuple[str, ...]],
        files: Iterable[str],
    ) -> None:
        """Keep a page that has just been written, and what it was made from; the first of `files` is the page."""
        marks = {str(module): self._modules.get(str(module)) for module in modules}
        known = [mark for mark in marks.values() if mark is not None]
        if len(known) == len(marks) and _is_before(known, self._settled):
            self._now[published.post.path] = {
                "text": digest("text", text),
                "published": published.to_json(),
                "modules": marks,
                "opened": dict(opened),
                "around": around,
                "stale": dict(stale),
                "files": {name: _mark(self._pages / name) for name in files},
            }

    def save(self) -> None:
        """Keep for the next process what was kept, and nothing else."""
        if not self._world:
            self._file.unlink(missing_ok=True)
        elif self._now != self._posts:
            body = {"world": self._world, "posts": self._now}
            write_atomically(self._file, json.dumps(body, ensure_ascii=False).encode(errors="replace"))

    def _load(self) -> dict[str, Any]:
        try:
            body = json.loads(self._file.read_bytes())
            posts: dict[str, Any] = body["posts"] if body["world"] == self._world else {}
        except (OSError, ValueError, TypeError, KeyError):
            return {}  # none yet, or what a crash has left
        return posts


def _modules(project: Project) -> Iterator[Path]:
    for name in project.packages:
        yield from (path for path in _below(project.root.joinpath(*name.split("."))) if path.suffix == ".py")


def _world(project: Project) -> Iterator[Path]:
    """The files that any page may depend on, whatever its post says."""
    yield from (path for path in project.root.iterdir() if path.is_file())
    for name in project.packages:
        yield from (path for path in _below(project.root.joinpath(*name.split("."))) if path.suffix != ".py")
    yield from _below(project.results)
    yield from _below(project.work / "preview")
    engine = Path(mlblog.__file__).parent
    for name in ("lab", "papers", "press"):
        yield from _below(engine / name)
    yield engine / "claims.py"


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
        stat = os.stat(path)
    except OSError:
        return None
    return [stat.st_mtime_ns, stat.st_size]


def _is_before(marks: Iterable[Mark], moment: int) -> bool:
    return all(mark[0] < moment for mark in marks)
