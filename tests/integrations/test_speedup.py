"""Every file of a site is the same with `speedup: false` as with the speedup, whose cache is empty or full."""

from __future__ import annotations

import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest
from serving import environment, write

from mlblog.integrations.speedup import hosts

MKDOCS = """site_name: t
site_url: http://127.0.0.1:8000/
theme: {name: material, font: false, custom_dir: templates}
plugins:
  - search
  - mlblog: {speedup: SPEEDUP}
  - blog: {post_url_format: "{slug}", pagination_per_page: 2}
  - tags
  - rss: {match_path: blog/posts/.*, use_git: false, date_from_meta: {as_creation: date, as_update: date}}
markdown_extensions:
  - admonition
  - footnotes
  - toc: {permalink: true}
  - pymdownx.blocks.html
  - pymdownx.highlight: {line_spans: LINE}
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
"""
HEAD = "---\ntitle: Post {0}\ndate: 2026-0{0}-01\ncategories: [{1}]\ntags: [{1} things]\n---\n\n"
MORE = "\n\n<!-- more -->\n\n"
BODIES = [
    f"Text and [a link](post-2.md#part).{MORE}## Part\n\n```python\nprint(6 * 7)\n```\n",
    f"Code below:\n\n```python\nx = 2\n```\n\nA note[^1].{MORE}## Part\n\n```python\nx + 1\n```\n\n[^1]: Note.\n",
    f'=== "One"\n\n    First.\n\n=== "Two"\n\n    Second.{MORE}```python\n3\n```\n',
    "No separator[^1].\n\n[^1]: Another.\n",
    f"- a\n- b\n\n    <!-- more -->\n\n    c\n\n{MORE}Rest.",
]
FILES = {
    "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
    "toy/__init__.py": "",
    "docs/index.md": "# Home\n\n[The blog](blog/index.md).\n",
    "docs/blog/index.md": "# Blog\n",
    "docs/tags.md": "# Tags\n\n<!-- material/tags -->\n",
    "templates/blog.html": (
        '{% extends "main.html" %}{% block container %}{{ super() }}'
        "{% for post in posts %}<aside>{{ post.more }}</aside>{% endfor %}{% endblock %}\n"
    ),
    **{
        f"posts_src/post-{number}.md": HEAD.format(number, ("Odd", "Even")[number % 2]) + body
        for number, body in enumerate(BODIES, 1)
    },
}
KEPT = ("html", "derived.json", "templates")


def content(path: Path) -> bytes:
    """What a file holds, but for the moment of its build."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return re.sub(rb"(?m)^.*(lastBuildDate|<pubDate>|date_modified).*$", b"", text) if path.match("feed_*") else text


def built(root: Path, name: str, speedup: str) -> tuple[dict[str, bytes], list[str]]:
    """The files of a site, and the warnings of its build."""
    write(root, {"mkdocs.yml": MKDOCS.replace("SPEEDUP", speedup)})
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(root.parent / name)]
    variables = environment() | {"MLBLOG_EXPERIMENTS": "never"}
    done = subprocess.run(command, cwd=root, env=variables, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    site = root.parent / name
    files = {path.relative_to(site).as_posix(): content(path) for path in site.rglob("*") if path.is_file()}
    return files, re.findall("(?m)^WARNING.*", done.stderr)


def test_every_file_is_the_same_with_and_without(tmp_path: Path) -> None:
    root = tmp_path / "blog"
    write(root, FILES)
    without, warnings = built(root, "without", "false")
    assert not [name for name in KEPT if (root / ".mlblog" / name).exists()]
    assert b"42" in without["blog/post-1/index.html"]
    assert b'id="LINE-1-1"' in without["blog/page/2/index.html"] + without["blog/index.html"]
    for name in "cold", "warm":
        found, told = built(root, name, "true")
        assert [kept for kept in KEPT if (root / ".mlblog" / kept).exists()] == list(KEPT)
        assert sorted(found) == sorted(without)
        assert [path for path in found if found[path] != without[path]] == []
        assert told == warnings


@pytest.mark.parametrize("parts", [hosts.CONVERTERS, hosts.READERS], ids=["converters", "readers"])
def test_the_installed_hosts_are_those_that_were_read(parts: dict[object, str]) -> None:
    assert hosts.are_known(parts)
