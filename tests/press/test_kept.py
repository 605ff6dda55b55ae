"""Pages that stay as they lie: a compilation of what has not changed reads no post and draws no page."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlblog.lab import Project
from mlblog.press import Compiled, Server, build, compile_posts

HEAD = "---\ntitle: {}\ndate: 2026-11-21\ntags: [{}]\n---\n"
CELL = "\n```python\nfrom toy.tools import twice\n\ntwice(4)\n```\n"


class Blog:
    """Three posts, of which `a` and `b` go together."""

    def __init__(self, project: Project, server: Server) -> None:
        self.project, self._server, self._clock = project, server, time.time_ns() - 10**13
        self.write("toy/tools.py", "def twice(x):\n    return 2 * x\n")
        self.write("toy/others.py", "X = 1\n")
        self.write("posts_src/a.md", HEAD.format("A", "One") + CELL)
        self.write("posts_src/b.md", HEAD.format("B", "One") + "Prose.\n")
        self.write("posts_src/c.md", HEAD.format("C", "Two") + "Prose.\n")
        for path in project.root.rglob("*"):
            self.settle(path)

    def write(self, name: str, text: str) -> None:
        (self.project.root / name).write_text(text)
        self.settle(self.project.root / name)

    def settle(self, path: Path) -> None:
        self._clock += 10**9
        os.utime(path, ns=(self._clock, self._clock))

    def compile(self) -> Compiled:
        done = compile_posts(self.project, server=self._server)
        assert not done.errors
        return done


@pytest.fixture
def blog(renewed: Project, server: Server) -> Blog:
    return Blog(renewed, server)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the posts whose pages are made anew."""
    names: list[str] = []
    render = build.render_post

    def noted(post: Any, *rest: Any) -> Any:
        names.append(post.slug)
        return render(post, *rest)

    monkeypatch.setattr(build, "render_post", noted)
    return names


Edit = Callable[[Blog], object]
ROWS: dict[str, tuple[Edit, list[str]]] = {
    "nothing": (lambda blog: None, []),
    "prose of a post": (lambda blog: blog.write("posts_src/c.md", HEAD.format("C", "Two") + "Other.\n"), ["c"]),
    "a title that another page names": (
        lambda blog: blog.write("posts_src/b.md", HEAD.format("New", "One") + "Prose.\n"),
        ["a", "b"],
    ),
    "what a post has in common with another": (
        lambda blog: blog.write("posts_src/c.md", HEAD.format("C", "One") + "Prose.\n"),
        ["a", "b", "c"],
    ),
    "a module that a post reaches": (
        lambda blog: blog.write("toy/tools.py", "def twice(x):\n    return x + x\n"),
        ["a"],
    ),
    "a comment in it": (
        lambda blog: blog.write("toy/tools.py", "def twice(x):  # remark\n    return 2 * x\n"),
        ["a"],
    ),
    "a module that none reaches": (lambda blog: blog.write("toy/others.py", "X = 2\n"), []),
    "a new module": (lambda blog: blog.write("toy/new.py", "X = 2\n"), ["a", "b", "c"]),
    "the settings of the site": (lambda blog: blog.write("mkdocs.yml", "site_name: S\n"), ["a", "b", "c"]),
    "a page that somebody has edited": (
        lambda blog: (blog.project.work / "pages/blog/posts/c.md").write_text("x"),
        ["c"],
    ),
    "a figure's data that somebody has deleted": (
        lambda blog: (blog.project.work / "pages/blog/posts/a/a.ipynb").unlink(),
        ["a"],
    ),
    "a post is deleted": (lambda blog: (blog.project.posts / "b.md").unlink(), ["a"]),
}


@pytest.mark.parametrize(("edit", "expected"), ROWS.values(), ids=ROWS.keys())
def test_pages_are_made_anew_where_they_must(edit: Edit, expected: list[str], blog: Blog, made: list[str]) -> None:
    first = blog.compile()
    assert sorted(made) == ["a", "b", "c"]
    made.clear()
    edit(blog)
    second = blog.compile()
    assert sorted(made) == expected
    if not expected:
        assert (second.pages, sorted(second.files)) == (first.pages, sorted(first.files))
        assert second.cached == [f"posts_src/{name}.md" for name in "abc"]


def test_what_was_written_just_now_is_looked_at_again(blog: Blog, made: list[str]) -> None:
    blog.compile()
    made.clear()
    tools = blog.project.root / "toy/tools.py"
    tools.write_text("def twice(x):\n    return 3 * x\n")
    stat = tools.stat()
    blog.compile()
    tools.write_text("def twice(x):\n    return 4 * x\n")  # as long, and within the same tick of the clock
    os.utime(tools, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    blog.compile()
    assert "16" in (blog.project.work / "pages/blog/posts/a.md").read_text()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"world": 1}', '{"world": "", "posts": []}'])
def test_a_spoilt_file_is_none(blog: Blog, made: list[str], text: str) -> None:
    blog.compile()
    (blog.project.work / "kept.json").write_text(text)
    made.clear()
    blog.compile()
    assert sorted(made) == ["a", "b", "c"]
