"""A warm process that waits for the next build: which builds share it, and when it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from toypost import HEAD

from mlblog.errors import InputError
from mlblog.lab import Project
from mlblog.press.runner.warm import VARIABLE, wanted

# the process that a build's own one was forked from; a build that is ended writes no page
CELL = "from pathlib import Path\nparent = os.getppid()\nfields = Path(f'/proc/{parent}/stat').read_text().split()\n"
BUILD = "from mlblog.press import *; from mlblog.lab import *; done = compile_posts(Project.find()); print(done.errors)"

Build = Callable[..., int]


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose sockets have short names."""
    with tempfile.TemporaryDirectory(prefix="w") as name:
        yield Path(name)


@pytest.fixture
def build(fresh: Project, tmp_path: Path, short: Path) -> Iterator[Build]:
    """Build the project anew, in a process of its own; return what its posts were forked from, twice removed."""
    settings = tmp_path / "settings"
    settings.mkdir()
    (settings / "sitecustomize.py").write_text("A = 1\n")
    count = 0

    def build(seconds: str = "30", **variables: str) -> int:
        nonlocal count
        count += 1
        code = f"import os\n{CELL}Path('stayed').write_text(fields[3])\n{count}\n"
        (fresh.posts / "t.md").write_text(f"{HEAD}```python\n{code}```\n")
        path = os.pathsep.join([str(settings), *filter(None, [os.environ.get("PYTHONPATH")])])
        environment = os.environ | {VARIABLE: seconds, "TMPDIR": str(short), "PYTHONPATH": path} | variables
        command = [sys.executable, "-c", BUILD]
        # captured: it must not wait for the process that stays
        done = subprocess.run(command, cwd=fresh.root, env=environment, capture_output=True, text=True, timeout=60)
        assert done.stdout == "[]\n", done.stdout + done.stderr
        return int((fresh.root / "stayed").read_text())

    yield build
    for pid in _in(fresh.root):
        os.kill(pid, signal.SIGKILL)


def test_builds_share_it(build: Build, fresh: Project) -> None:
    first = build()
    assert _in(fresh.root) == [first]  # and nothing else is left of the build
    assert build() == first


@pytest.mark.parametrize("change", ["variable", "installed", "killed"])
def test_another_is_started(build: Build, fresh: Project, tmp_path: Path, change: str) -> None:
    first = build()
    if change == "installed":
        (tmp_path / "settings/sitecustomize.py").write_text("A = 100\n")
    elif change == "killed":
        os.kill(first, signal.SIGKILL)
    second = build(**({"OF_CELLS": "2"} if change == "variable" else {}))
    assert second != first
    assert build(**({"OF_CELLS": "2"} if change == "variable" else {})) == second
    assert _alive(first) == (change == "variable")


def test_it_ends_when_nobody_comes(build: Build, short: Path) -> None:
    first = build("0.5")
    end = time.monotonic() + 20
    while _alive(first):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert list(short.glob("mlblog-*/*")) == []


def test_without_the_variable_nothing_stays(build: Build, fresh: Project) -> None:
    build("0")
    assert _in(fresh.root) == []


def test_a_long_address_is_said_to_be_one(build: Build, tmp_path: Path) -> None:
    (far := tmp_path / ("far" * 30)).mkdir()
    with pytest.raises(AssertionError, match=r"too long for a socket; set TMPDIR"):
        build(TMPDIR=str(far))


@pytest.mark.parametrize("text", ["-1", "soon", "nan", "1e9"])
def test_other_values_are_refused(text: str) -> None:
    with pytest.raises(InputError, match=f"{VARIABLE}={text}: must be a number of seconds"):
        wanted({VARIABLE: text})


def _in(folder: Path) -> list[int]:
    """Processes that work in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve(strict=True) == folder and _alive(int(entry.name)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
