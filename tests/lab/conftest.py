"""A project with five experiments, with and without their records."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest
from workbench import FILES, Bench

from mlblog.lab import Project

#: A project of its own, for mutants; importing it changes what all tests share.
collect_ignore = ["forms"]


@pytest.fixture
def bench(make_project: Callable[[dict[str, str]], Project], monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Five experiments, committed; nothing recorded yet."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # two edits in one second would share a .pyc
    made = Bench(make_project(dict(FILES)))
    made.git("init", "-q")
    made.commit()
    return made


@pytest.fixture
def recorded(bench: Bench) -> Bench:
    """The five experiments, recorded at smoke scale and committed."""
    result = bench("run", "--scale", "smoke", "--executor", "inline")
    assert result.exit_code == 0, result.output
    bench.commit()
    return bench
