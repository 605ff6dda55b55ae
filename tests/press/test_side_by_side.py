"""Builds of one project at the same time: each makes its pages, and what they keep together stays whole."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from mlblog.files.canonical import digest
from mlblog.lab import Project

HEAD = "---\ntitle: Post {}\ndate: 2026-11-21\n---\n"
BODY = (
    "```python\nimport time\nfrom toy.tools import scale\n\ntime.sleep({} / 50)\nscale({})\n```\n\n"
    '```python label="line" alt="A line"\nimport matplotlib.pyplot as plt\n\nplt.plot([1, {}])\n```\n'
)
BUILD = (
    "from mlblog.site import compile_site; from mlblog.lab import Project; print(compile_site(Project.find()).summary)"
)
POSTS = 7


def builds(project: Project, at_once: int) -> list[str]:
    """What so many builds, started together, say of themselves."""
    running = [start(project) for _ in range(at_once)]
    return [end(process) for process in running]


def start(project: Project) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BUILD]
    return subprocess.Popen(command, cwd=project.root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def end(process: subprocess.Popen[str]) -> str:
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.strip()


def pages(project: Project) -> dict[str, bytes]:
    folder = project.work / "pages"
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def scale(project: Project, by: int) -> None:
    (project.root / "toy/tools.py").write_text(f"def scale(x):\n    return {by} * x\n")


def test_two_builds_at_once_leave_what_one_would(fresh: Project) -> None:
    scale(fresh, 3)
    for number in range(POSTS):
        text = HEAD.format(number) + BODY.replace("{}", str(number))
        (fresh.posts / f"p{number}.md").write_text(text)
    (summary,) = builds(fresh, 1)
    expected = pages(fresh)
    shutil.rmtree(fresh.work)
    for by in (3, 5, 3):  # from nothing, after an edit, after it is taken back
        scale(fresh, by)
        builds(fresh, 2)
    assert pages(fresh) == expected
    (again,) = builds(fresh, 1)
    assert again == summary.replace(f"{POSTS} ran, 0 unchanged", f"0 ran, {POSTS} unchanged")
    for path in {*fresh.work.rglob("*.json")} - {*(fresh.work / "pages").rglob("*")}:
        seal, _, rest = path.read_bytes().partition(b"\n")
        assert seal.decode() == digest("seal", rest), path
    assert not [path for path in fresh.work.rglob("*") if ".tmp" in path.name]


def test_builds_at_once_of_which_one_finds_less_to_show(fresh: Project) -> None:
    """A post is deleted between the starts of two builds: pages are swept while others are written."""
    scale(fresh, 3)
    for number in range(POSTS):
        text = HEAD.format(number) + BODY.replace("{}", str(number))
        (fresh.posts / f"p{number}.md").write_text(text)
    for number in range(3):
        first = start(fresh)
        (fresh.posts / f"p{number}.md").unlink()
        second = start(fresh)
        end(first)
        end(second)
    builds(fresh, 1)
    there = {Path(name).parts[2].removesuffix(".md") for name in pages(fresh) if name.startswith("blog/posts/")}
    assert there == {f"p{number}" for number in range(3, POSTS)}
