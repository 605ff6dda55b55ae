"""What is installed is what outputs rest on: a library of another version, mlblog of another, a library more.

The oracle is a build from nothing. Each build is a process of its own, which finds a copy of mlblog in one folder and
libraries in another.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from coinblog import write_project

import mlblog

HEAD = "---\ntitle: T\ndate: 2026-11-21\n---\n\n```python\n"
BUILD = "from mlblog.lab import Project; from mlblog.press import compile_posts; d = compile_posts(Project.find());"


def install(folder: Path, name: str, version: str, text: str) -> None:
    """Put a library of one module where installers put it."""
    for old in folder.glob(f"{name}*"):
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    notes = folder / f"{name}-{version}.dist-info"
    notes.mkdir(parents=True)
    (folder / f"{name}.py").write_text(text)
    (notes / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (notes / "RECORD").write_text(f"{name}.py,sha256={hash(text)},{len(text)}\n{name}-{version}.dist-info/RECORD,,\n")


def replace(path: str, old: str, new: str) -> Callable[[Path], object]:
    def change(folder: Path) -> None:
        file = folder / path
        assert old in file.read_text(), old
        file.write_text(file.read_text().replace(old, new))

    return change


#: What a cell says, and what is installed anew.
ROWS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a library": (
        "import gadget\ngadget.WORD",
        lambda folder: install(folder / "site-packages", "gadget", "2.0", "WORD = 'v2'\n"),
    ),
    "a library of the same version": (
        "import gizmo\ngizmo.WORD",
        lambda folder: install(folder / "site-packages", "gizmo", "1.0", "WORD = 'v2'\n"),
    ),
    "the version of a library that is not imported": (
        "from importlib.metadata import version\nversion('widget')",
        lambda folder: install(folder / "site-packages", "widget", "2.0", ""),
    ),
    "a library that was not there": (
        "try:\n    import novelty\n    found = 'there'\nexcept ImportError:\n    found = 'none'\nfound",
        lambda folder: install(folder / "site-packages", "novelty", "1.0", ""),
    ),
    "a library without notes": (
        "import byhand\nbyhand.WORD",
        lambda folder: (folder / "site-packages/byhand.py").write_text("WORD = 'v2'\n"),
    ),
    "a colour of mlblog": (
        "from mlblog.figures import COLOURS\nCOLOURS",
        replace("engine/mlblog/figures/look.py", "COLOURS = {", 'COLOURS = {"red": "#123456", '),
    ),
    "a verdict of mlblog": (
        "from mlblog.claims import claim\nclaim('x', holds=False)",
        replace("engine/mlblog/claims.py", '"held" if holds else', '"held" if not holds else'),
    ),
    "how mlblog computes intervals": (
        "from mlblog.lab.records.student import quantile\nquantile(0.9, 3)",
        replace("engine/mlblog/lab/records/student.py", "return float(stdtrit(", "return 2 * float(stdtrit("),
    ),
    "how mlblog runs cells": (
        "print('x')",
        replace(
            "engine/mlblog/press/kernel/stream.py", "self._put(self._name, text)", "self._put(self._name, text * 2)"
        ),
    ),
}
#: These change what all posts rest on, and so would hide what the others show.
OF_ALL = ("how mlblog computes intervals", "how mlblog runs cells")


def build(folder: Path) -> dict[str, bytes]:
    """The pages, by a new process."""
    paths = os.pathsep.join(str(folder / name) for name in ("engine", "site-packages"))
    environment = os.environ | {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1"}
    code = f"{BUILD} print(*d.errors); assert not d.errors"
    root = folder / "blog"
    done = subprocess.run([sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.stem: path.read_bytes() for path in (root / ".mlblog/pages/blog/posts").glob("*.md")}


Builds = tuple[dict[str, bytes], dict[str, bytes], dict[str, bytes]]


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Builds:
    folder = tmp_path_factory.mktemp("installed")
    ignored = shutil.ignore_patterns("__pycache__", "experiments", "models", "losses", "classical", "data")
    shutil.copytree(Path(mlblog.__file__).parent, folder / "engine/mlblog", ignore=ignored)
    for name in ("gadget", "gizmo", "widget"):
        install(folder / "site-packages", name, "1.0", "WORD = 'v1'\n")
    (folder / "site-packages/byhand.py").write_text("WORD = 'v1'\n")
    project = write_project(folder / "blog")
    for number, (code, _) in enumerate(ROWS.values()):
        (project.posts / f"r{number}.md").write_text(f"{HEAD}{code}\n```\n")
    before = build(folder)
    assert build(folder) == before
    after = {}
    for last in (False, True):
        for row, (_, change) in ROWS.items():
            if (row in OF_ALL) == last:
                change(folder)
        pages = build(folder)
        after |= {f"r{n}": pages[f"r{n}"] for n, row in enumerate(ROWS) if (row in OF_ALL) == last}
    shutil.rmtree(project.work)
    return before, after, build(folder)


@pytest.mark.parametrize("row", ROWS)
def test_a_page_is_that_of_a_build_from_nothing(row: str, builds: Builds) -> None:
    before, after, fresh = (pages[f"r{list(ROWS).index(row)}"] for pages in builds)
    assert before != fresh, "the change cannot be seen"
    assert after == fresh
