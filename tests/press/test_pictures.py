"""Pictures beside a post are shown by its page, its notebook and live preview; one that is missing is named."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from mlblog.errors import PostError
from mlblog.lab import Project
from mlblog.press import compile_posts
from mlblog.press.source.parse import parse_post
from mlblog.press.source.pictures import with_pictures

HEAD = "---\ntitle: T\ndate: 2026-01-02\n---\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))


@pytest.fixture
def project(make_project: Callable[[dict[str, str]], Project]) -> Project:
    made = make_project({"posts_src/a.md": "", "docs/assets/b/site.png": "x", "docs/index.md": "# Home\n"})
    for name in ("posts_src/a/one.png", "posts_src/two words.PNG", "posts_src/notes/deep/three.svg"):
        path = made.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PNG + name.encode())
    return made


@pytest.mark.parametrize(
    ("path", "text", "shown", "file"),
    [
        ("a.md", "![one](a/one.png)", "![one](a/a-one.png)", "a/a-one.png"),
        (
            "a.md",
            "See\n![x](./a/one.png 'Title'){ width=3 }",
            "See\n![x](a/a-one.png 'Title'){ width=3 }",
            "a/a-one.png",
        ),
        ("a.md", "![x](<two words.PNG>)", "![x](a/two-words.PNG)", "a/two-words.PNG"),
        ("a.md", "![x](two%20words.PNG)", "![x](a/two-words.PNG)", "a/two-words.PNG"),
        ("a.md", "![x][far]\n\n[far]: a/one.png", "![x][far]\n\n[far]: a/a-one.png", "a/a-one.png"),
        ("a.md", "[![x](a/one.png)](a/one.png)", "[![x](a/a-one.png)](a/a-one.png)", "a/a-one.png"),
        ("notes/n.md", "![x](deep/three.svg)", "![x](n/deep-three.svg)", "n/deep-three.svg"),
        ("scribbles/s.md", "![x](../a/one.png)", "![x](s/a-one.png)", "s/a-one.png"),
        ("a.md", "- a ` tick\n- ![x](a/one.png) ` tock", "- a ` tick\n- ![x](a/a-one.png) ` tock", "a/a-one.png"),
    ],
)
def test_a_picture_goes_beside_the_page(project: Project, path: str, text: str, shown: str, file: str) -> None:
    post = with_pictures(parse_post(f"{HEAD}{text}\n", f"posts_src/{path}"), project)
    assert "".join(part.source for part in post.parts) == f"{shown}\n"
    assert list(post.files) == [file]
    (source,) = post.pictures
    assert post.files[file] == (project.root / source).read_bytes()


@pytest.mark.parametrize(
    "text",
    [
        "![x](https://x.org/a.png)", "![x](/assets/none.png)", "`![x](none.png)`", "```\n![x](none.png)\n```",
        "<!-- ![x](none.png) -->", "![x](../../assets/b/site.png)", "![x](data:image/png;base64,aaa)",
        "    ![x](none.png)", "[text](none.html)", "`` ` ![x](none.png) ``", "<div>\n![x](none.png)\n</div>",
        "- a\n\n        ![x](none.png)", "```html\n<img src='none.png'>\n```",
    ],
)  # fmt: skip
def test_what_is_no_picture_beside_the_post_is_left_alone(project: Project, text: str) -> None:
    post = with_pictures(parse_post(f"{HEAD}{text}\n", "posts_src/a.md"), project)
    assert "".join(part.source for part in post.parts) == f"{text}\n"
    assert (post.files, post.pictures) == ({}, ())


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a\n\n![x](a/none.png)", 7, "picture 'a/none.png': there is no posts_src/a/none.png; paths begin at"),
        ("`{python} 1` ![x](one.png)", 5, "picture 'one.png': there is no posts_src/one.png"),
        ("![x](../../../secret.png)", 5, "there is no ../../secret.png"),
        (
            'a\n<img src="a/one.png">',
            6,
            r"picture 'a/one.png' in HTML is not found by readers; write !\[…\]\(a/one.png\)",
        ),
        ("[far]: none.png", 5, "there is no posts_src/none.png"),
    ],
)
def test_a_picture_that_is_missing_is_named(project: Project, text: str, line: int, message: str) -> None:
    (project.root.parent / "secret.png").write_bytes(PNG)
    with pytest.raises(PostError, match=message) as failed:
        with_pictures(parse_post(f"{HEAD}{text}\n", "posts_src/a.md"), project)
    assert failed.value.line == line


def test_page_and_notebook_show_it_and_a_new_picture_is_taken(project: Project) -> None:
    post = project.posts / "a.md"
    post.write_text(f"{HEAD}![A hill](a/one.png)\n\n```python\n1\n```\n")
    for path in (post, project.posts / "a/one.png"):  # old enough to be kept
        os.utime(path, (1e9, 1e9))
    done = compile_posts(project)
    assert not done.errors
    file = done.folder / "blog/posts/a/a-one.png"
    assert file.read_bytes() == (project.posts / "a/one.png").read_bytes()
    book = json.loads((done.folder / "blog/posts/a/a.ipynb").read_text())
    (held,) = [cell["attachments"] for cell in book["cells"] if cell.get("attachments")]
    assert list(held) == ["a-one.png"]
    (project.posts / "a/one.png").write_bytes(b"another")
    compile_posts(project)
    assert file.read_bytes() == b"another"
    (project.posts / "a/one.png").unlink()
    (error,) = compile_posts(project).errors
    assert str(error).startswith("posts_src/a.md:5: picture 'a/one.png'")


def test_the_site_shows_it_on_the_page_and_in_lists(project: Project) -> None:
    (project.posts / "a.md").write_text(f"{HEAD}![A hill](a/one.png)\n\n<!-- more -->\n\nText.\n")
    (project.root / "docs/blog").mkdir()
    (project.root / "docs/blog/index.md").write_text("# Blog\n")
    (project.root / "mkdocs.yml").write_text(
        'site_name: t\ntheme: {name: material, font: false}\nplugins: [mlblog, blog: {post_url_format: "{slug}"}]\n'
    )
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "MLBLOG_EXPERIMENTS": "never"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    for name in ("blog/a/index.html", "blog/index.html"):
        page = project.root / "site" / name
        image = BeautifulSoup(page.read_text(), "html.parser").select_one("img[alt='A hill']")
        assert image is not None
        assert Path(page.parent, str(image["src"])).resolve().read_bytes() == (project.posts / "a/one.png").read_bytes()
