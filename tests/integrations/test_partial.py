"""What live preview leaves as it was is what a build from nothing would write: every file, byte for byte."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from serving import environment, write

from mlblog.integrations.speedup.rendering import bounded

HEAD = "---\ntitle: {0}\ndate: 2026-11-{1}\ncategories: [{2}]\ntags: [{2} things]\ndescription: 'On {0}.'\n---\n"
FILES = {
    "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
    "mkdocs.yml": (
        "site_name: t\nsite_url: http://127.0.0.1:8000/\n"
        "theme: {name: material, font: false, custom_dir: templates, features: [navigation.footer, navigation.tabs]}\n"
        'plugins: [search, mlblog, blog: {post_url_format: "{slug}", pagination_per_page: 2}, tags,\n'
        "  rss: {match_path: blog/posts/.*, use_git: false, date_from_meta: {as_creation: date, as_update: date}}]\n"
        "markdown_extensions: [admonition, footnotes, toc: {permalink: true}]\n"
        "nav: [Home: index.md, Blog: [blog/index.md], About: about.md, Tags: tags.md]\n"
    ),
    "templates/main.html": (
        '{% extends "base.html" %}{% block footer %}{{ super() }}<p>{{ page.title }}</p>{% endblock %}\n'
    ),
    "templates/home.html": (
        '{% extends "main.html" %}{% block content %}{{ super() }}'
        "{% for file in pages if file.page %}<i>{{ file.page.title }}</i>{% endfor %}{% endblock %}\n"
    ),
    "docs/index.md": "---\ntemplate: home.html\n---\n\n# Home\n\nSee [the blog](blog/index.md).\n",
    "docs/about.md": "# About\n\n## Who\n\nWe.\n",
    "docs/tags.md": "# Tags\n\n<!-- material/tags -->\n",
    "docs/picture.svg": "<svg xmlns='http://www.w3.org/2000/svg'/>\n",
    "docs/blog/index.md": "# Blog\n",
    "toy/__init__.py": "",
    "toy/tools.py": "def answer():\n    return 1\n",
    "posts_src/alpha.md": HEAD.format("Alpha", 21, "Lines")
    + "First.\n\n<!-- more -->\n\n## Part\n\n```python\nfrom toy.tools import answer\n\nanswer()\n```\n",
    "posts_src/beta.md": HEAD.format("Beta", 20, "Curves") + "[Second](alpha.md#part).\n\n<!-- more -->\n\nRest.\n",
    "posts_src/gamma.md": HEAD.format("Gamma", 19, "Lines") + "Third[^1].\n\n<!-- more -->\n\n[^1]: A note.\n",
    "posts_src/delta.md": HEAD.format("Delta", 18, "Lines") + "Fourth.\n\n<!-- more -->\n\nRest.\n",
}  # fmt: skip
# builds as `mkdocs serve` does: "kept" all in one process, "fresh" each in a new one that has built nothing
DRIVER = """
import os, sys
from mkdocs.commands.build import build
from mkdocs.config import load_config
import material.plugins.blog.plugin, mlblog.site, mlblog.integrations.mkdocs, mlblog.press.kernel.shell

first = None
def serve(root, site):
    global first
    os.chdir(root)
    config = load_config("mkdocs.yml", site_dir=site)
    if first is None:
        first = config
        config.plugins.on_startup(command="serve", dirty=False)
    build(config, serve_url=config.site_url)

for line in sys.stdin:
    if sys.argv[1] == "kept":
        serve(*line.split())
    elif (child := os.fork()) == 0:
        serve(*line.split())
        first.plugins.on_shutdown()
        os._exit(0)
    else:
        assert os.waitpid(child, 0)[1] == 0
    print("done", flush=True)
if first:
    first.plugins.on_shutdown()
