"""Changing many files at once: all of them, or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath

from mlblog.files.atomic import write_atomically
from mlblog.lab.project import Project
from mlblog.lab.record_path import RecordPath
from mlblog.lab.records.record import Record
from mlblog.lab.records.stores import project_store


class Swap:
    """Files and folders replaced one by one; if anything goes wrong, put back as they were."""

    def __init__(self) -> None:
        """Begin with nothing to undo."""
        self._undo: list[Callable[[], object]] = []

    def __enter__(self) -> Swap:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Put everything back if an error ended the block."""
        if kind is not None:
            while self._undo:
                self._undo.pop()()

    def write(self, path: Path, content: bytes) -> None:
        """Replace the content of a file; its permissions stay."""
        before, mode = path.read_bytes(), path.stat().st_mode
        self._undo.append(lambda: _write(path, before, mode))
        _write(path, content, mode)

    def move(self, source: Path, target: Path) -> None:
        """Move a file or folder to a path that does not exist."""
        target.parent.mkdir(parents=True, exist_ok=True)
        os.rename(source, target)
        self._undo.append(lambda: os.rename(target, source))


def _write(path: Path, content: bytes, mode: int) -> None:
    write_atomically(path, content)
    path.chmod(mode)


def swap(
    project: Project,
    old: str,
    new: str,
    files: Mapping[Path, bytes],
    own: Mapping[RecordPath, Record],
    others: Mapping[Path, Record],
    check: Callable[[], None],
) -> None:
    """Write `files`, move the folder of records `old` to `new` with the content of `own`, and rewrite `others`.

    Args:
        project: whose records.
        old: the folder of records so far.
        new: the folder from now on.
        files: new contents.
        own: the records that move, by their paths so far.
        others: records that stay, by their files.
        check: raises if the result is not what it should be; then nothing has happened.

    Raises:
        StoreBusy: another process held the store's lock for too long.
        OSError: a file cannot be written; everything is as it was.
    """
    project.work.mkdir(parents=True, exist_ok=True)
    with (
        project_store(project).locked(),
        tempfile.TemporaryDirectory(prefix="rename-", dir=project.work) as folder,
        Swap() as doing,
    ):
        for path, content in files.items():
            doing.write(path, content)
        for path, record in others.items():
            doing.write(path, record.files[0])
        if (project.results / old).is_dir():
            shutil.copytree(project.results / old, Path(folder, "new"), symlinks=True)
            for name, record in own.items():
                write_atomically(Path(folder, "new") / PurePath(name).relative_to(old), record.files[0])
            doing.move(Path(folder, "new"), project.results / new)
            doing.move(project.results / old, Path(folder, "old"))
        check()
