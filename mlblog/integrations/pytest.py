"""pytest plugin: every cell of every post is a test, and every experiment runs at smoke scale.

Items are named like `posts_src/x.md::41` and `mlblog/experiments/x.py::solver[smoke]`. A post runs once in
its own process; each cell reports its result. pytest loads this file on startup: it imports little.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mlblog.errors import CellError, MlblogError

if TYPE_CHECKING:
    from mlblog.lab import Lab, Project
    from mlblog.press import Server
    from mlblog.press.cache.outputs import OutputCache
    from mlblog.press.runner.inprocess import InProcess

_STATE = pytest.StashKey["_Session"]()


class _Session:
    """State shared by the items of one session."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._lab: Lab | None = None
        self._server: Server | None = None

    @property
    def lab(self) -> Lab:
        from mlblog.lab import Lab

        self._lab = self._lab or Lab(self.project)
        return self._lab

    @cached_property
    def posts(self) -> frozenset[Path]:
        from mlblog.press import post_files

        return frozenset(post_files(self.project))

    @cached_property
    def cache(self) -> OutputCache:
        from mlblog.press.cache.outputs import OutputCache
        from mlblog.press.kernel.basis import Basis

        return OutputCache(self.project, self.lab.store, Basis(self.project, self.lab.code.inputs))

    @property
    def server(self) -> Server:
        from mlblog.press import Server

        self._server = self._server or Server(self.project)
        return self._server

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--changed-only`."""
    parser.getgroup("mlblog").addoption(
        "--changed-only", action="store_true", help="skip cells whose cached outputs are still valid"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register only in projects with a `[tool.mlblog]` table."""
    file = config.rootpath / "pyproject.toml"
    if not file.is_file() or "mlblog" not in tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {}):
        return
    from mlblog.lab import Project

    config.stash[_STATE] = _Session(Project.find(config.rootpath))


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the kernel process."""
    if _STATE in config.stash:
        config.stash[_STATE].close()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Collect posts, and the modules that declare experiments."""
    session = parent.config.stash.get(_STATE, None)
    if session is None:
        return None
    project = session.project
    if file_path.is_relative_to(project.posts):
        return PostFile.from_parent(parent, path=file_path) if file_path in session.posts else None
    folder = project.root.joinpath(*project.experiments.split("."))
    if file_path.suffix == ".py" and file_path.is_relative_to(folder):
        return ExperimentFile.from_parent(parent, path=file_path)
    return None


class PostFile(pytest.File):
    """A post, with its units as items."""

    _failure: MlblogError | None = None
    _has_run = False
    unchanged = 0  # number of leading units with valid cached outputs

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each cell, doctest and inline expression."""
        from mlblog.press import parse_post

        session = self.config.stash[_STATE]
        self.post = parse_post(self.path.read_bytes(), session.project.relative(self.path))
        if self.config.getoption("changed_only"):
            self.unchanged = len(session.cache.get(self.post, session.lab.code))
        seen: dict[int, int] = {}
        for index, unit in enumerate(self.post.units):
            number = seen[unit.line] = seen.get(unit.line, 0) + 1
            name = f"{unit.line}" if number == 1 else f"{unit.line}-{number}"
            yield CellItem.from_parent(self, name=name, line=unit.line, index=index)

    def failure(self) -> MlblogError | None:
        """Run the post once and return its failure, if any."""
        if not self._has_run:
            self._has_run = True
            from mlblog.press.cache.outputs import settled

            session = self.config.stash[_STATE]
            try:
                ran = session.server.run(self.post)
                session.cache.put(self.post, session.lab.code, settled(self.post, session.lab.code, ran))
            except MlblogError as error:
                self._failure = error
        return self._failure

    @cached_property
    def here(self) -> InProcess:
        """The post in this process, for debuggers."""
        from mlblog.press.runner.inprocess import InProcess

        return InProcess(self.config.stash[_STATE].project, self.post)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any, **__: Any) -> Any:
        """Show mlblog's own errors without a traceback."""
        return str(excinfo.value) if excinfo.errisinstance(MlblogError) else super().repr_failure(excinfo)


class CellItem(pytest.Item):
    """A unit of a post."""

    parent: PostFile

    def __init__(self, *, line: int, index: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.line, self.index = line, index

    def runtest(self) -> None:
        """Pass if the unit ran; skip units after a failure. With `--pdb`, run it in this process."""
        if self.index < self.parent.unchanged:
            pytest.skip("unchanged since it ran")
        if self.config.getoption("usepdb"):
            self.parent.here.run_to(self.index)
            return
        error = self.parent.failure()
        if error is None:
            return
        following = [unit.line for unit in self.parent.post.units if unit.line > self.line]
        line = error.line if isinstance(error, CellError) else self.line
        if line < self.line:
            pytest.skip(f"not run: {error}".splitlines()[0])
        if not following or line < following[0]:
            raise error

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any, **__: Any) -> Any:
        """The location in the post, and a traceback with its line numbers."""
        error = excinfo.value
        if not isinstance(error, MlblogError):
            return super().repr_failure(excinfo)
        return "\n".join(text for text in (getattr(error, "traceback", ""), str(error)) if text)

    def reportinfo(self) -> tuple[Path, int, str]:
        """File and line, as in `posts_src/x.md:41`."""
        return self.path, self.line - 1, f"{self.parent.post.path}:{self.line}"


class ExperimentFile(pytest.File):
    """A module that declares experiments."""

    def collect(self) -> Iterator[pytest.Item]:
        """One item for each experiment declared here."""
        for name, declaration in self.config.stash[_STATE].lab.experiments.items():
            if declaration.path.resolve() == self.path.resolve():
                yield SmokeItem.from_parent(self, name=f"{name}[smoke]", experiment=name, line=declaration.line)


class SmokeItem(pytest.Item):
    """An experiment at smoke scale, base and every variant; nothing is recorded."""

    def __init__(self, *, experiment: str, line: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.experiment, self.line = experiment, line

    def runtest(self) -> None:
        """Fail with the first failed run."""
        for outcome in self.config.stash[_STATE].lab.smoke(self.experiment):
            if outcome.error is not None:
                raise outcome.error

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *_: Any, **__: Any) -> Any:
        """The lab's error names the run and its cause."""
        return str(excinfo.value) if excinfo.errisinstance(MlblogError) else super().repr_failure(excinfo)

    def reportinfo(self) -> tuple[Path, int, str]:
        """File and line of the experiment."""
        return self.path, self.line - 1, f"{self.experiment} at smoke scale"
