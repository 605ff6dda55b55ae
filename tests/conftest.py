"""What all tests share: small projects made of the files that a test names."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from toyproject import write_project
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling

from mlblog.lab import Project

#: Nothing to collect here, and the folders below have files of that name, too.
collect_ignore = ["conftest.py"]
collect_ignore_glob = ["*/conftest.py"]

# no test asserts a time, and a busy machine is no failure
settings.register_profile("mlblog", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mlblog")

# a notice of the theme's maintainers, which tests would take for a warning of the build; `make` sets these, too
os.environ |= {"NO_MKDOCS_2_WARNING": "1", "DISABLE_MKDOCS_2_WARNING": "true"}

# Several workers share the cores: threads of small tensors wait for one another, at six times the seconds of one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Who starts the tests in the background of a shell has Ctrl-C ignored in them, and in every process that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

#: A worker that begins one of these as its last keeps all others waiting.
LONGEST = (
    "browser/test_every_page.py",
    "press/test_basis.py",
    "integrations/test_pytest_plugin.py",
    "integrations/test_serve.py",
    "integrations/test_zensical.py",
    "browser/test_weight.py",
    "experiments/test_parts.py",
    "integrations/test_partial.py",
    "press/test_edits.py",
    "press/test_random_edits.py",
    "scaffold/test_new_blog.py",
    "press/test_replay.py",
    "lab/test_executors.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first."""
    here = Path(__file__).parent
    ranks = {here / name: rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


class ByFile(LoadFileScheduling):
    """A file goes to one worker, but of a test with the parameter `part N` each part may go to another."""

    def _split_scope(self, nodeid: str) -> str:
        return super()._split_scope(nodeid) + "".join(re.findall(r"\[part \d+\]$", nodeid))


@pytest.hookimpl(optionalhook=True)  # there may be no xdist
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile | None:
    """Distribute files as `--dist loadfile` does, and parts of them."""
    return ByFile(config, log) if config.getoption("dist") == "loadfile" else None


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
