"""Export the site for other Markdown hosts: pages with outputs, records and configuration."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pathspec import GitIgnoreSpec

from mlblog import design
from mlblog.errors import InputError
from mlblog.files.state import Mark, is_settled, mark
from mlblog.lab import Project
from mlblog.press.compile import Compiled
from mlblog.press.configuration import PLUGINS, Configuration

_MARK = "# Written by `mlblog export`. The next export replaces this file and the folders beside it.\n"
_FOLDERS = ("docs", "overrides")


@dataclass(frozen=True)
class Exported:
    """What `export` wrote, and which settings it dropped."""

    folder: Path
    files: int
    left_out: tuple[str, ...]


def export(project: Project, compiled: Compiled, folder: Path) -> Exported:
    """Write the site of `project` to `folder`: `mkdocs.yml`, `docs/`, templates and `requirements.txt`.

    Args:
        project: its `mkdocs.yml` and `docs/` are copied.
        compiled: the pages; they become regular files below `docs/`.
        folder: new, empty, or an earlier export, which is replaced.

    Raises:
        InputError: `folder` has other content, or `mkdocs.yml` cannot be read.
    """
    return Export(project, folder).write(compiled)


class Export:
    """An export folder; unchanged files are not rewritten."""

    def __init__(self, project: Project, folder: Path) -> None:
        """Use `folder`, which must be new, empty, or an earlier export.

        Raises:
            InputError: it has other content.
        """
        _refuse(folder, project)
        self._project, self._folder = project, folder
        self._marks: dict[str, Mark] = {}  # file states at the time of copying

    def write(self, compiled: Compiled, *, is_preview: bool = False, notice: str = "") -> Exported:
        """Bring the folder up to date.

        Args:
            compiled: the pages.
            is_preview: whether to show drafts.
            notice: HTML to put at the top of each page.

        Raises:
            InputError: `mkdocs.yml` cannot be read; the folder is unchanged.
        """
        settings = Configuration(self._project.root / "mkdocs.yml")
        if is_preview:
            settings.show_drafts()
        wanted: dict[str, Path | bytes] = {}
        hidden = GitIgnoreSpec.from_lines([".*", "/templates/", *settings.excluded])  # the same rules as MkDocs
        if settings.has_design:
            own = self._project.root / settings.templates
            replaced = {name for _, name in _files(own, GitIgnoreSpec.from_lines([]))} if settings.templates else set()
            unused = () if design.has_networks(compiled.files) else (design.ENGINE,)
            served = (one for one in design.files() if not one[0].startswith(unused))
            wanted |= {f"docs/{name}": path for name, path in served if name not in replaced}
            wanted |= {f"overrides/{name}": path for name, path in design.templates()}
            wanted |= {f"docs/{name}": compiled.folder / name for name in compiled.engines}
        for path, name in _files(self._project.root / settings.docs, hidden):
            wanted[f"docs/{name}"] = path
        for name in (*compiled.pages, *compiled.files):
            wanted[f"docs/{name}"] = compiled.folder / name
        if settings.templates:
            for path, name in _files(self._project.root / settings.templates, GitIgnoreSpec.from_lines([])):
                wanted[f"overrides/{name}"] = path
        text, plugins, left_out = settings.for_others()
        needs = sorted({"mkdocs>=1.6.1,<2", "mkdocs-material"} | {PLUGINS[name] for name in plugins} - {"mkdocs"})
        wanted["requirements.txt"] = "\n".join([*needs, ""]).encode()
        if notice:
            pages = [name for name in wanted if name.startswith("docs/") and name.endswith(".md")]
            wanted |= {name: _with_notice(wanted[name], notice) for name in pages}
        for name, content in wanted.items():
            self._put(name, content)
        self._put("mkdocs.yml", (_MARK + text).encode())  # last, so that a watcher finds everything it refers to
        self._sweep(wanted)
        return Exported(self._folder, len(wanted) + 1, tuple(left_out))

    def _put(self, name: str, content: Path | bytes) -> None:
        known = self._marks.pop(name, None)
        now = mark(content) if isinstance(content, Path) else None
        is_known = now is not None and is_settled(now, time.time_ns())
        if now is None or now != known:
            self._write(self._folder / name, content.read_bytes() if isinstance(content, Path) else content)
        if now is not None and is_known:
            self._marks[name] = now

    def _write(self, target: Path, content: bytes) -> None:
        with contextlib.suppress(OSError):
            if target.read_bytes() == content:
                return
        target.parent.mkdir(parents=True, exist_ok=True)
        # in place: after a rename, Zensical 0.0.73 sometimes keeps reading the old file
        target.write_bytes(content)

    def _sweep(self, wanted: dict[str, Path | bytes]) -> None:
        for place in _FOLDERS:
            for top, _, names in os.walk(self._folder / place, topdown=False):
                for path in (Path(top, name) for name in names):
                    if path.relative_to(self._folder).as_posix() not in wanted:
                        path.unlink()
                with contextlib.suppress(OSError):  # not empty
                    os.rmdir(top)


def _refuse(folder: Path, project: Project) -> None:
    """Create the folder; refuse one that is not an export."""
    if folder.resolve() in (project.root, *project.root.parents) or folder.resolve().is_relative_to(
        project.root / "docs"
    ):
        raise InputError(f"{folder}: would overwrite the project; choose another folder")
    config = folder / "mkdocs.yml"
    if folder.is_dir() and any(folder.iterdir()):
        if not config.is_file() or not config.read_text(encoding="utf-8").startswith(_MARK):
            raise InputError(f"{folder}: not empty and not an export; choose an empty or new folder")
    elif folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; choose a folder")
    folder.mkdir(parents=True, exist_ok=True)


def _files(source: Path, excluded: GitIgnoreSpec) -> Iterator[tuple[Path, str]]:
    for path in sorted(source.rglob("*")):
        name = path.relative_to(source).as_posix()
        if path.is_file() and not excluded.match_file(name):
            yield path, name


def _with_notice(content: Path | bytes, notice: str) -> bytes:
    text = content.decode() if isinstance(content, bytes) else content.read_text(encoding="utf-8")
    end = text.find("\n---\n", 3) + len("\n---\n") if text.startswith("---\n") and "\n---\n" in text[3:] else 0
    return f"{text[:end]}\n{notice}\n\n{text[end:]}".encode()
