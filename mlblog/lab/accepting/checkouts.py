"""The code of commits, checked out into temporary folders where it can be read and run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from types import TracebackType

from mlblog.errors import InputError, MlblogError, RunError
from mlblog.lab.declared import Declaration
from mlblog.lab.lab import Lab
from mlblog.lab.project import Project
from mlblog.lab.records.history import Revision
from mlblog.lab.records.record import Key, Value

# A blog that holds mlblog itself runs the commit's mlblog, whose fingerprints may differ from ours.
_ASK = """
import json, sys, mlblog
from mlblog.lab import Key, Lab, Project
lab = Lab(Project.find())
(job,) = lab.plan([Key(*json.loads(sys.argv[1]))], again=True)
print(json.dumps([mlblog.__file__, dict(job.manifest)]))
"""


class Past:
    """The project as it was at one commit, in a folder of its own. Files that git ignores are not there."""

    def __init__(self, commit: str, lab: Lab) -> None:
        """Look at `lab`, which is that of the folder."""
        self.commit, self.lab = commit, lab
        self._manifests: dict[str, dict[str, str]] = {}  # by experiment and parameters

    @cached_property
    def _experiments(self) -> dict[str, Declaration]:
        return self.lab.experiments

    def declaration(self, name: str) -> Declaration:
        """Return the experiment `name` as it was.

        Raises:
            InputError: there was none, or today's mlblog cannot read the commit's code.
        """
        try:
            found = self._experiments.get(name)
        except MlblogError as error:
            raise InputError(f"commit {self.commit[:12]} cannot be read by this mlblog: {error}") from error
        if found is None:
            raise InputError(f"commit {self.commit[:12]} has no experiment {name}")
        return found

    def manifest(self, name: str, params: Mapping[str, Value]) -> dict[str, str]:
        """Return what a run of the experiment `name` depended on, by today's way of taking fingerprints."""
        case = f"{name} {json.dumps(dict(params), sort_keys=True)}"
        if case not in self._manifests:
            self._manifests[case] = self.lab.code.manifest(self.declaration(name).qualified, params)
        return self._manifests[case]

    def run_manifest(self, key: Key) -> dict[str, str]:
        """Return the manifest of a run as the mlblog that would carry it out takes it.

        Raises:
            RunError: that mlblog does not work here, or Python would import another one.
        """
        root = self.lab.project.root
        if not (root / "mlblog" / "__init__.py").is_file():
            return self.manifest(key.experiment, self.declaration(key.experiment).params(key.scale, key.overrides))
        environment = {**os.environ, "MLBLOG_ROOT": str(root)}
        asked = json.dumps([key.experiment, key.scale, dict(key.overrides), key.seed])
        command = [sys.executable, "-c", _ASK, asked]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, encoding="utf-8")
        if done.returncode:
            raise RunError((done.stderr.strip().splitlines() or ["it ended without a message"])[-1])
        file, manifest = json.loads(done.stdout.splitlines()[-1])
        if not Path(file).resolve().is_relative_to(root):
            raise RunError(f"Python imports {file} instead of the commit's own mlblog; is PYTHONSAFEPATH set?")
        return dict(manifest)


class Pasts:
    """Every commit that is asked for, checked out once; use it as a context manager, which removes them."""

    def __init__(self, project: Project) -> None:
        """Look at the commits of the repository of `project`."""
        self._project = project
        self._known: dict[str, Past] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Pasts:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def at(self, commit: str) -> Past:
        """Return the project at `commit`.

        Raises:
            InputError: this repository does not have it, or it holds no project.
        """
        if commit not in self._known:
            self._known[commit] = self._checked_out(commit)
        return self._known[commit]

    def _checked_out(self, commit: str) -> Past:
        try:
            revision = Revision(self._project, commit)
        except InputError as error:
            raise InputError(f"{error}{self._way_to(commit)}") from error
        folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="mlblog-accept-"))).resolve()
        try:
            revision.archive(folder)
        except (tarfile.TarError, OSError) as error:
            raise InputError(f"commit {revision.commit[:12]} cannot be checked out: {error}") from error
        try:
            project = Project.find(folder)
        except MlblogError as error:
            raise InputError(f"commit {revision.commit[:12]} holds no project of this mlblog: {error}") from error
        if project.root != folder:
            raise InputError(f"commit {revision.commit[:12]} holds no project: no [tool.mlblog] in its pyproject.toml")
        return Past(revision.commit, Lab(project))

    def _way_to(self, commit: str) -> str:
        asked = ["git", "-C", str(self._project.root), "rev-parse", "--is-shallow-repository"]
        done = subprocess.run(asked, capture_output=True, text=True)
        if done.stdout.strip() == "true":
            return ". This clone is shallow; get the rest of it: git fetch --unshallow"
        return f". Get it from where it is: git fetch origin {commit}"
