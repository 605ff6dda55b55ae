"""A project with five experiments, with and without their records."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from toyproject import write_project
from workbench import FILES, Bench

from mlblog.lab import Project

#: Importing these changes what all tests share: a project of its own for mutants, and what hides torch.
collect_ignore = ["forms", "without_torch"]
HERE = Path(__file__).parent

Copied = Callable[..., Bench]


@pytest.fixture
def without_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start every process without torch."""
    monkeypatch.setenv("PYTHONPATH", str(HERE / "without_torch"))
    monkeypatch.setenv("MLBLOG_DEVICE", "cpu")


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Make a project once, by what was run in it, to be copied by each test."""
    made: dict[tuple[str, ...], Path] = {}

    def template(*commands: str) -> Path:
        if commands not in made:
            root = made[commands] = tmp_path_factory.mktemp("template")
            with pytest.MonkeyPatch.context() as patch, contextlib.chdir(root):
                patch.setattr(sys, "dont_write_bytecode", True)
                patch.delenv("MLBLOG_ROOT", raising=False)
                bench = Bench(write_project(root, dict(FILES)))
                bench.git("init", "-q")
                bench.commit()
                for command in commands:
                    result = bench(*command.split())
                    assert result.exit_code == 0, result.output
                    bench.commit()
            sys.path[:] = [entry for entry in sys.path if entry != str(root)]
        return made[commands]

    return template


@pytest.fixture
def copied(
    templates: Callable[..., Path],
    make_project: Callable[[dict[str, str]], Project],
    monkeypatch: pytest.MonkeyPatch,
    without_torch: None,
) -> Copied:
    """Copy the project in which some commands were run."""

    def copy(*commands: str) -> Bench:
        monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two edits in one second would share a .pyc
        source = templates(*commands)
        project = make_project({})
        shutil.copytree(source, project.root, symlinks=True, dirs_exist_ok=True)
        return Bench(project)

    return copy


@pytest.fixture
def bench(copied: Copied) -> Bench:
    """Five experiments, committed; nothing recorded yet."""
    return copied()


@pytest.fixture
def recorded(copied: Copied) -> Bench:
    """The five experiments, recorded at smoke scale and committed."""
    return copied("run --scale smoke --executor inline")


@pytest.fixture
def small(copied: Copied) -> Bench:
    """Two records of one group and one of another at small scale, committed."""
    return copied("run with_absolute with_two --scale small --executor inline")
