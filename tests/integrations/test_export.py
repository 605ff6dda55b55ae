"""The exported tree gives the same site on every host: addresses, titles, figures, links, feeds.

What differs all the same is in the table benchmarks/hosts.md, which these tests write: MLBLOG_WRITE=1 pytest -k table.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup

from mlblog.errors import InputError
from mlblog.lab import Project
from mlblog.press import Compiled
from mlblog.press.export import export

HEAD = "---\ntitle: '{0}'\ndate: 2026-11-{1}\ncategories: [{2}]\ntags: [{2} things]\ndescription: 'On {0}.'\n---\n"
FIGURE = '```python alt="A line that rises"\nimport matplotlib.pyplot as plt\n\nplt.plot([1, {}])\n```\n'
FILES = {
    "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
    "mkdocs.yml": (
        'site_name: t\nsite_url: !ENV [NOWHERE, "http://127.0.0.1:8000/"]\nexclude_docs: /private/\n'
        "theme: {name: material, font: false, custom_dir: templates}\nhooks: [hook.py]\nwatch: [toy]\n"
        'plugins: [search, mlblog: {markdown: false}, blog: {post_url_format: "{slug}"}, tags,\n'
        "  rss: {match_path: blog/posts/.*, use_git: false, date_from_meta: {as_creation: date}}]\n"
        "markdown_extensions: [admonition, footnotes, pymdownx.emoji: {\n"
        '  emoji_index: !!python/name:material.extensions.emoji.twemoji ""}]\n'
        "nav: [Home: index.md, Blog: [blog/index.md], Tags: tags.md]\n"
    ),
    "hook.py": "import toy\n",
    "templates/main.html": '{% extends "base.html" %}{% block footer %}<p>our footer</p>{% endblock %}\n',
    "docs/index.md": "# Home\n\nSee [the blog](blog/index.md).\n",
    "docs/tags.md": "# Tags\n\n<!-- material/tags -->\n",
    "docs/zebra/index.md": "# Behind every page that is made\n",
    "docs/blog/index.md": "# Blog\n",
    "docs/private/notes.md": "# Not for readers\n",
    "docs/results/coin/small/base/seed-0.json": "{}\n",
    "toy/__init__.py": "",
    "toy/experiments/__init__.py": "",
    "posts_src/scribbles/knn.md": "---\ntitle: kNN\ndate: 2026-11-19\ntheme: Classical\n---\n\nNear.\n",
    "posts_src/rises.md": HEAD.format("Rises", 21, "Lines")
    + "Before[^1].\n\n" + FIGURE.format(2) + "\n<!-- more -->\n\n[^1]: A note.\n\nSee [the other](falls.md).\n",
    "posts_src/falls.md": HEAD.format("Falls: again", 20, "Curves")
    + "!!! note\n\n    " + FIGURE.format(-3).replace("\n", "\n    ").rstrip() + "\n\n```python\n'deep ' * 2\n```\n",
}  # fmt: skip

TABLE = Path(__file__).resolve().parents[2] / "benchmarks/hosts.md"
HOSTS = {"MkDocs": "mkdocs", "ProperDocs": "properdocs", "Zensical": "zensical"}
INTRODUCTION = (
    "Written by `tests/integrations/test_export.py`. It builds a small site with posts, figures, tags, records, feeds",
    "and templates of its own by MkDocs with the plugin, and its export by ProperDocs and by Zensical. Compared are",
    "titles, headings, images, links, outputs, files and feeds.",
)

# stock: the same interpreter, in which mlblog cannot be imported
STOCK = "import sys; sys.modules['mlblog'] = None; from mkdocs.__main__ import cli; cli()"


def run(folder: Path, *command: str) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MLBLOG_")}
    environment = kept | {"NO_MKDOCS_2_WARNING": "1", "MLBLOG_EXPERIMENTS": "never"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project, built as it is."""
    root = tmp_path_factory.mktemp("ours")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "mkdocs.yml").write_text(FILES["mkdocs.yml"].replace("hooks: [hook.py]\n", ""))
    run(root, sys.executable, "-m", "mkdocs", "build", "--strict")
    (root / "mkdocs.yml").write_text(FILES["mkdocs.yml"])
    return root


