"""The design comes with mlblog, to this site and to others, and a blog puts its own beside or in place of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from bs4 import BeautifulSoup

from mlblog.lab import Project
from mlblog.press import Compiled
from mlblog.press.export import export

ROOT = Path(__file__).parents[2]
THEME = ROOT / "mlblog/theme"
TEMPLATE = ROOT / "mlblog/scaffold/templates/blog/mkdocs.yml.txt"
GISCUS = {"repo": "a/b", "repo_id": "R_1", "category": "Talk", "category_id": "DIC_2"}
FILES = {
    "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
    "toy/__init__.py": "",
    "toy/experiments/__init__.py": "",
    "mkdocs.yml": (
        "site_name: t\nsite_url: https://x.org/b/\ntheme: {name: material, font: false, custom_dir: mine}\n"
        'plugins: [search, mlblog: {design: true}, blog: {post_url_format: "{slug}"}]\n'
        f"extra: {{comments: {GISCUS}}}\n"
        "extra_css: [own.css]\nextra_javascript: [own.js]\n"
    ),
    "mine/404.html": "<p>Lost</p>",
    "docs/own.css": ".own { color: red; }",
    "docs/own.js": "window.own = 1;",
    "docs/stylesheets/colours.css": ".mine { color: red; }",
    "docs/index.md": "# Home\n",
    "docs/blog/index.md": "# Blog\n",
    "posts_src/open.md": "---\ntitle: Open\ndate: 2026-11-21\n---\nText.\n",
    "posts_src/closed.md": "---\ntitle: Closed\ndate: 2026-11-21\ncomments: false\n---\n```mermaid\npie\n```\n",
}


class Loader(yaml.SafeLoader):
    """Reads settings, tags included."""


Loader.add_constructor("!ENV", lambda loader, node: None)
Loader.add_multi_constructor("tag:yaml.org,2002:python/name:", lambda loader, name, node: name)


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("design")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "MLBLOG_EXPERIMENTS": "never"}
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return root


def page(blog: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((blog / "site" / name).read_text(), "html.parser")


def test_what_is_served_is_what_mlblog_brings(blog: Path) -> None:
    for path in THEME.rglob("*"):
        name = path.relative_to(THEME)
        if not path.is_file() or path.suffix == ".html" or name.parts[0] in ("stylesheets", "javascripts"):
            continue
        if name.parts[:2] != ("assets", "engine"):
            assert (blog / "site" / name).read_bytes() == path.read_bytes()
    assert not (blog / "site/assets/engine").exists()  # no page has a network
    assert (blog / "site/404.html").read_text() == "<p>Lost</p>"
    assert not list((blog / "site").rglob("*.py"))


def test_sheets_are_one_file_and_scripts_of_mlblog_another_before_those_of_the_blog(blog: Path) -> None:
    home = page(blog, "index.html")
    (sheet,) = (str(link["href"]) for link in home.select("link[rel=stylesheet]") if "assets/site." in str(link))
    scripts = [str(script["src"]) for script in home.select("script[src]")]
    (script,) = (one for one in scripts if "assets/site." in one)
    rules, code = ((blog / "site" / name).read_text() for name in (sheet, script))
    # a line of each sheet, in cascade order; the blog's own colours replace those of mlblog
    first, *others = map(line_of, ("fonts", "reading", "frame", "claims", "print"))
    marks = [first, ".mine {", *others, ".own {"]
    places = [rules.index(mark) for mark in marks]
    assert places == sorted(places)
    assert "--accent:" not in rules
    for path in (THEME / "javascripts").glob("*.js"):
        assert path.read_text() in code
    assert scripts[scripts.index(script) + 1 :] == ["own.js"]  # an error in it cannot take ours along
    assert (blog / "site/own.js").read_text() == FILES["docs/own.js"]
    for address in re.findall(r'url\("?([^")]+)', rules):
        assert address.startswith("data:") or (blog / "site/assets" / address).is_file()


def line_of(sheet: str) -> str:
    """A line that no other sheet of mlblog has."""
    texts = {path.stem: path.read_text() for path in (THEME / "stylesheets").glob("*.css")}
    others = "".join(text for name, text in texts.items() if name != sheet)
    lines = (line.strip() for line in texts[sheet].splitlines() if "{" in line and "url(" not in line)
    return next(line for line in lines if line not in others)


def test_comments_are_below_posts_where_the_settings_name_a_repository(blog: Path) -> None:
    button = page(blog, "blog/open/index.html").select_one(".mlblog-comments button")
    assert button is not None
    assert {name: value for name, value in button.attrs.items() if name.startswith("data-")} == {
        "data-repo": "a/b", "data-repo-id": "R_1", "data-category": "Talk", "data-category-id": "DIC_2"
    }  # fmt: skip
    for name in ("blog/closed/index.html", "index.html", "blog/index.html"):
        assert not page(blog, name).select(".mlblog-comments")


def test_an_export_takes_the_design_along(blog: Path, tmp_path: Path) -> None:
    export(Project.find(blog), Compiled(blog / "nowhere"), tmp_path / "out")
    settings = yaml.load((tmp_path / "out/mkdocs.yml").read_text(), Loader)
    assert settings["theme"]["custom_dir"] == "overrides"
    assert settings["extra_css"][0] == "stylesheets/fonts.css"
    assert not [name for name in settings["extra_css"] if "katex" in name]  # pages with formulas fetch it
    assert settings["extra_css"][-2:] == ["stylesheets/print.css", "own.css"]
    assert settings["extra_javascript"][-1] == "own.js"
    for name in [*settings["extra_css"], *settings["extra_javascript"]]:
        assert (tmp_path / "out/docs" / name).is_file()
    assert (tmp_path / "out/docs/stylesheets/colours.css").read_text() == FILES["docs/stylesheets/colours.css"]
    assert (tmp_path / "out/overrides/main.html").read_bytes() == (THEME / "main.html").read_bytes()
    assert (tmp_path / "out/overrides/404.html").read_text() == "<p>Lost</p>"


def test_this_site_keeps_no_design_of_its_own() -> None:
    tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True, check=True).stdout
    assert not re.findall(r"^(?:docs|overrides)/.*\.(?:css|js|woff2|html)$", tracked, re.MULTILINE)


def settings(path: Path) -> dict[str, Any]:
    text = re.sub(r"\{\{\w+\}\}", "x", path.read_text(encoding="utf-8"))
    found: dict[str, Any] = yaml.load(text, Loader)
    return found


def names(entries: list[Any]) -> list[str]:
    return [next(iter(entry)) if isinstance(entry, dict) else entry for entry in entries]


def test_a_new_blog_can_do_what_this_site_can() -> None:
    here, new = settings(ROOT / "mkdocs.yml"), settings(TEMPLATE)
    for key in ("theme", "markdown_extensions"):
        assert new[key] == here[key]
    assert names(new["plugins"]) == names(here["plugins"])
    assert (new["extra_css"], new["extra_javascript"]) == ([], [])


def test_what_a_new_blog_may_switch_on_goes_together() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    commented = re.search(r"^# extra:\n(?:# .*\n)+", text, re.MULTILINE)
    assert commented is not None
    assert text.count("# extra:") == 1
    switched: dict[str, Any] = yaml.safe_load(re.sub(r"(?m)^# ", "", commented[0]))["extra"]
    assert switched["tex_macros"] == {"\\R": "\\mathbb{R}"}
    assert set(switched["comments"]) == {*GISCUS}
