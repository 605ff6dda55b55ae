"""Projects with posts, and a warm process for each module of tests."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlblog.lab import Lab, Project
from mlblog.lab.running.executors.inline import InlineExecutor
from mlblog.press import Outputs, Post, Server, parse_post

SAMPLES = Path(__file__).parents[1] / "samples"
HEAD = "---\ntitle: T\ndate: 2026-11-21\n---\n"

COIN = '''\
import numpy as np

from mlblog.lab import Run, experiment


def toss(generator, n):
    return generator.random(n) - 0.5


@experiment(smoke=dict(n=5), small=dict(n=50), seeds=3)
def coin(run: Run, *, n: int, seed: int) -> None:
    """Toss a coin."""
    walk = np.cumsum(toss(np.random.default_rng(seed), n))
    run.save(mean=float(walk.mean()), walk=walk)
'''


def write_project(root: Path) -> Project:
    """A project whose package is `toy`, with one experiment, without posts and records."""
    for name, text in {
        "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
        "toy/__init__.py": "",
        "toy/experiments/__init__.py": "",
        "toy/experiments/coin.py": COIN,
        "posts_src/.keep": "",
        "docs/index.md": "# Home\n",
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return Project(root.resolve(), ("toy",), "toy.experiments")


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


Run = Callable[..., tuple[Post, Outputs]]


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