@pytest.fixture(scope="module")
def exported(ours: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out") / "exported"
    run(ours, sys.executable, "-m", "mlblog", "export", str(folder))
    return folder


def facts(site: Path) -> dict[str, object]:
    """What a reader meets on each page, and what a feed reader is told; paths are resolved, files compared by bytes."""
    found: dict[str, object] = {}
    for path in sorted(site.rglob("*.html")):
        name = path.relative_to(site).as_posix()
        page = BeautifulSoup(path.read_bytes(), "html.parser")
        images = [(image.get("alt"), target(site, name, image["src"])) for image in page.select("article img")]
        links = {target(site, name, a["href"]) for a in page.select("article a[href]")}
        heading = [h.get_text().rstrip("#¶ ") for h in page.select("article h1")]
        outputs = [div.get_text().strip() for div in page.select("article div.mlblog-output")]
        found[name] = (page.title.get_text(), heading, images, links, outputs)
    for feed, fields in (
        ("created", ("title", "link", "pubDate", "description", "guid")),
        ("updated", ("title", "link")),
    ):
        items = ElementTree.parse(site / f"feed_rss_{feed}.xml").iterfind(".//item")
        told = [tuple(item.findtext(field) for field in fields) for item in items]
        found[f"feed {feed}"] = told if feed == "created" else sorted(told)  # these were all updated by this build
    for path in sorted(site.glob("results/**/*.json")):
        found[path.relative_to(site).as_posix()] = path.read_bytes()
    return found


def target(site: Path, page: str, link: str) -> object:
    """Where a link leads: the page, or the bytes of a file of ours."""
    url, fragment = urldefrag(urljoin("http://127.0.0.1:8000/" + page.removesuffix("index.html"), link))
    if not url.startswith("http://127.0.0.1:8000/"):
        return url
    file = site / unquote(url.removeprefix("http://127.0.0.1:8000/"))
    if file.is_dir():
        file /= "index.html"
    assert file.is_file(), f"{page} links to {link}, which is not there"
    return (url, fragment) if file.suffix == ".html" else (fragment, file.read_bytes())


def test_the_oracle_sees_figures_records_and_feeds(ours: Path) -> None:
    found = facts(ours / "site")
    title, heading, images, _, outputs = found["blog/falls/index.html"]  # type: ignore[misc]
    assert (title, heading, outputs) == ("Falls: again - t", ["Falls: again"], ["'deep deep '"])
    assert [alt for alt, _ in images] == ["A line that rises"] * 2
    assert images[0] != images[1]
    assert ("http://127.0.0.1:8000/blog/falls/", "") in found["blog/rises/index.html"][3]  # type: ignore[index]
    assert [item[0] for item in found["feed created"]] == ["Rises", "Falls: again"]  # type: ignore[attr-defined]
    assert "results/coin/small/base/seed-0.json" in found


def test_stock_mkdocs_gives_the_same_bytes(ours: Path, exported: Path, tmp_path: Path) -> None:
    run(exported, sys.executable, "-c", STOCK, "build", "--strict", "--site-dir", str(tmp_path))
    names = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert names == sorted(p.relative_to(ours / "site") for p in (ours / "site").rglob("*") if p.is_file())
    for name in names:
        if not re.match(r"feed_|sitemap\.xml\.gz", name.name):  # these hold the time of the build
            # in each further list that shows an excerpt, Material counts its footnotes on
            theirs, here = (
                re.sub(b"fnref[0-9]*:", b"fnref:", (s / name).read_bytes()) for s in (tmp_path, ours / "site")
            )
            assert theirs == here, name
    assert facts(tmp_path) == facts(ours / "site")


@pytest.fixture(scope="module")
def properdocs(exported: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("properdocs")
    run(exported, sys.executable, "-m", "properdocs", "build", "--strict", "--site-dir", str(site))
    return site


@pytest.fixture(scope="module")
def zensical(exported: Path) -> Path:
    run(exported, sys.executable, "-m", "zensical", "build", "--strict")
    return exported / "site"


def test_properdocs_gives_the_same_site(ours: Path, properdocs: Path) -> None:
    assert facts(properdocs) == facts(ours / "site")


def test_zensical_gives_the_same_site(ours: Path, zensical: Path) -> None:
    found, expected = facts(zensical), facts(ours / "site")
    title, *rest = expected["index.html"]  # type: ignore[misc]
    assert title == "t"
    expected["index.html"] = ("Home - t", *rest)  # Zensical's home page is called by its place in the menu
    assert found == expected


def rows(site: Path) -> dict[str, str]:
    """What a host makes of the site, by what may differ between hosts."""
    found: dict[str, str] = {}
    for name, fact in facts(site).items():
        if name.endswith(".html"):
            title, heading, images, links, outputs = fact  # type: ignore[misc]
            found[f"title of `{name}`"] = f"`{title}`"
            for what, value in ("heading", heading), ("images", images), ("links", links), ("outputs", outputs):
                told = repr(sorted(map(repr, value))).encode()
                found[f"{what} of `{name}`"] = hashlib.blake2b(told, digest_size=4).hexdigest()
    for path in sorted(site.rglob("*")):
        name = path.relative_to(site).as_posix()
        if path.is_file() and path.suffix != ".html" and not name.startswith("assets/"):
            found[f"file `{name}`"] = "there"
    for path in sorted(site.glob("feed_rss_*.xml")):
        items = ElementTree.parse(path).iterfind(".//item")
        titles = [str(item.findtext("title")) for item in items]
        # as in `facts`: all were updated by the same build
        found[f"posts in `{path.name}`"] = ", ".join(sorted(titles) if "updated" in path.name else titles)
    return found


def test_the_table_of_differences_is_true(ours: Path, properdocs: Path, zensical: Path) -> None:
    sites = [rows(ours / "site"), rows(properdocs), rows(zensical)]
    names = sorted({name for site in sites for name in site})
    told = [(name, [site.get(name, "missing") for site in sites]) for name in names]
    lines = [f"| {name} | {' | '.join(values)} |" for name, values in told if len(set(values)) > 1]
    versions = [f"{name} {metadata.version(package)}" for name, package in HOSTS.items()]
    heads = ["What", *versions]
    table = [f"| {' | '.join(heads)} |", "|---|---|---|---|", *lines]
    same = f"Of {len(told)} things compared, {len(told) - len(lines)} are the same everywhere. What differs:"
    text = "\n".join(["# One site on three hosts", "", *INTRODUCTION, "", same, "", *table, ""])
    if os.environ.get("MLBLOG_WRITE"):
        TABLE.write_text(text)
    assert TABLE.read_text() == text, "out of date; write it anew: MLBLOG_WRITE=1 pytest -k table_of_differences"


def test_what_has_no_place_elsewhere_is_left_out_and_said(ours: Path, exported: Path) -> None:
    config = (exported / "mkdocs.yml").read_text()
    assert not re.search("mlblog:|- mlblog|hooks|watch|templates", config)
    assert not (exported / "docs" / "private").exists()
    assert (exported / "requirements.txt").read_text() == "mkdocs-material\nmkdocs-rss-plugin\nmkdocs>=1.6.1,<2\n"
    project = Project(ours, ("toy",), "toy.experiments")
    (ours / "mkdocs.yml").write_text("site_name: t\nplugins: {mlblog: {}, search: {}, odd: {a: 1}}\nhooks: [hook.py]\n")
    done = export(project, Compiled(ours / "nowhere"), exported.parent / "other")
    assert done.left_out == ("hooks", "plugin odd")
    (ours / "mkdocs.yml").write_text(FILES["mkdocs.yml"])


def test_an_export_replaces_an_export_and_nothing_else(ours: Path, exported: Path, tmp_path: Path) -> None:
    project, nothing = Project(ours, ("toy",), "toy.experiments"), Compiled(ours / "nowhere")
    (exported / "docs" / "gone.md").write_text("# Gone\n")
    run(ours, sys.executable, "-m", "mlblog", "export", str(exported))
    assert not (exported / "docs" / "gone.md").exists()
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty and not an export"):
        export(project, nothing, tmp_path)
    assert (tmp_path / "letter.txt").read_text() == "mine"
    for folder in (ours, ours / "docs" / "out", ours.parent):
        with pytest.raises(InputError, match="would overwrite the project"):
            export(project, nothing, folder)
    (ours / "mkdocs.yml").write_text("INHERIT: base.yml\n")
    with pytest.raises(InputError, match=r"mkdocs.yml:1: INHERIT is not supported"):
        export(project, nothing, tmp_path / "new")
    (ours / "mkdocs.yml").write_text(FILES["mkdocs.yml"])


def test_the_design_is_shown_by_zensical(tmp_path: Path) -> None:
    """Its templates ask for nothing that Zensical does not have."""
    files = {
        "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
        "mkdocs.yml": "site_name: S\ntheme: {name: material, font: false}\nplugins: [mlblog: {design: true}]\n",
        "docs/index.md": "# Home\n\nText.\n",
    }
    for name, text in files.items():
        (tmp_path / "blog" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "blog" / name).write_text(text, encoding="utf-8")
    project = Project.find(tmp_path / "blog")
    export(project, Compiled(tmp_path / "pages"), tmp_path / "out")
    run(tmp_path / "out", sys.executable, "-m", "zensical", "build", "--strict")
    assert "stylesheets/reading.css" in (tmp_path / "out" / "site" / "index.html").read_text(encoding="utf-8")
