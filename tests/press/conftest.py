"""Projects with posts, and a warm process for each module of tests."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from coinblog import write_project
from running import Run
from toypost import HEAD

from mlblog.lab import Lab, Project
from mlblog.lab.running.executors.inline import InlineExecutor
from mlblog.press import Outputs, Post, Server, parse_post

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for the module's tests."""
    return write_project(tmp_path_factory.mktemp("blog"))


@pytest.fixture(scope="module")
def server(project: Project) -> Iterator[Server]:
    """A warm process for the module's tests."""
    with Server(project, timeout=30) as server:
        yield server


@pytest.fixture
def fresh(tmp_path: Path) -> Project:
    """A project of one test."""
    return write_project(tmp_path)


@pytest.fixture
def renewed(project: Project, server: Server) -> Project:
    """The module's project with nothing of an earlier test but what its warm process says it rests on.

    Without that the process would be started anew, which takes two seconds.
    """
    bases = project.work / "bases"
    for path in [*project.root.iterdir(), *(project.work.iterdir() if project.work.is_dir() else ())]:
        if path not in (project.work, bases):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    return write_project(project.root)


@pytest.fixture
def run(project: Project, server: Server) -> Run:
    """Run a post given by its body."""

    def run(body: str, name: str = "t") -> tuple[Post, Outputs]:
        path = project.posts / f"{name}.md"
        path.write_text(HEAD + body, encoding="utf-8")
        post = parse_post(path.read_bytes(), f"posts_src/{name}.md")
        return post, server.run(post)

    return run


@pytest.fixture
def sample(project: Project) -> Callable[[str], Post]:
    """A post of `tests/samples`, put into the project."""

    def sample(name: str) -> Post:
        shutil.copy(SAMPLES / f"{name}.md", project.posts)
        return parse_post((SAMPLES / f"{name}.md").read_bytes(), f"posts_src/{name}.md")

    return sample


@pytest.fixture
def record() -> Iterator[Callable[..., None]]:
    """Record the toy experiment of a project at a scale, in this process."""
    roots: list[str] = []

    def record(project: Project, scale: str = "small") -> None:
        lab = Lab(project)
        failed = [o.error for o in lab.run(lab.plan(lab.keys(scale)), InlineExecutor(project)) if o.error]
        assert not failed
        roots.append(str(project.root))
        forget()

    def forget() -> None:
        for name in [name for name in sys.modules if name.partition(".")[0] == "toy"]:
            del sys.modules[name]
        sys.path[:] = [entry for entry in sys.path if entry not in roots]

    yield record
    forget()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where cells count how often they run."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("home")
        patch.setenv("HOME", str(folder))
        yield folder
