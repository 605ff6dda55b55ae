"""The notebook that a page gives away: it says what it is, and runs in any folder where what it names is installed."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from mlblog.errors import PostError
from mlblog.lab import Project
from mlblog.press import compile_posts, parse_post
from mlblog.press.page.origin import Origin

HEAD = "---\ntitle: A *title*\ndate: 2026-11-21\n---\n"
BODY = """\
Of `{python} len(runs)` runs.

```python
from toy.experiments.coin import coin

runs = coin.runs()
print(runs.mean("mean"), open("data/words.txt").read())
```

```python
import matplotlib.pyplot as plt
import numpy as np
```
"""
MKDOCS = "site_name: Some site\nsite_url: https://a.example/\nrepo_url: https://b.example/some/blog\n"


def git(root: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    return subprocess.run(
        ["git", *who, *arguments], cwd=root, check=True, capture_output=True, text=True
    ).stdout.strip()


def taken(project: Project) -> Any:
    done = compile_posts(project)
    assert not done.errors, done.errors
    return nbformat.reads((done.folder / "blog/posts/p/p.ipynb").read_text(encoding="utf-8"), as_version=4)


@pytest.fixture
def blog(fresh: Project, record: Any) -> Project:
    """A project under git, whose post reads records and a file."""
    files = {
        "mkdocs.yml": MKDOCS,
        "pyproject.toml": '[project]\nname = "toy-blog"\n[tool.mlblog]\npackages = ["toy"]\n',
        "data/words.txt": "some words",
        "posts_src/p.md": HEAD
        + BODY.replace("Of `{python} len(runs)` runs.\n", "")
        + "Of `{python} len(runs)` runs.\n",
        ".gitignore": ".mlblog\n",
    }
    for name, text in files.items():
        (fresh.root / name).parent.mkdir(exist_ok=True)
        (fresh.root / name).write_text(text)
    record(fresh)
    git(fresh.root, "init", "-q")
    git(fresh.root, "add", ".")
    git(fresh.root, "commit", "-qm", "a")
    return fresh


def test_it_says_what_it_is_and_runs_in_any_folder(blog: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    book = taken(blog)
    nbformat.validate(book)
    commit = git(blog.root, "rev-parse", "HEAD")
    said = book.cells[0].source
    for piece in ("# A &#42;title&#42;", "2026-11-21", "Some site", "<https://b.example/some/blog>", f"`{commit}`."):
        assert piece in said
    assert f'"toy-blog @ git+https://b.example/some/blog@{commit}" matplotlib mlblog numpy\n' in said
    assert str(blog.root) not in json.dumps(book)

    shown = [cell.outputs for cell in book.cells if cell.cell_type == "code"][1][0].text
    assert shown.endswith("some words\n")
    nowhere = tmp_path_factory.mktemp("nowhere")
    packages = tmp_path_factory.mktemp("packages")  # the package is installed; its project is not here
    (blog.root / "toy").rename(packages / "toy")
    again = nbformat.from_dict(json.loads(json.dumps(book)))
    again.cells.insert(0, nbformat.v4.new_code_cell(f"import sys\nsys.path.insert(0, {str(packages)!r})"))
    NotebookClient(again, timeout=120, resources={"metadata": {"path": str(nowhere)}}).execute()
    code = [cell for cell in again.cells if cell.cell_type == "code"]
    assert code[2].outputs[0].text == shown
    assert code[1].outputs == []


def test_what_lies_there_stays(blog: Project, tmp_path: Path) -> None:
    source = next(cell.source for cell in taken(blog).cells if cell.cell_type == "code")
    there = tmp_path / "there"
    (there / "data").mkdir(parents=True)
    (there / "data" / "words.txt").write_text("mine")
    subprocess.run([sys.executable, "-c", source], cwd=there, check=True)
    assert (there / "data" / "words.txt").read_text() == "mine"
    assert sorted(path.name for path in there.rglob("seed-*.json")) == ["seed-0.json", "seed-1.json", "seed-2.json"]


def test_it_is_a_post_again(blog: Project) -> None:
    book = taken(blog)
    post = parse_post(nbformat.writes(book), "posts_src/q.ipynb")
    mine = parse_post((blog.posts / "p.md").read_bytes(), "posts_src/p.md")
    assert [unit.code for unit in post.units] == [unit.code for unit in mine.units if type(unit).__name__ == "Cell"]


def test_changes_that_are_in_no_commit_are_said_and_a_commit_renews(blog: Project) -> None:
    assert "in no commit" not in taken(blog).cells[0].source
    (blog.root / "toy" / "more.py").write_text("x = 1\n")
    assert "with uncommitted changes" in taken(blog).cells[0].source
    git(blog.root, "add", ".")
    git(blog.root, "commit", "-qm", "b")
    said = taken(blog).cells[0].source
    assert git(blog.root, "rev-parse", "HEAD") in said
    assert "in no commit" not in said


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("git@a.example:me/blog.git", "https://a.example/me/blog"),
        ("ssh://git@a.example/me/blog.git", "https://a.example/me/blog"),
        ("https://name:secret@a.example/me/blog.git", "https://a.example/me/blog"),
        ("https://a.example/me/blog/", "https://a.example/me/blog"),
        ("/home/me/blog", ""),
        ("file:///home/me/blog", ""),
        ("../blog", ""),
    ],
)
def test_a_remote_is_named_only_as_all_can_use_it(remote: str, shown: str, fresh: Project) -> None:
    git(fresh.root, "init", "-q")
    git(fresh.root, "add", ".")
    git(fresh.root, "commit", "-qm", "a")
    git(fresh.root, "remote", "add", "origin", remote)
    assert Origin.of(fresh).repository == shown


PNG = b"\x89PNG\r\n\x1a\n"


def book(source: str, **attachments: Any) -> str:
    held = {name.replace("__", "."): value for name, value in attachments.items()}
    cells = [
        {"cell_type": "raw", "metadata": {}, "source": HEAD, "id": "a"},
        {"cell_type": "markdown", "metadata": {}, "source": source, "attachments": held, "id": "b"},
        {"cell_type": "code", "metadata": {}, "source": "1", "outputs": [], "execution_count": None, "id": "c"},
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def bundle(content: bytes = PNG, mime: str = "image/png") -> dict[str, str]:
    return {mime: base64.b64encode(content).decode()}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("![a](attachment:b.png)", "b.png"),
        ('a\n\n<img src="attachment:b.png">', "b.png"),
        ("![a][x]\n\n[x]: attachment:b.png", "b.png"),
        ("![a](attachment:my%20b.png)", "my b.png"),
    ],
)
def test_attachments_are_files_beside_the_page_and_go_away_with_the_notebook(
    source: str, name: str, fresh: Project
) -> None:
    (fresh.posts / "p.ipynb").write_text(book(source, **{name: bundle()}))
    away = taken(fresh)
    (file,) = (path for path in (fresh.work / "pages").rglob("*.png"))
    assert file.read_bytes() == PNG
    page = (fresh.work / "pages/blog/posts/p.md").read_text()
    assert f"p/{file.name}" in page
    assert "attachment:" not in page.split("mlblog-remake")[0]
    (cell,) = (cell for cell in away.cells if cell.get("attachments"))
    (held,) = cell.attachments
    assert f"attachment:{held}" in cell.source
    assert base64.b64decode(cell.attachments[held]["image/png"]) == PNG


@pytest.mark.parametrize(
    ("source", "attachments", "says"),
    [
        ("a\n\n![a](attachment:c.png)", {"b__png": bundle()}, "cell 2, line 3: .* no attachment 'c.png' .it has b.png"),
        ("![a](attachment:c.png)", {}, "cell 2, line 1: the cell has no attachment 'c.png' .it has nothing"),
        ("![a](attachment:b.png)", {"b__png": {"image/png": "%%%"}}, "cell 2, line 1: .* 'b.png' is damaged"),
    ],
)  # fmt: skip
def test_a_picture_that_is_not_there_is_an_error_with_its_line(source: str, attachments: Any, says: str) -> None:
    with pytest.raises(PostError, match=f"p.ipynb:{says}"):
        parse_post(book(source, **attachments), "p.ipynb")


def test_two_cells_may_hold_pictures_of_one_name_and_text_about_attachments_is_text() -> None:
    first, second = (
        json.loads(book("![](attachment:b.png)", b__png=bundle())),
        json.loads(book("![](attachment:b.png) `attachment:x`", b__png=bundle(b"2"))),
    )
    first["cells"].append(second["cells"][1] | {"id": "d"})
    post = parse_post(json.dumps(first), "posts_src/p.ipynb")
    assert sorted(post.files.values()) == [b"2", PNG]
    assert "`attachment:x`" in "".join(part.source for part in post.parts)
