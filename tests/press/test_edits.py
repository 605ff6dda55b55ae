"""Edits, one a row: exactly the posts and units run again that must, and the page is that of a fresh run.

Each cell notes its name in a file outside the project when it runs. A live server keeps the start of every unit asleep,
so that the notes also show from which unit on a post ran.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from coinblog import write_project

from mlblog.lab import Project
from mlblog.press import Server, compile_posts

TOOLS = '''\
"""Tools."""

SCALE = 3
OTHER = 5


def first(x):
    """Doc."""
    return inner(x)  # remark


def inner(x):
    return x + SCALE


def last(x):
    return x * 7


def nobody(x):
    return x - OTHER
'''
HEAD = "---\ntitle: {name}\ndate: 2026-11-21\n---\nProse.\n\n"
# five units: cells 0 to 2, an inline expression, cell 4
A = (
    "```python\nfrom pathlib import Path\n\nfrom toy.tools import first, last\n"
    "from toy.experiments.coin import coin\n\ndef note(name):\n    with open('{notes}', 'a') as file:\n"
    "        print('a' + name, file=file)\n\nnote('0')\nseen = [first(1)]\n```\n\n"
    "```python\nnote('1')\nseen.append(Path('data/table.csv').read_text())\nseen\n```\n\nMiddle.\n\n"
    '```python alt="A" caption="C"\nnote(\'2\')\nruns = coin.runs(scale="smoke")\nseen.append(len(runs))\n```\n\n'
    "`{{python}} note('3') or len(seen)` things.\n\n"
    "```python\nnote('4')\nlast(2), seen\n```\n"
)
B = (
    "```python\nfrom toy.tools import last\n\nwith open('{notes}', 'a') as file:\n    print('b0', file=file)\n"
    "last(3)\n```\n"
)


@dataclass
class Blog:
    """Two posts, compiled by a live server; `compile` returns the units that ran."""

    project: Project
    live: Server
    plain: Server
    notes: Path
    record: Callable[..., None]
    clock: int = 0

    def settle(self) -> None:
        """Let time pass: what was written just now is not trusted to be as it was, and no page would be kept."""
        self.clock = self.clock or time.time_ns() - 10**13
        for path in self.project.root.rglob("*"):
            if self.project.work not in path.parents and path.stat().st_mtime_ns > time.time_ns() - 10**12:
                self.clock += 10**9
                os.utime(path, ns=(self.clock, self.clock))

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.project.root / name
        text = path.read_text()
        assert old in text, old
        path.write_text(text.replace(old, new))

    def compile(self, server: Server | None = None) -> str:
        self.notes.write_text("")
        self.settle()
        self.done = compile_posts(self.project, server=server or self.live)
        assert not self.done.errors, self.done.errors
        return " ".join(sorted(self.notes.read_text().split()))

    def pages(self) -> dict[str, bytes]:
        folder = self.project.work / "pages"
        return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}

    def forget(self) -> None:
        """Keep neither outputs nor pages."""
        for name in ("outputs", "pages"):
            shutil.rmtree(self.project.work / name, ignore_errors=True)

    def reset(self) -> None:
        for path in self.project.root.iterdir():
            if path != self.project.work:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.forget()
        write_project(self.project.root)
        for name, text in {"toy/tools.py": TOOLS, "data/table.csv": "1\n", "data/other.csv": "2\n"}.items():
            (self.project.root / name).parent.mkdir(exist_ok=True)
            (self.project.root / name).write_text(text)
        for name, body in {"a": A, "b": B}.items():
            (self.project.posts / f"{name}.md").write_text(HEAD.format(name=name) + body.format(notes=self.notes))
        self.record(self.project, "smoke")
        self.compile()


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Project, Server, Server]]:
    project = write_project(tmp_path_factory.mktemp("edited"))
    with Server(project, timeout=60, live=True, worth=0) as live, Server(project, timeout=60) as plain:
        yield project, live, plain


@pytest.fixture
def blog(
    servers: tuple[Project, Server, Server], tmp_path_factory: pytest.TempPathFactory, record: Callable[..., None]
) -> Blog:
    blog = Blog(*servers, tmp_path_factory.mktemp("notes") / "notes", record)
    blog.reset()
    return blog


Edit = Callable[[Blog], object]
POST, TOOL = "posts_src/a.md", "toy/tools.py"


def replace(name: str, old: str, new: str) -> Edit:
    return lambda blog: blog.edit(name, old, new)


def write(name: str, text: str) -> Edit:
    return lambda blog: (blog.project.root / name).write_text(text)


def swap_cells(blog: Blog) -> None:
    blog.edit(POST, "note('1')\nseen.append(Path('data/table.csv').read_text())\nseen\n", "ONE\n")
    blog.edit(POST, "note('2')\nruns = coin.runs(scale=\"smoke\")\nseen.append(len(runs))\n", "TWO\n")
    blog.edit(POST, "ONE\n", "note('2')\nruns = coin.runs(scale=\"smoke\")\nseen.append(len(runs))\n")
    blog.edit(POST, "TWO\n", "note('1')\nseen.append(Path('data/table.csv').read_text())\nseen\n")


LAST = "```python\nnote('4')\nlast(2), seen\n```\n"
ALL = "a0 a1 a2 a3 a4"

ROWS: dict[str, tuple[Edit, str]] = {
    "nothing": (lambda _: None, ""),
    "the file is touched": (lambda blog: (blog.project.root / POST).touch(), ""),
    "prose between cells": (replace(POST, "Middle.", "Middle,\n\nlonger."), ""),
    "prose above all cells": (replace(POST, "Prose.", "Prose,\n\nlonger."), ""),
    "prose at the end": (replace(POST, LAST, LAST + "\nEnd.\n"), ""),
    "a title": (replace(POST, "title: a", "title: Other"), ""),
    "a tag in the front matter": (replace(POST, "title: a", "tags: [New]\ntitle: a"), ""),
    "a comment in a cell": (replace(POST, "note('0')\n", "note('0')  # remark\n"), ""),
    "an empty line in a cell": (replace(POST, "note('2')\n", "note('2')\n\n\n"), ""),
    "the formatting of a cell": (replace(POST, "last(2), seen", "(last( 2 ),   seen)"), ""),
    "a display option": (replace(POST, "```python\nnote('4')", "```python tags=[\"hide-input\"]\nnote('4')"), ""),
    "a caption and alt text": (replace(POST, 'alt="A" caption="C"', 'alt="Other" caption="D"'), ""),
    "a cell goes into an admonition": (
        replace(POST, LAST, "!!! note\n\n" + "".join(f"    {line}\n" for line in LAST.splitlines())),
        "",
    ),
    "tildes for backticks": (replace(POST, LAST, LAST.replace("```", "~~~")), ""),
    "a display cell for reading": (replace(POST, "Middle.", "```python .noeval\nx = 1\n```\n\nMiddle."), ""),
    "another post's prose": (replace("posts_src/b.md", "Prose.", "Other."), ""),
    "the first cell": (replace(POST, "seen = [first(1)]", "seen = [first(2)]"), ALL),
    "the second cell": (replace(POST, "seen\n```", "seen[0]\n```"), "a1 a2 a3 a4"),
    "the third cell": (replace(POST, "len(runs))", "len(runs) + 1)"), "a2 a3 a4"),
    "the inline expression": (replace(POST, "or len(seen)`", "or len(seen) + 1`"), "a3 a4"),
    "the last cell": (replace(POST, "last(2)", "last(4)"), "a4"),
    "the last cell, and prose above": (
        lambda blog: (blog.edit(POST, "last(2)", "last(4)"), blog.edit(POST, "Prose.", "Prose,\n\nlonger.")),
        "a4",
    ),
    "a semicolon hides a value": (replace(POST, "last(2), seen", "last(2), seen;"), "a4"),
    "the last cell is deleted": (replace(POST, LAST, ""), ""),
    "the inline expression is deleted": (replace(POST, "`{python} note('3') or len(seen)` things.\n\n", ""), "a4"),
    "a cell is added at the end": (replace(POST, LAST, LAST + "\n```python\nnote('5')\n```\n"), "a5"),
    "a cell is inserted": (replace(POST, "Middle.", "```python\nnote('x')\n```\n\nMiddle."), "a2 a3 a4 ax"),
    "a cell is put first": (replace(POST, "Prose.", "```python\nimport string\n```\n\nProse."), ALL),
    "a cell that no other needs is put first": (replace(POST, "Prose.", "```python\nx = 1\n```\n\nProse."), ""),
    "two cells change places": (swap_cells, "a1 a2 a3 a4"),
    "the other post's cell": (replace("posts_src/b.md", "last(3)", "last(4)"), "b0"),
    "the other post is deleted": (lambda blog: (blog.project.root / "posts_src/b.md").unlink(), ""),
    "a post is renamed": (lambda blog: (blog.project.posts / "a.md").rename(blog.project.posts / "c.md"), ""),
    "a post is added": (lambda blog: (blog.project.posts / "c.md").write_text(HEAD.format(name="c") + "1.\n"), ""),
    "a helper that one post uses": (replace(TOOL, "return inner(x)", "return inner(x) + 1"), ALL),
    "a helper's helper": (replace(TOOL, "x + SCALE", "x - SCALE"), ALL),
    "a constant": (replace(TOOL, "SCALE = 3", "SCALE = 4"), ALL),
    # every process has imported the old text: the post runs from its start, though only its last cell is out of date
    "a helper of the last cell and of the other post": (replace(TOOL, "x * 7", "x * 8"), f"{ALL} b0"),
    "a helper that nobody uses": (replace(TOOL, "x - OTHER", "x - OTHER - 1"), ""),
    "a constant that nobody uses": (replace(TOOL, "OTHER = 5", "OTHER = 6"), ""),
    "a helper's docstring": (replace(TOOL, '"""Doc."""', '"""Other doc."""'), ""),
    "a helper's comment": (replace(TOOL, "# remark", "# another"), ""),
    "a module's docstring": (replace(TOOL, '"""Tools."""', '"""Tools for tests."""'), ""),
    "a module that nobody imports": (write("toy/unused.py", "x = 1\n"), ""),
    "a data file that a cell reads": (write("data/table.csv", "8\n"), "a1 a2 a3 a4"),
    "a data file that no cell reads": (write("data/other.csv", "9\n"), ""),
    "an experiment's training code": (replace("toy/experiments/coin.py", "- 0.5", "- 0.6"), ""),
    "a record of another scale": (lambda blog: blog.record(blog.project, "small"), ""),
    "a record": (
        lambda blog: [path.unlink() for path in (blog.project.results / "coin" / "smoke" / "base").glob("seed-2*")],
        "a2 a3 a4",
    ),
}


@pytest.mark.parametrize(("edit", "expected"), ROWS.values(), ids=ROWS.keys())
def test_an_edit_runs_what_it_must_and_nothing_else(edit: Edit, expected: str, blog: Blog) -> None:
    edit(blog)
    assert blog.compile() == expected
    pages = blog.pages()
    assert blog.compile() == ""  # and once more: nothing is left to do

    blog.forget()
    blog.compile(blog.plain)
    assert blog.pages() == pages  # what is shown is what a fresh run shows


@pytest.mark.parametrize(
    ("edit", "unit"),
    [
        (replace(TOOL, "x * 7", "x * 8"), 4),
        (replace(TOOL, "x + SCALE", "x - SCALE"), 0),
        (replace("data/table.csv", "1", "8"), 1),
        (replace(POST, "last(2)", "last(4)"), 4),
    ],
)
def test_the_first_unit_out_of_date_is_known(edit: Edit, unit: int, blog: Blog) -> None:
    edit(blog)
    blog.compile(blog.plain)
    assert blog.done.stale_from[POST] == unit
