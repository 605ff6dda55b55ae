"""Notebooks as posts, and posts as Jupytext's notebooks. Jupytext is the oracle of what a cell is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import pytest

from mlblog.errors import CellError, PostError
from mlblog.lab import Project
from mlblog.press import Cell, Post, Server, compile_posts, parse_post

POSTS = sorted((Path(__file__).parents[2] / "posts_src").glob("*.md"))
HEAD = "---\ntitle: T\ndate: 2026-11-21\ntags: [A]\n---\n"
TEXT = (
    HEAD + "\nProse with `{python} x`, before $x$.\n\n```python\nx = '''\n```\n'''\n```\n"
    "\nMiddle.\n\n"
    '```python tags=["hide-input"] caption="C \\"d\\"" alt="A" label="l" timeout=5\nx\n```\n\n'
    "```text\nshown\n```\n\n!!! note\n\n    inside\n"
).replace("'''\n```\n'''\n```", "1\n```")


def code_cells(post: Post) -> list[Cell]:
    return [part for part in post.parts if isinstance(part, Cell)]


def as_notebook(text: str) -> str:
    return str(nbformat.writes(jupytext.reads(text, fmt="md")))


@pytest.mark.parametrize("path", POSTS, ids=lambda path: path.stem)
def test_jupytext_finds_our_cells_in_every_post(path: Path) -> None:
    text = path.read_text()
    theirs = [cell.source for cell in jupytext.reads(text, fmt="md").cells if cell.cell_type == "code"]
    ours = [cell.code for cell in code_cells(parse_post(text, "p.md")) if not cell.prefix]
    assert [code.strip("\n") for code in ours] == [code.strip("\n") for code in theirs]


@pytest.mark.parametrize("text", [TEXT, *(path.read_text() for path in POSTS)])
def test_a_round_trip_through_a_notebook_loses_nothing(text: str) -> None:
    back = jupytext.writes(nbformat.reads(as_notebook(text), as_version=4), fmt="md")
    before, after = parse_post(text, "p.md"), parse_post(back, "p.md")
    assert after.meta == before.meta
    assert [(unit.code, getattr(unit, "options", None)) for unit in after.units] == [
        (unit.code, getattr(unit, "options", None)) for unit in before.units
    ]
    prose = [
        "".join(part.source for part in post.parts if not isinstance(part, Cell)).split() for post in (before, after)
    ]
    assert prose[0] == prose[1]


def test_a_notebook_is_the_post_that_jupytext_would_write() -> None:
    ours = parse_post(as_notebook(TEXT), "p.ipynb")
    same = parse_post(TEXT, "p.md")
    assert ours.meta == same.meta
    assert [(type(u), u.code) for u in ours.units if not getattr(u, "prefix", "")] == [
        (type(u), u.code) for u in same.units if not getattr(u, "prefix", "")
    ]
    assert [cell.options for cell in code_cells(ours)] == [cell.options for cell in code_cells(same)]
    lines = (HEAD + "".join(part.source for part in ours.parts)).split("\n")
    for part in ours.parts:
        assert part.source.split("\n")[0] in lines[part.line - 1]


def book(*cells: tuple[str, str], **metadata: Any) -> str:
    made = nbformat.v4.new_notebook(metadata=metadata)
    made.cells = [getattr(nbformat.v4, f"new_{kind}_cell")(text) for kind, text in cells]
    return str(nbformat.writes(made))


def test_front_matter_may_be_a_markdown_cell_or_metadata() -> None:
    for text in (
        book(("markdown", HEAD), ("code", "x = 1")),
        book(("raw", HEAD), ("code", "x = 1")),
        book(("code", "x = 1"), mlblog={"title": "T", "date": "2026-11-21", "tags": ["A"]}),
    ):
        post = parse_post(text, "p.ipynb")
        assert (post.title, str(post.meta["date"]), post.meta["tags"]) == ("T", "2026-11-21", ["A"])
        assert [cell.code for cell in code_cells(post)] == ["x = 1"]


def test_fences_in_markdown_cells_are_shown_and_code_with_fences_in_it_runs() -> None:
    code = 's = """\n```\n"""'
    post = parse_post(book(("raw", HEAD), ("markdown", "a\n\n```python\nno\n```"), ("code", code)), "p.ipynb")
    assert [cell.code for cell in code_cells(post)] == [code]
    assert "```python\nno\n```" in "".join(part.source for part in post.parts)


HEADED = {"cell_type": "markdown", "source": HEAD}
ODD = {"cell_type": "code", "metadata": {"tags": "odd"}, "source": "x"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "p.ipynb:1: not a notebook"),
        ("[]", "p.ipynb:1: not a notebook of format 4"),
        ('{"nbformat": 3, "cells": []}', "not a notebook of format 4"),
        ('{"nbformat": 4, "cells": [1]}', "cell 1 is not a valid cell"),
        ('{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}', "no front matter"),
        (book(("code", "x")), "no front matter"),
        (book(("raw", HEAD), ("markdown", "a\n\nb `{python} (`")), "p.ipynb:cell 2, line 3: "),
        (book(("raw", HEAD), ("code", "x"), ("markdown", "```text\nopen")), "p.ipynb:cell 3, line 1: "),
        (book(("markdown", HEAD.replace("T", "[T"))), "p.ipynb:cell 1, line 3: the front matter is not YAML"),
        (book(("code", "x"), mlblog={"title": "T"}), "p.ipynb:1: no date"),
        (json.dumps({"nbformat": 4, "cells": [HEADED, ODD]}), "p.ipynb:cell 2: tags must be a list"),
    ],
)
def test_a_wrong_notebook_is_refused(text: str, says: str) -> None:
    with pytest.raises(PostError) as caught:
        parse_post(text, "p.ipynb")
    assert says in str(caught.value)


