"""Pages and excerpts that are converted once are those that MkDocs and Material make, byte for byte."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mkdocs.config import load_config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

from mlblog.integrations.speedup import conversion, hosts
from mlblog.integrations.speedup.build import Speedup
from mlblog.integrations.speedup.conversion import Conversions, Converted, settings

MORE = "<!-- more -->"
OURS = "mlblog: {markdown: false}, "  # a twin would be linked
CONFIG = """site_name: t
site_url: http://127.0.0.1:8000/
theme: {{name: material, font: false}}
plugins: [search, {}blog: {{post_url_format: "{{slug}}", pagination_per_page: 3}}, tags]
markdown_extensions:
  - abbr
  - admonition
  - attr_list
  - def_list
  - footnotes
  - md_in_html
  - tables
  - toc: {{permalink: true}}
  - pymdownx.blocks.html
  - pymdownx.details
  - pymdownx.emoji: {{emoji_index: !!python/name:material.extensions.emoji.twemoji ""}}
  - pymdownx.highlight: {{anchor_linenums: true}}
  - pymdownx.superfences
  - pymdownx.tabbed: {{alternate_style: true}}
"""
BODIES = [
    f"A [link][a], a note[^n], HTML :smile:.\n\n{MORE}\n\nB.\n\n[a]: post-1.md#setup\n\n[^n]: N.\n\n*[HTML]: Markup",
    f"## Setup\n\n```python\n1\n2\n```\n\n{MORE}\n\n## Setup {{#setup}}\n\n```python\n3\n```\n",
    f'![Alt & "more"](a%20b.svg)\n\n=== "One"\n\n    [x](../../index.md?a=1&b=2)\n\n{MORE}\n\nText.',
    f"Mail <a@example.org> or see [out](https://example.org/?a=1&amp;b=2).\n\n{MORE}\n\nText.",
    "No separator: [other](post-0.md), [here](#below).\n\n## Below\n\nText.",
    f"<div markdown>\n\n**open** [y](post-2.md)\n\n{MORE}\n\n</div>\n",
    f"- a\n- b\n\n    {MORE}\n\n    c",
    f"/// html | figure.wide\n\n![F](fig.svg#only-light)\n///\n\n!!! note\n\n    x[^1]\n\n{MORE}\n\n[^1]: One.\n",
    f"Escaped [u](post\\_0.md) and \ue000 here.\n\n{MORE}\n\nText.",
    f"[TOC]\n\n# A title of its own\n\n{MORE}\n\n## Late",
    f"```\n\n{MORE}\n\n```\n\nAfter.",
]


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The same pages built by MkDocs alone, by us, and by us from what the first build has kept."""
    root = tmp_path_factory.mktemp("blog")
    (root / "toy/experiments").mkdir(parents=True)
    (root / "posts_src").mkdir()
    (root / "docs/blog/posts").mkdir(parents=True)
    (root / "toy/__init__.py").touch()
    (root / "pyproject.toml").write_text('[tool.mlblog]\npackages = ["toy"]\n')
    (root / "docs/index.md").write_text("# Home\n\n[Blog](blog/index.md), [post](blog/posts/post-0.md)\n")
    (root / "docs/blog/index.md").write_text("# Blog\n")  # Material would make one
    for name in ("a b.svg", "fig.svg"):
        (root / "docs/blog/posts" / name).write_text("<svg/>")
    for number, body in enumerate(BODIES):
        head = f"---\ndate: 2026-{number % 3 + 1:02d}-1{number % 7}\ncategories: [C{number % 2}]\nslug: post-{number}\n"
        title = "" if "# A title" in body else f"title: Post {number}\n"
        (root / f"docs/blog/posts/post-{number}.md").write_text(f"{head}{title}---\n\n{body}\n")
    found = {}
    for name, plugin in ("stock", ""), ("cold", OURS), ("warm", OURS):
        (root / "mkdocs.yml").write_text(CONFIG.format(plugin))
        environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "MLBLOG_EXPERIMENTS": "never"}
        command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(root / name)]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        (root / f"{name}.log").write_text("\n".join(re.findall("(?m)^(?:WARNING|INFO.*Doc file).*", done.stderr)))
        found[name] = root / name
    return found


