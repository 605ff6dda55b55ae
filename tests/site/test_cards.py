"""Cards: one for each post, of the right size and the same bytes, drawn once."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from mlblog.lab import Project
from mlblog.press import Compiled
from mlblog.site import compile_site
from mlblog.site.card import drawn, words

HEAD = "---\ntitle: {}\ndate: 2026-01-02\ndescription: About {}.\n{}---\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    files = {
        "pyproject.toml": '[tool.mlblog]\npackages = ["notes"]\n',
        "notes/__init__.py": "",
        "mkdocs.yml": "site_name: A blog\nsite_description: What it is\ntheme: {name: material, custom_dir: looks}\n",
        "looks/main.html": '{% extends "base.html" %} cards/',
        "posts_src/first.md": HEAD.format("First", "one", "categories: [Rand]\n") + "Text.\n",
        "posts_src/second.md": HEAD.format("Second", "two", "draft: true\n") + "Text.\n",
        "posts_src/scribbles/first.md": HEAD.format("Note", "three", "theme: Systems\n") + "Text.\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return Project.find(tmp_path)


def test_the_design_of_mlblog_shows_cards_and_a_blog_may_replace_it(project: Project) -> None:
    settings = project.root / "mkdocs.yml"
    settings.write_text("site_name: A blog\nplugins: [search, mlblog: {design: true}]\n")
    assert len(cards(compile_site(project))) == 3
    settings.write_text("site_name: A blog\nplugins: [search, mlblog]\n")
    assert cards(compile_site(project)) == {}
    settings.write_text("theme: {name: material, custom_dir: looks}\nplugins: {mlblog: {design: true}}\n")
    (project.root / "looks/main.html").write_text('{% extends "base.html" %}')
    assert cards(compile_site(project)) == {}


def cards(done: Compiled) -> dict[str, bytes]:
    below = done.folder / "cards"
    return {path.relative_to(below).as_posix(): path.read_bytes() for path in sorted(below.rglob("*.png"))}


def test_each_published_post_has_a_card_and_the_site_one(project: Project) -> None:
    done = compile_site(project)
    assert not done.errors
    found = cards(done)
    assert list(found) == ["blog/first.png", "scribbles/first.png", "site.png"]
    assert len(set(found.values())) == 3
    index = json.loads((done.folder / "cards/index.json").read_text())
    assert index == {"blog/first": "blog/first.png", "scribbles/first": "scribbles/first.png", "site": "site.png"}
    assert {f"cards/{name}" for name in found} == {*done.files}


def test_a_new_title_is_drawn_and_the_old_card_goes(project: Project) -> None:
    before = cards(compile_site(project))
    post = project.posts / "first.md"
    post.write_text(post.read_text().replace("First", "Foremost"))
    after = cards(compile_site(project))
    assert {name for name in before if before[name] != after[name]} == {"blog/first.png"}
    assert len(list((project.work / "cards").iterdir())) == 3


def test_a_blog_whose_templates_show_none_has_none(project: Project) -> None:
    (project.root / "looks/main.html").write_text('{% extends "base.html" %}')
    done = compile_site(project)
    assert cards(done) == {}
    assert not (project.work / "cards").exists()


def test_a_second_build_imports_no_matplotlib(project: Project) -> None:
    code = (
        "import sys; from mlblog.lab import Project; from mlblog.site import compile_site\n"
        "done = compile_site(Project.find()); assert 'cards/index.json' in done.pages\n"
        "print('matplotlib' in sys.modules)"
    )
    told = []
    for _ in range(2):
        command = [sys.executable, "-c", code]
        environment = {name: value for name, value in os.environ.items() if name != "MLBLOG_ROOT"}
        done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, check=True)
        told.append(done.stdout.strip())
    assert told == ["True", "False"]


LONG = (
    "A title that is much too long to be set in three lines of any size, and so loses its end, which nobody reads twice"
)


@pytest.mark.parametrize("title", ["x", r"Costs $\no such sign$", LONG, "W" * 90])
def test_a_card_is_small_sized_as_asked_and_the_same_each_time(title: str) -> None:
    card = drawn(title, "word " * 80, "A blog", "2 January 2026")
    with Image.open(io.BytesIO(card)) as image:
        assert (image.format, image.size) == ("PNG", (1200, 630))
        shades = image.convert("L")
    assert card == drawn(title, "word " * 80, "A blog", "2 January 2026")
    assert len(card) < 60_000
    # nothing is written over the foot, where the curve and the date have their places
    assert shades.crop((100, 500, 900, 525)).getextrema() == (255, 255)


def test_text_keeps_within_the_margins() -> None:
    with Image.open(io.BytesIO(drawn(LONG, "description " * 60, "A blog", "date"))) as image:
        pixels = image.convert("L")
    assert pixels.crop((19, 0, 83, 630)).getextrema() == (255, 255)
    assert pixels.crop((1120, 0, 1200, 630)).getextrema() == (255, 255)


def test_a_formula_is_drawn_and_a_price_is_not_one() -> None:
    """One that Matplotlib cannot draw is plain text; none is cut in two."""
    assert words("The $\\sqrt{n} + 1$-rate of $5") == ["The", "$\\sqrt{n} + 1$-rate", "of", "\\$5"]
    assert words("$\\nonsuch{ab}$, $2 and $3") == ["nonsuchab,", "\\$2", "and", "\\$3"]
    raw, made = (drawn(title, "", "", "") for title in ("sqrtn", "$\\sqrt{n}$"))
    assert raw != made
    long = drawn("word " * 40 + "$a + b$ " * 40, "It costs $5 and $6. " * 30, "", "$x")
    assert Image.open(io.BytesIO(long)).size == (1200, 630)
