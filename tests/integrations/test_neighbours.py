"""A new blog built with other plugins beside ours: they do their work, and posts read as they do without them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from serving import environment, write

POST = """---
title: Braces
date: 2020-02-02
categories: [Notes]
description: Code with braces, and a link to a reference.
---

Of code with braces.

<!-- more -->

```python
values = {"a": {1: 2}}
print(f"{{ {values['a'][1]} }}")
print("{% raw %}", "   three spaces")
```
"""
NOTEBOOK = {
    "cells": [
        {"cell_type": "markdown", "id": "a", "metadata": {}, "source": ["# By hand\n", "\n", "From a notebook."]}
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 5,
}


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A blog in git, built once, with a page for each of the neighbours."""
    root = tmp_path_factory.mktemp("neighbours") / "blog"
    _call(root.parent, sys.executable, "-m", "mlblog", "init", "blog", "--package", "steps")
    write(
        root,
        {
            "steps/tools.py": '"""Tools."""\n\n\ndef step():\n    """Take a step."""\n',
            "posts_src/braces.md": POST,
            "docs/sum.md": "# Sum\n\nThe sum is {{ 20 + 22 }}.\n",
            "docs/byhand.ipynb": json.dumps(NOTEBOOK),
        },
    )
    _call(root, "git", "init", "-q", "-b", "main")
    for day, what in (("2020-02-02", "posts_src/braces.md"), ("2021-03-04", ".")):
        _call(root, "git", "add", what)
        _call(root, "git", "commit", "-qm", day, day=day)
    _call(root, sys.executable, "-m", "mkdocs", "build", "--strict")
    return root


