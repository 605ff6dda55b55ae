"""The uncommitted changes that a run was made with: kept on this machine, and named in its record by digest."""

from __future__ import annotations

import dataclasses
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mlblog.errors import GitError, InputError
from mlblog.files import canonical
from mlblog.files.atomic import write_atomically
from mlblog.files.git import Git
from mlblog.lab.fingerprint.sources import module_files
from mlblog.lab.project import Project
from mlblog.lab.records.environment import Environment
from mlblog.lab.records.history import Revision
from mlblog.lab.records.record import Record

FILE_LIMIT = 256 * 1024  # bytes of one file's changes; what is larger is data, not an edit
LIMIT = 1024 * 1024  # bytes of a patch
_LEFT_OUT = "# left out, too large: "
# regardless of the user's git configuration
_PLAIN = ("--binary", "--full-index", "--no-renames", "--no-color", "--no-ext-diff", "--no-textconv", "-U3")
_PLAIN_PATHS = ("--no-relative", "--src-prefix=a/", "--dst-prefix=b/")


class Kept(NamedTuple):
    """The commit that the changes are against, and the digest of their patch; None if no package is changed."""

    commit: str
    digest: str | None


def keep(project: Project) -> Kept | None:
    """Keep the uncommitted changes of the packages of `project` below `.mlblog/diffs`.

    Returns:
        Where they are; None without a commit.
    """
    try:
        head = Git(project.root).text("rev-parse", "--verify", "HEAD")
        content = _patch(project)
    except (OSError, GitError):
        return None
    if not content:
        return Kept(head, None)
    digest = canonical.digest("diff", content)
    path = _path(project, digest)
    if not path.is_file():
        write_atomically(path, content)
    return Kept(head, digest)


def noted(record: Record, kept: Kept | None) -> Record:
    """Return `record` with the digest of the changes that it was made with, if it was made with any."""
    environment = record.environment
    if kept is None or not environment.is_dirty or kept.commit != environment.commit:
        return record
    return dataclasses.replace(record, environment=environment.with_changes(kept.digest))


def _path(project: Project, digest: str) -> Path:
    return project.work / "diffs" / f"{digest}.patch"


def _patch(project: Project) -> bytes:
    """Changes of tracked files, and untracked files; those that are too large are only named at the top."""
    folders = [project.relative(module_files(project.root, name)[name].parent) for name in project.packages]
    git = Git(project.root)
    with tempfile.TemporaryDirectory(prefix="mlblog-diff-") as folder:
        index = Path(folder, "index")
        real = project.root / git.text("rev-parse", "--git-path", "index")
        if real.is_file():
            shutil.copyfile(real, index)
        own = {"GIT_INDEX_FILE": str(index)}
        added = git.run("ls-files", "--others", "--exclude-standard", "-z", "--", *folders)
        added = b"\0".join(name for name in added.split(b"\0") if name and not name.endswith(b"/"))
        if added:
            literal = Git(project.root, {**own, "GIT_LITERAL_PATHSPECS": "1"})
            from_input = ("--pathspec-from-file=-", "--pathspec-file-nul")
            literal.run("add", "--intent-to-add", *from_input, given=added)
        beside = Git(project.root, own)
        large = dict(_large(beside, folders))
        skipped = [f":(exclude,top,literal){name}" for name in large]
        found = beside.run("diff", "HEAD", *_PLAIN, *_PLAIN_PATHS, "--", *folders, *skipped)
    parts: list[bytes] = []
    for part in re.split(rb"^(?=diff --git )", found, flags=re.MULTILINE)[1:]:
        if len(part) > FILE_LIMIT or sum(map(len, parts)) + len(part) > LIMIT:
            name = part.partition(b"\n")[0].decode("utf-8", "replace").removeprefix("diff --git a/").split(" b/")[0]
            large[name] = len(part)
        else:
            parts.append(part)
    head = [f"{_LEFT_OUT}{name}, {size:,} bytes\n".encode("utf-8", "replace") for name, size in sorted(large.items())]
    return b"".join([*head, *parts])


def _large(git: Git, folders: list[str]) -> Iterator[tuple[str, int]]:
    """Changed files that are too large for a patch, by their path in the repository."""
    top = Path(git.text("rev-parse", "--show-toplevel"))
    names = git.text("diff", "HEAD", "--name-only", "-z", "--no-renames", "--no-relative", "--", *folders)
    for name in filter(None, names.split("\0")):
        path = top / name
        if path.is_file() and path.stat().st_size > FILE_LIMIT:
            yield name, path.stat().st_size


class Restored:
    """A commit with uncommitted changes on top: the code that a run was made with."""

    def __init__(self, project: Project, before: Revision, patch: bytes) -> None:
        """Apply `patch` to the commit `before`, beside the working tree and the repository.

        Raises:
            InputError: it does not apply.
        """
        self.commit = before.commit
        self._before = before
        try:
            self._files = dict(_applied(project.root, before.commit, patch)) if b"diff --git " in patch else {}
        except GitError as error:
            raise InputError(f"the saved changes do not apply: {error}") from error

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, named from the project's root; None if it did not exist."""
        return self._files[path] if path in self._files else self._before.read(path)


def _applied(root: Path, commit: str, patch: bytes) -> Iterator[tuple[str, bytes | None]]:
    """The files that a patch changes, as they are with it."""
    top = Path(Git(root).text("rev-parse", "--show-toplevel"))
    objects = (root / Git(root).text("rev-parse", "--git-path", "objects")).resolve()
    with tempfile.TemporaryDirectory(prefix="mlblog-diff-") as folder:
        Path(folder, "objects").mkdir()
        own = {
            "GIT_INDEX_FILE": f"{folder}/index",
            "GIT_OBJECT_DIRECTORY": f"{folder}/objects",
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(objects),
        }
        Git(top, own).run("read-tree", commit)
        Git(top, own).run("apply", "--cached", "--whitespace=nowarn", "-", given=patch)
        git = Git(root, own)
        names = git.text("diff", "--cached", "--name-status", "-z", "--no-renames", "--relative", commit)
        fields = iter(names.split("\0"))
        for status in fields:
            if status:
                name = next(fields)
                yield name, None if status == "D" else git.run("show", f":./{name}")


def restored(project: Project, before: Revision, environment: Environment) -> tuple[Revision | Restored, str]:
    """Return the code that a run on uncommitted changes was made with, as far as available, and a note on that."""
    ran = "it ran on uncommitted changes: the diff is against the commit"
    if "diff" not in environment:
        return before, f"{ran} below them"
    digest = environment["diff"]
    if digest is None:
        return before, ""  # no package was changed
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{32}", digest):
        return before, f"{ran} below them; the record names no saved changes"
    path = _path(project, digest)
    label = project.relative(path)
    try:
        content = path.read_bytes()
    except OSError:
        return before, f"{ran} below them; they were saved in {label}, which does not exist here"
    if canonical.digest("diff", content) != digest:
        return before, f"{ran} below them; they were saved in {label}, which is damaged"
    try:
        whole = Restored(project, before, content)
    except InputError as error:
        return before, f"{ran} below them; {error}"
    missing = [line.removeprefix(_LEFT_OUT) for line in content.decode("utf-8", "replace").splitlines()
               if line.startswith(_LEFT_OUT)]  # fmt: skip
    but = f"; too large for {label}: {'; '.join(missing)}" if missing else ""
    return whole, f"{ran} with these changes{but}"
