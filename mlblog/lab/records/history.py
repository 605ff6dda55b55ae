"""Git history: code and records at a revision, and all versions of a file."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from pathlib import Path

from mlblog.errors import GitError, InputError, NoGit
from mlblog.files.git import Git
from mlblog.lab.project import Project
from mlblog.lab.record_path import RecordPath
from mlblog.lab.records.arrays import arrays_name
from mlblog.lab.records.record import SCALES, Record


class Revision:
    """One commit of the project's repository, read without checking it out."""

    def __init__(self, project: Project, name: str) -> None:
        """Look at the commit called `name`.

        Raises:
            InputError: there is no repository, or no such commit in it.
        """
        self._root, self._repository = project.root, Git(project.root)
        self._results = project.relative(project.results)
        self._prefix = self._git("rev-parse", "--show-prefix", what="no git repository").decode().strip()
        found = self._git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", what=f"no commit {name!r} here")
        self.commit = found.decode().strip()

    def _git(self, *arguments: str, what: str) -> bytes:
        try:
            return self._repository.run(*arguments)
        except NoGit as error:
            raise InputError(f"{self._root}: git is not installed, and holds what is asked for") from error
        except GitError as error:
            raise InputError(f"{self._root}: {what}") from error

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, named from the project's root; None if it did not exist."""
        try:
            return self._git("show", f"{self.commit}:{self._prefix}{path}", what="")
        except InputError:
            return None

    def files(self, folder: str, suffix: str) -> list[str]:
        """Return the files below a folder that end in `suffix`, named from the project's root."""
        listed = self._git("ls-tree", "-r", "-z", "--name-only", self.commit, "--", f"{folder}/", what=f"no {folder}")
        return [name for name in listed.decode().split("\0") if name.endswith(suffix)]

    def records(self, experiment: str) -> list[Record]:
        """Return the records of `experiment` at this revision, sorted by path.

        Raises:
            RecordError: one of them cannot be trusted, or is of another schema.
        """
        found = []
        for path in self.files(f"{self._results}/{experiment}", ".json"):
            text = self.read(path)
            name = RecordPath.ending(path)
            if text is None or name is None or name.scale not in SCALES:
                continue

            def arrays(digest: str, path: str = path) -> bytes:
                return self.read(str(Path(path).with_name(arrays_name(Path(path).stem, digest)))) or b""

            found.append(Record.from_files(text, arrays, f"{self.commit[:12]}:{path}"))
        return found

    def archive(self, folder: Path) -> None:
        """Write all files of the commit below `folder`, as `git archive` gives them.

        Raises:
            InputError: git could not.
        """
        import io
        import tarfile

        content = self._git("archive", "--format=tar", self.commit, what="git archive failed")
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            archive.extractall(folder, filter="data")


class Past:
    """Every committed version of the files below a folder, and why there may be more."""

    def __init__(self, project: Project, folder: Path) -> None:
        """Look at `folder`, which lies in `project`."""
        self._root, self._folder = project.root, project.relative(folder)
        self._repository = Git(project.root)

    @cached_property
    def versions(self) -> dict[str, list[bytes]]:
        """The contents of each file, by its path from the project's root; those that git cannot read are left out."""
        # with every merge against each parent: otherwise a version that a merge dropped would not be listed
        listed = self._git(
            "log", "-z", "--full-history", "-m", "--raw", "--no-renames", "--no-abbrev", "--relative", "--format=",
            "--no-show-signature", "--", self._folder,
        )  # fmt: skip
        blobs: dict[str, dict[str, None]] = defaultdict(dict)  # by path
        fields = iter(listed.split(b"\0"))
        for field in fields:
            if field.lstrip().startswith(b":"):
                blob = field.split(b" ")[3].decode()
                path = next(fields).decode("utf-8", "replace")
                if blob.strip("0"):  # unless it was deleted
                    blobs[path][blob] = None
        contents = self._contents(list(dict.fromkeys(blob for found in blobs.values() for blob in found)))
        return {path: [contents[blob] for blob in found if blob in contents] for path, found in blobs.items()}

    @cached_property
    def gap(self) -> str:
        """Why git may not know every version; empty if it does."""
        if reason := gap(self._root):
            return reason
        try:
            self._repository.run("log", "--full-history", "-m", "-p", "--format=", "--", self._folder)
        except GitError:
            return "git could not read the whole history; see: git fsck"
        return ""

    def _contents(self, blobs: list[str]) -> dict[str, bytes]:
        given = "".join(f"{blob}\n" for blob in blobs).encode()
        out = self._git("cat-file", "--batch", given=given) if blobs else b""
        found, at = {}, 0
        while at < len(out):
            end = out.index(b"\n", at)
            name, kind, *size = out[at:end].decode().split(" ")
            at = end + 1
            if kind == "blob":  # and not "missing", as in a clone without blobs
                found[name] = out[at : at + int(size[0])]
                at += int(size[0]) + 1
        return found

    def _git(self, *arguments: str, given: bytes = b"") -> bytes:
        """The output of git up to a failure, which `gap` explains."""
        try:
            return self._repository.run(*arguments, given=given)
        except GitError as error:
            return error.told


def gap(root: Path) -> str:
    """Return why git may not know every commit of the project at `root`; empty if it does."""
    git = Git(root)
    try:
        shallow = git.text("rev-parse", "--is-shallow-repository") == "true"
    except NoGit:
        return "git is not installed"
    except GitError:
        return "there is no readable git repository here"
    for revision, reason in (
        ("HEAD", "there is no commit yet"),
        ("HEAD:./", "this project is not committed to the git repository around it"),
    ):
        if not git.ask("rev-parse", "--verify", "--quiet", revision):
            return reason
    if shallow:
        return "this clone is shallow; fetch the rest: git fetch --unshallow"
    grafts = root / git.text("rev-parse", "--git-path", "info/grafts")
    if grafts.is_file() or git.run("for-each-ref", "--count=1", "refs/replace"):
        return "grafts or replacements have changed the history here"
    return ""