def pages(site: Path) -> dict[str, str]:
    found = {str(path.relative_to(site)): path.read_text() for path in site.rglob("*.html")}
    return found | {"search": (site / "search/search_index.json").read_text()}


@pytest.mark.parametrize("way", ["cold", "warm"])
def test_pages_are_those_of_the_host(sites: dict[str, Path], way: str) -> None:
    expected, found = pages(sites["stock"]), pages(sites[way])
    assert len(expected) > len(BODIES) + 6
    assert found.keys() == expected.keys()
    for name, text in expected.items():
        assert found[name] == text, name


@pytest.mark.parametrize("way", ["cold", "warm"])
def test_warnings_are_those_of_the_host(sites: dict[str, Path], way: str) -> None:
    log = {name: (site.parent / f"{name}.log").read_text() for name, site in sites.items()}
    assert "post_0.md" in log["stock"]
    assert log[way] == log["stock"]


def test_what_is_kept_is_what_the_last_build_used(sites: dict[str, Path], tmp_path: Path) -> None:
    kept = Conversions(tmp_path)
    made: list[str] = []

    def make(text: str) -> Converted:
        made.append(text)
        return Converted(f"<p>{text}", [], [], None, [])

    for texts in ["a", "b"], ["b", "c"]:
        for text in texts:
            kept.get(text, "s", lambda text=text: make(text))  # type: ignore[misc]
        kept.end_build()
    assert made == ["a", "b", "c"]
    assert len(list(tmp_path.iterdir())) == 2
    again = Conversions(tmp_path)
    assert again.get("c", "s", lambda: None) == Converted("<p>c", [], [], None, [])
    assert again.get("c", "other settings", lambda: None) is None
    for path in tmp_path.iterdir():
        path.write_text(path.read_text()[:-5])
    assert Conversions(tmp_path).get("c", "s", lambda: None) is None, "half a file is none"


def test_extensions_that_may_do_more_turn_it_off() -> None:
    assert settings(["toc", "pymdownx.superfences"], {"toc": {"permalink": True}})
    assert settings(["toc", "pymdownx.snippets"], {}) is None
    assert settings(["toc"], {"toc": {"slugify": test_extensions_that_may_do_more_turn_it_off}}) is None
    assert settings(["pymdownx.emoji"], {"pymdownx.emoji": {"options": {"custom_icons": ["icons"]}}}) is None
    assert settings(["toc"], {"toc": {"permalink": True}}) != settings(["toc"], {"toc": {"permalink": False}})


def test_an_unknown_host_is_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    before = Page.render, hosts.blog.Excerpt, hosts.blog.readtime
    monkeypatch.setitem(hosts.CONVERTERS, Page.render, "another")
    monkeypatch.setitem(hosts.READERS, hosts.search.SearchIndex, "another")
    speedup = Speedup(tmp_path, is_serving=False)
    with caplog.at_level(logging.INFO, "mkdocs.plugins.mlblog"):
        speedup.begin(MkDocsConfig())
    assert "unknown version of Page.render" in caplog.text
    assert "SearchIndex" in caplog.text
    assert (Page.render, hosts.blog.Excerpt, hosts.blog.readtime) == before
    speedup.end(is_whole=True)


def test_the_host_is_as_it_was_after_a_build_and_one_that_failed_forgets_nothing(tmp_path: Path) -> None:
    before = Page.render, hosts.blog.Excerpt
    kept = Conversions(tmp_path / "html")
    kept.get("earlier", "s", lambda: Converted("", [], [], None, []))
    kept.end_build()
    (tmp_path / "docs").mkdir()
    (tmp_path / "mkdocs.yml").write_text("site_name: t\n")
    config = load_config(str(tmp_path / "mkdocs.yml"))
    speedup = Speedup(tmp_path, is_serving=False)
    for is_whole in False, True:
        speedup.begin(config)
        assert Page.render is not before[0]
        assert hosts.blog.Excerpt is not before[1]
        speedup.end(is_whole=is_whole)
        assert (Page.render, hosts.blog.Excerpt) == before
        assert len(list((tmp_path / "html").iterdir())) == (0 if is_whole else 1)


def test_the_key_holds_the_versions() -> None:
    assert {"Markdown", "Pygments", "pymdown-extensions"} <= set(conversion._LIBRARIES)