def test_a_notebook_becomes_a_light_page_and_its_errors_are_placed(project: Project, server: Server) -> None:
    cells = [("raw", HEAD), ("markdown", "Prose `{python} 2 + 3`."), ("code", "x = 4\nx * 11")]
    (project.posts / "nb.ipynb").write_text(book(*cells))
    (project.posts / "paired.md").write_text(HEAD)
    (project.posts / "paired.ipynb").write_text(book(*cells))
    done = compile_posts(project, server=server)
    assert done.pages == ["blog/posts/nb.md", "blog/posts/paired.md"]
    text = (done.folder / done.pages[0]).read_text()
    assert "Prose 5." in text
    assert "```text\n44\n```" in text
    assert len(text) < 2000


def test_errors_name_the_cell_and_the_line_in_it(project: Project, server: Server) -> None:
    define, call = "def f(x):\n\n    return 1 / x", "x = 0\n\n\n\nf(x)"
    text = book(("raw", HEAD), ("code", define), ("markdown", "a\n\nb\n\nc"), ("code", call))
    with pytest.raises(CellError) as caught:
        server.run(parse_post(text, "posts_src/nb.ipynb"))
    assert str(caught.value) == (
        "posts_src/nb.ipynb:cell 4, line 5: ZeroDivisionError: division by zero\n    f(x)\n"
        "  raised at posts_src/nb.ipynb:cell 2, line 3 in f"
    )
    assert 'File "posts_src/nb.ipynb", cell 4, line 5, in <module>' in caught.value.traceback
    assert 'File "posts_src/nb.ipynb", cell 2, line 3, in f' in caught.value.traceback
    assert json.dumps(caught.value.line) == "24"  # of the document that it would be

    warns = "import warnings\nwarnings.warn('careful')\n" + call
    made = nbformat.reads(book(("raw", HEAD), ("code", define), ("code", warns)), as_version=4)
    made.cells[2].metadata = {"tags": ["raises-exception"]}
    warning, error = server.run(parse_post(nbformat.writes(made), "posts_src/nb.ipynb")).ran[1].outputs
    assert warning["text"].startswith("posts_src/nb.ipynb:cell 3, line 2: UserWarning: careful")
    assert error["traceback"][0] == "posts_src/nb.ipynb:cell 3, line 7, in <module>"
    assert "posts_src/nb.ipynb:cell 2, line 3, in f" in error["traceback"]


def test_what_is_wrong_with_a_figure_is_placed_in_its_cell(project: Project, server: Server) -> None:
    plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2])"
    (project.posts / "nb.ipynb").write_text(book(("raw", HEAD), ("markdown", "a\n\nb"), ("code", plot)))
    (error,) = compile_posts(project, server=server).errors
    assert str(error).startswith("posts_src/nb.ipynb:cell 3: ")
    (project.posts / "nb.ipynb").unlink()