def _call(folder: Path, *command: str, day: str = "2022-01-01") -> str:
    who = {f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    days = {f"GIT_{who}_DATE": f"{day}T12:00:00Z" for who in ("AUTHOR", "COMMITTER")}
    path = {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}  # `mike` calls what builds
    done = subprocess.run(
        command, cwd=folder, env=environment() | who | days | path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


Build = Callable[..., Path]


@pytest.fixture(scope="module")
def build(blog: Path, tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Build a copy of the blog with more plugins, once; the folder of the site."""
    built: dict[str, Path] = {}

    def build(*plugins: str, settings: str = "", files: dict[str, str] | None = None) -> Path:
        asked = json.dumps([plugins, settings, files])
        if asked in built:
            return built[asked]
        copy = tmp_path_factory.mktemp("copy") / "blog"
        shutil.copytree(blog, copy, ignore=shutil.ignore_patterns("site"))
        text = (blog / "mkdocs.yml").read_text()
        more = "".join(f"  - {plugin}\n" for plugin in plugins)
        if any(name.startswith("overrides/") for name in files or {}):
            text = text.replace("  name: material\n", "  name: material\n  custom_dir: overrides\n")
        write(copy, {"mkdocs.yml": text.replace("  - mlblog:", f"{more}  - mlblog:") + settings} | (files or {}))
        _call(copy, "git", "add", ".")
        _call(copy, "git", "commit", "-qm", "With plugins", "--allow-empty")
        said = _call(copy, sys.executable, "-m", "mkdocs", "build", "--strict")
        assert "WARNING" not in said
        built[asked] = copy / "site"
        return built[asked]

    return build


def text_of(page: Path) -> str:
    return BeautifulSoup(page.read_text(), "html.parser").get_text()


def article(page: Path) -> str:
    """What a reader reads of a post, without the spaces between blocks and the commit, which differs by blog."""
    found = BeautifulSoup(page.read_text(), "html.parser").find("article")
    assert found is not None
    return re.sub(r"git checkout [0-9a-f]{40}", "git checkout", " ".join(found.get_text().split()))


POSTS = ("blog/braces/index.html", "blog/walk/index.html")


@pytest.mark.parametrize(
    "plugin",
    [
        "mkdocstrings",
        "autorefs",
        "mkdocs-jupyter",
        "macros",
        "mike",
        "glightbox",
        "minify: {minify_html: true, minify_js: true, minify_css: true}",
    ],
)
def test_posts_read_as_they_do_without_it(blog: Path, build: Build, plugin: str) -> None:
    site = build(plugin)
    for post in POSTS:
        assert article(site / post) == article(blog / "site" / post)
    beside = [path for path in (blog / "site/blog").rglob("*.*") if path.suffix != ".html"]
    assert sorted({path.suffix for path in beside}) == [".csv", ".ipynb", ".json", ".md", ".svg"]
    for path in beside:
        assert _without_commit(site / path.relative_to(blog / "site")) == _without_commit(path)


def _without_commit(path: Path) -> str:
    """What is in a file, less the commit that a notebook or a twin says it is of, which another plugin changes."""
    return re.sub(r"\b[0-9a-f]{12,40}\b", "", path.read_text())


def test_mkdocstrings_documents_code_and_is_linked_to(build: Build) -> None:
    linking = POST.replace("Of code", "[Take a step][steps.tools.step]. Of code")
    site = build(
        "mkdocstrings: {handlers: {python: {paths: [.]}}}",
        files={"docs/api.md": "# Code\n\n::: steps.tools\n", "posts_src/braces.md": linking},
    )
    assert "Take a step." in text_of(site / "api/index.html")
    link = BeautifulSoup((site / POSTS[0]).read_text(), "html.parser").find("a", string="Take a step")
    assert link is not None
    assert link["href"] == "../../api/#steps.tools.step"


def test_mkdocs_jupyter_makes_pages_of_notebooks_and_none_of_our_downloads(build: Build) -> None:
    site = build("mkdocs-jupyter")
    assert "From a notebook." in text_of(site / "byhand/index.html")
    pages = sorted(path.parent.name for path in (site / "blog").rglob("index.html"))
    assert pages == sorted(["blog", "braces", "walk", "notes", "2020", "2026"])


def test_macros_are_for_pages_that_are_not_compiled(build: Build) -> None:
    site = build("macros")
    assert "The sum is 42." in text_of(site / "sum/index.html")
    assert "{ 2 }\n{% raw %}    three spaces" in text_of(site / POSTS[0])


@pytest.mark.parametrize("parallel", ["true", "false"])
def test_dates_are_those_of_sources(build: Build, parallel: str) -> None:
    site = build(f"git-revision-date-localized: {{enable_creation_date: true, enable_parallel_processing: {parallel}}}")
    for page, days in {
        "blog/braces/index.html": ["February 2, 2020"],
        "blog/walk/index.html": ["March 4, 2021"],
        "sum/index.html": ["March 4, 2021"],
        "experiments/index.html": ["February 2, 2020", "March 4, 2021"],  # made of all posts, the first and the last
    }.items():
        found = re.findall(r'git-revision-date-localized-plugin-date"[^>]*>([^<]+)<', (site / page).read_text())
        assert sorted(set(found)) == days, page


def test_links_to_edit_a_page_lead_to_its_source(build: Build) -> None:
    settings = "repo_url: https://example.org/a/b\nedit_uri: edit/main/docs/\n"
    template = "{% extends 'base.html' %}{% block extrahead %}<i edit='{{ page.edit_url }}'></i>{% endblock %}"
    files = {"overrides/main.html": template}
    site = build(settings=settings, files=files)
    for page, source in {
        "blog/braces/index.html": "https://example.org/a/b/edit/main/posts_src/braces.md",
        "sum/index.html": "https://example.org/a/b/edit/main/docs/sum.md",
        "experiments/index.html": "None",
    }.items():
        assert re.findall(r"edit='([^']*)'", (site / page).read_text()) == [source]


def test_glightbox_opens_figures_of_either_scheme(build: Build) -> None:
    page = BeautifulSoup((build("glightbox") / POSTS[1]).read_text(), "html.parser")
    shown = [str(link["href"]) for link in page.select("figure a.glightbox")]
    assert [re.sub(r".*/|#.*", "", name) for name in shown] == ["distance-light.svg", "distance-dark.svg"]


def test_mike_deploys_a_version(blog: Path, tmp_path: Path) -> None:
    copy = tmp_path / "blog"
    shutil.copytree(blog, copy)
    text = (copy / "mkdocs.yml").read_text()
    (copy / "mkdocs.yml").write_text(text.replace("  - mlblog:", "  - mike\n  - mlblog:"))
    _call(copy, sys.executable, "-c", "from mike.driver import main; main()", "deploy", "1.0")
    files = _call(copy, "git", "ls-tree", "-r", "--name-only", "gh-pages").split("\n")
    assert {f"1.0/{post}" for post in POSTS} < set(files)


def test_all_of_them_at_once(blog: Path, build: Build) -> None:
    site = build(
        "mkdocstrings", "mkdocs-jupyter", "macros", "mike", "glightbox", "git-revision-date-localized", "minify",
        files={"docs/api.md": "# Code\n\n::: steps.tools\n"},
    )  # fmt: skip
    assert article(site / POSTS[1]).startswith(article(blog / "site" / POSTS[1])[:200])
    assert list((site / "blog").rglob("walk.ipynb"))
