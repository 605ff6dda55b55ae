"""What all tests share: small projects made of the files that a test names."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from toyproject import write_project

from mlblog.lab import Project

#: Nothing to collect here, and the folders below have files of that name, too.
collect_ignore = ["conftest.py"]
collect_ignore_glob = ["*/conftest.py"]

# no test asserts a time, and a busy machine is no failure
settings.register_profile("mlblog", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mlblog")

# a notice of the theme's maintainers, which tests would take for a warning of the build; `make` sets these, too
os.environ |= {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}

# Who starts the tests in the background of a shell has Ctrl-C ignored in them, and in every process that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MakeProject = Callable[[dict[str, str]], Project]


@pytest.fixture
def make_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeProject:
    """Write files below a fresh folder and return the project there; its own package is `toy`."""

    def make(files: dict[str, str]) -> Project:
        project = write_project(tmp_path, files)
        monkeypatch.delenv("MLBLOG_ROOT", raising=False)
        monkeypatch.chdir(tmp_path)
        return project

    yield make
    for name in [name for name in sys.modules if name == "toy" or name.startswith("toy.")]:
        del sys.modules[name]
    sys.path[:] = [entry for entry in sys.path if entry != str(tmp_path)]


@pytest.fixture
def mlblog(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command line in the test's project, in a process of its own."""

    def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mlblog", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, **options)  # type: ignore[call-overload]

    return run
