"""Temporary checkouts of commits, to read and run their code."""

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
from mlblog.files.git import Git
from mlblog.lab.declared import Declaration
from mlblog.lab.lab import Lab
from mlblog.lab.project import Project
from mlblog.lab.records.history import Revision
from mlblog.lab.records.record import Key, Record, Value

# uses only API that is stable across commits
_RUN = """
import json, sys
from mlblog.lab import Key, Lab, Project
try:
    from mlblog.lab.running.executors.inline import InlineExecutor
except ImportError:
    from mlblog.lab.executors.inline import InlineExecutor
lab = Lab(Project.find())
jobs = lab.plan([Key(*json.loads(sys.argv[1]))], again=True)
(outcome,) = lab.run(jobs, InlineExecutor(lab.project), again=True)
if outcome.error is not None:
    sys.exit(str(outcome.error))
"""


class Past:
    """A checkout of the project at one commit, without files that git ignores."""

    def __init__(self, commit: str, lab: Lab) -> None:
        """Use `lab`, the lab of the checkout."""
        self.commit, self.lab = commit, lab
        self._manifests: dict[str, dict[str, str]] = {}  # by experiment and parameters

    @cached_property
    def _experiments(self) -> dict[str, Declaration]:
        return self.lab.experiments

    def declaration(self, name: str) -> Declaration:
        """Return the experiment `name` at this commit.

        Raises:
            InputError: it does not exist there, or this mlblog cannot read the commit's code.
        """
        try:
            found = self._experiments.get(name)
        except MlblogError as error:
            raise InputError(f"commit {self.commit[:12]}: not readable by this mlblog: {error}") from error
        if found is None:
            raise InputError(f"commit {self.commit[:12]} has no experiment {name}")
        return found

    def manifest(self, name: str, params: Mapping[str, Value]) -> dict[str, str]:
        """Return what a run of the experiment `name` depended on, by the current fingerprinting."""
        case = f"{name} {json.dumps(dict(params), sort_keys=True)}"
        if case not in self._manifests:
            self._manifests[case] = self.lab.code.manifest(self.declaration(name).qualified, params)
        return self._manifests[case]

    @property
    def holds_mlblog(self) -> bool:
        """Whether the commit contains mlblog itself, which then runs its code, since ours may be incompatible."""
        return (self.lab.project.root / "mlblog" / "__init__.py").is_file()

    def run(self, key: Key, device: str) -> Record:
        """Return the record of `key` made by the commit's code.

        Raises:
            RunError: it no longer runs here.
        """
        root = self.lab.project.root
        asked = json.dumps([key.experiment, key.scale, dict(key.overrides), key.seed])
        # relative to its own folder
        environment = {**os.environ, "MLBLOG_ROOT": str(root), "MLBLOG_DEVICE": device, "PYTHONPATH": str(root)}
        command = [sys.executable, "-c", _RUN, asked]
        done = subprocess.run(command, cwd=root, env=environment, stderr=subprocess.PIPE, text=True, encoding="utf-8")
        if done.returncode:
            raise RunError((done.stderr.strip().splitlines() or ["it failed without a message"])[-1])
        return Lab(self.lab.project).store.get(key)


class Pasts:
    """Checkouts of commits, made on demand and removed on exit of this context manager."""

    def __init__(self, project: Project) -> None:
        """Use the repository of `project`."""
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
            InputError: the commit is not in this repository, or has no project.
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
            raise InputError(f"commit {revision.commit[:12]} has no project readable here: {error}") from error
        if project.root != folder:
            raise InputError(f"commit {revision.commit[:12]} has no project: no [tool.mlblog] in its pyproject.toml")
        return Past(revision.commit, Lab(project))

    def _way_to(self, commit: str) -> str:
        if Git(self._project.root).ask("rev-parse", "--is-shallow-repository") == "true":
            return ". This clone is shallow; fetch the rest: git fetch --unshallow"
        return f". Fetch it: git fetch origin {commit}"