"""


class Builder:
    """One process that builds a site again and again, and what a new one makes of the same files."""

    def __init__(self, folder: Path) -> None:
        self.root, self.site, self.folder = folder / "blog", folder / "kept", folder
        write(self.root, FILES)
        self.site.mkdir()
        self.processes = {
            kind: subprocess.Popen(
                [sys.executable, "-c", DRIVER, kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                env=environment() | {"MLBLOG_EXPERIMENTS": "never"},
            )
            for kind in ("kept", "fresh")
        }  # fmt: skip

    def build(self) -> dict[str, bytes]:
        return self._ask("kept", self.root, self.site)

    def fresh(self) -> dict[str, bytes]:
        copy, site = self.folder / "copy", self.folder / "fresh"
        for folder in (copy, site):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.root, copy, ignore=shutil.ignore_patterns("html", "derived.json", "__pycache__"))
        return self._ask("fresh", copy, site)

    def _ask(self, kind: str, root: Path, site: Path) -> dict[str, bytes]:
        process = self.processes[kind]
        assert process.stdin is not None
        assert process.stdout is not None
        print(root, site, file=process.stdin, flush=True)
        assert process.stdout.readline() == "done\n"
        return {path.relative_to(site).as_posix(): steady(path) for path in site.rglob("*") if path.is_file()}


def steady(path: Path) -> bytes:
    """What a file holds, but for the moment of its build."""
    if path.name == "sitemap.xml.gz":
        return b""
    text = path.read_bytes()
    return re.sub(rb"(?m)^.*(lastBuildDate|<pubDate>|date_modified).*$", b"", text) if path.match("feed_*") else text


@pytest.fixture(scope="module")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Builder]:
    builder = Builder(tmp_path_factory.mktemp("partial").resolve())
    builder.build()
    yield builder
    for process in builder.processes.values():
        process.communicate(timeout=20)
        assert process.returncode == 0


def replaced(name: str, old: str, new: str) -> Callable[[Path], None]:
    def edit(root: Path) -> None:
        text = (root / name).read_text()
        assert old in text
        (root / name).write_text(text.replace(old, new, 1))

    return edit


def added(name: str, text: str) -> Callable[[Path], None]:
    return lambda root: write(root, {name: text})


EDITS = {
    "text of a post": replaced("posts_src/alpha.md", "## Part", "More.\n\n## Part"),
    "its excerpt": replaced("posts_src/beta.md", "[Second]", "[Two]"),
    "its title": replaced("posts_src/gamma.md", "title: Gamma", "title: Gamma rays"),
    "its tags": replaced("posts_src/delta.md", "tags: [Lines things]", "tags: [Odd things, Curves things]"),
    "its category": replaced("posts_src/delta.md", "categories: [Lines]", "categories: [Curves]"),
    "its date, past another": replaced("posts_src/delta.md", "2026-11-18", "2026-11-25"),
    "its address": replaced("posts_src/beta.md", "title: Beta", "title: Beta\nslug: second"),
    "an anchor of it": replaced("posts_src/alpha.md", "## Part", "## Part {#other}"),
    "a module": replaced("toy/tools.py", "return 1", "return 20261121"),
    "an error in a cell": replaced("posts_src/alpha.md", "answer()\n```", "answer() / 0\n```"),
    "the error mended": replaced("posts_src/alpha.md", "answer() / 0", "answer()"),
    "a new post": added("posts_src/epsilon.md", HEAD.format("Epsilon", 22, "New") + "Fifth.\n"),
    "a page's heading": replaced("docs/about.md", "# About", "# About us"),
    "a page's icon in the menu": replaced("docs/about.md", "# About", "---\nicon: material/heart\n---\n\n# About"),
    "a page's tags": replaced("docs/about.md", "icon: material/heart", "icon: material/heart\ntags: [People]"),
    "a page's weight in the search": replaced("docs/about.md", "tags: [People]", "tags: [People]\nsearch: {boost: 3}"),
    "the menu": replaced("mkdocs.yml", "About: about.md", "Who: about.md"),
    "the name of the site": replaced("mkdocs.yml", "site_name: t", "site_name: u"),
    "a feature": replaced("mkdocs.yml", "navigation.tabs", "navigation.top"),
    "a template": replaced("templates/main.html", "<p>", "<p class=x>"),
    "a picture": replaced("docs/picture.svg", "<svg", "<svg id='p'"),
    "a page less": lambda root: (root / "posts_src/epsilon.md").unlink(),
    "a picture less": lambda root: (root / "docs/picture.svg").unlink(),
    "a draft": replaced("posts_src/gamma.md", "tags:", "draft: true\ntags:"),
}


@pytest.mark.parametrize("what", list(EDITS))
def test_after_an_edit_every_file_is_that_of_a_build_from_nothing(builder: Builder, what: str) -> None:
    EDITS[what](builder.root)
    found, expected = builder.build(), builder.fresh()
    assert sorted(found) == sorted(expected)
    assert [name for name in found if found[name] != expected[name]] == []


def test_what_is_the_same_is_left_alone(builder: Builder) -> None:
    builder.build()
    before = {path: path.stat().st_mtime_ns for path in builder.site.rglob("*.html")}
    replaced("posts_src/alpha.md", "More.", "Even more.")(builder.root)
    builder.build()
    changed = {path for path in before if path.stat().st_mtime_ns != before[path]}
    assert [path.parent.name for path in changed] == ["alpha"]


@pytest.mark.parametrize(
    ("text", "is_bounded"),
    [
        ("{{ page.content }} {{ page.next_page.title }} {{ config.site_name }}", True),
        ("{% for post in posts %}{{ post.content }}{% endfor %}", True),
        ("{% if 'rss' in config.plugins %}x{% endif %}", True),
        ("{{ config.plugins['blog'].blog.title }}", False),
        ("{{ page.next_page.content }}", False),
        ("{% set other = page.next_page %}{{ other.toc }}", False),
        ("{% set page = page.next_page %}{{ page.content }}", False),
        ("{% macro show(one) %}{{ one['content'] }}{% endmacro %}{{ show(page.next_page) }}", False),
        ("{{ nav.pages | map(attribute='content') | join }}", False),
        ("{{ page.next_page | attr('content') }}", False),
        ("{% for file in pages %}{{ file.url }}{% endfor %}", False),
        ("{{ build_date_utc }}", False),
        ("{{ [1, 2] | random }}", False),
        ("{{ lipsum() }}", False),
        ("{{ page[name] }}", False),
        ("{% include 'part.html' %}", False),
        ("{% include name %}", False),
    ],
)
def test_a_template_that_may_read_more_than_its_page_is_rendered_each_time(
    tmp_path: Path, text: str, is_bounded: bool
) -> None:
    own, theme = tmp_path / "own", tmp_path / "theme"
    write(theme, {"base.html": "{{ pages }}", "main.html": "{{ pages }}"})
    write(own, {"page.html": text, "part.html": "{{ nav.items[0].content }}"})
    env = Environment(loader=FileSystemLoader([own, theme]))
    assert bounded(env, [own], "page.html") is is_bounded
    assert bounded(env, [own], "main.html")
    write(own, {"base.html": text})  # any template of the theme may use it now
    assert bounded(env, [own], "main.html") is is_bounded
