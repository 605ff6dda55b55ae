"""What git knows: code and records as they were at a revision."""

from __future__ import annotations

import subprocess
from pathlib import Path

from mlblog.errors import InputError
from mlblog.lab.project import Project
from mlblog.lab.record import SCALES, Record, arrays_name


class Revision:
    """One commit of the project's repository, read without checking it out."""

    def __init__(self, project: Project, name: str) -> None:
        """Look at the commit that `name` means.

        Raises:
            InputError: there is no repository, or no such commit in it.
        """
        self._root = project.root
        self._results = project.relative(project.results)
        self._prefix = self._git("rev-parse", "--show-prefix", what="no git repository").decode().strip()
        found = self._git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}", what=f"no commit {name!r} here")
        self.commit = found.decode().strip()

    def _git(self, *arguments: str, what: str) -> bytes:
        try:
            done = subprocess.run(["git", "-C", str(self._root), *arguments], capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise InputError(f"{self._root}: {what}") from error
        return done.stdout

    def read(self, path: str) -> bytes | None:
        """Return the content of a file, named from the project's root; None where there was none."""
        try:
            return self._git("show", f"{self.commit}:{self._prefix}{path}", what="")
        except InputError:
            return None

    def files(self, folder: str, suffix: str) -> list[str]:
        """Return the files below a folder that end in `suffix`, named from the project's root."""
        listed = self._git("ls-tree", "-r", "-z", "--name-only", self.commit, "--", f"{folder}/", what=f"no {folder}")
        return [name for name in listed.decode().split("\0") if name.endswith(suffix)]

    def records(self, experiment: str) -> list[Record]:
        """Return the records of `experiment` as they were, in the order of their paths.

        Raises:
            RecordError: one of them cannot be trusted, or is of another schema.
        """
        found = []
        for path in self.files(f"{self._results}/{experiment}", ".json"):
            text = self.read(path)
            if text is None or path.split("/")[-3] not in SCALES:
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
