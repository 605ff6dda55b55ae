"""After whatever edits, a page is that of a build from nothing: a few random ones here, many in an audit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from coinblog import write_project

SCRIPT = Path(__file__).with_name("random_edits.py")


def begun(folder: Path, edits: int, seed: int) -> subprocess.Popen[str]:
    """A process that edits a blog below `folder`."""
    write_project(folder / "blog")
    (folder / "site-packages").mkdir()
    environment = os.environ | {"PYTHONPATH": str(folder / "site-packages"), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(SCRIPT), str(folder), str(edits), str(seed)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


# four blogs side by side: 500 edits take ten minutes on four cores
@pytest.mark.parametrize(("edits", "seeds"), [(4, [1]), pytest.param(125, [2, 3, 4, 5], marks=pytest.mark.audit)])
def test_random_edits(edits: int, seeds: list[int], tmp_path: Path) -> None:
    processes = [begun(tmp_path / str(seed), edits, seed) for seed in seeds]
    said = [process.communicate()[0] for process in processes]
    assert said == [f"{edits} edits, 0 wrong\n"] * len(seeds)
