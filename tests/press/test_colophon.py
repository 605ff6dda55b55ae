"""The end of a page: related posts, the entry to cite it by, the notebook, and where the site's address comes from."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pybtex.database import parse_string

from mlblog.errors import InputError, PostError
from mlblog.lab import Project
from mlblog.papers import Bibliography
from mlblog.press import Post
from mlblog.press.page.colophon import bibtex, colophon
from mlblog.press.page.published import Published
from mlblog.press.page.related import related
from mlblog.press.page.site_context import SiteContext

BLOG = "plugins:\n  - search\n  - blog:\n      post_url_format: '{slug}'\n"


def post(name: str, title: str = "T", day: str = "2026-11-21", **meta: object) -> Post:
    return Post(f"posts_src/{name}.md", {"title": title, "date": date.fromisoformat(day), **meta}, ())


def around(**options: object) -> SiteContext:
    return SiteContext(Bibliography(), **options)  # type: ignore[arg-type]


def test_the_entry_is_one_that_bibtex_reads() -> None:
    site = around(site_name="A & B", site_url="https://b.org/x/")
    text = bibtex(post("anna-gram", "50 % of {k}_1 $x$ & ä #~", "2025-02-03"), site)
    (key,) = (entries := parse_string(text, "bibtex").entries)
    assert key == "anna-gram2025"
    entry = entries[key]
    assert entry.type == "misc"
    assert entry.fields["title"] == r"{50 \% of \{k\}\_1 \$x\$ \& ä \#\textasciitilde{}}"
    assert (entry.fields["year"], entry.fields["month"]) == ("2025", "February")
    assert entry.fields["url"] == "https://b.org/x/blog/anna-gram/"
    assert [str(person) for person in entry.persons["author"]] == [r"{A \& B}"]


def test_a_scribble_has_its_own_address_and_a_site_that_is_nowhere_none() -> None:
    scribble = post("scribbles/em")
    assert around(site_url="https://b.org/").url_of(scribble) == "https://b.org/scribbles/em/"
    assert "url" not in bibtex(scribble, around())
    assert "author" not in bibtex(scribble, around())


@pytest.mark.parametrize(
    ("config", "name", "url"),
    [
        (f"site_name: A\nsite_url: https://b.org\n{BLOG}", "A", "https://b.org/"),
        (f"site_url: !ENV [THE_SITE, 'https://c.org/']\n{BLOG}", "", "https://c.org/"),
        (f"site_url: !ENV [NOWHERE, SOMEWHERE, 'https://c.org/']\n{BLOG}", "", "https://e.org/"),
        (f"site_url: !ENV SOMEWHERE\n{BLOG}", "", "https://e.org/"),
        (f"site_name: A\nsite_url: http://127.0.0.1:8000/\n{BLOG}", "A", ""),
        (f"site_url: https://b.org/\nuse_directory_urls: false\n{BLOG}", "", ""),
        ("site_url: https://b.org/\nplugins: [blog]\n", "", ""),  # where posts stand by their date
        ("site_name: A\nx: !!python/name:a.b\n", "A", ""),
        ("", "", ""),
    ],
)
def test_the_sites_name_and_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, config: str, name: str, url: str
) -> None:
    monkeypatch.setenv("SOMEWHERE", "https://e.org/")
    (tmp_path / "mkdocs.yml").write_text(config)
    found = SiteContext.of(Project(tmp_path, ("toy",), "toy.experiments"), [])
    assert (found.site_name, found.site_url) == (name, url)


def test_a_project_without_a_site_or_with_a_broken_one(tmp_path: Path) -> None:
    project = Project(tmp_path, ("toy",), "toy.experiments")
    assert SiteContext.of(project, []).site_url == ""
    (tmp_path / "mkdocs.yml").write_text("a: [")
    with pytest.raises(InputError, match=r"mkdocs.yml: cannot be read"):
        SiteContext.of(project, [])


def test_what_is_shared_and_rare_makes_posts_related(tmp_path: Path) -> None:
    posts = [
        post("a", tags=["x", "all"], categories=["Rand"]),
        post("b", tags=["x", "y", "all"], day="2025-01-01"),
        post("c", tags=["y", "all"], day="2025-01-03"),
        post("d", tags=["all"], categories=["Rand"], day="2025-01-02"),
        post("scribbles/e", tags=["x"], day="2024-01-01"),
        post("f", tags=["z"]),
        post("g"),
        post("h", day="2025-05-05"),
    ]
    cites = {"g": ("doe2020sums",), "h": ("doe2020sums",)}
    published = [Published(one, cites.get(one.slug, ()), (), (), (), ()) for one in posts]
    found = SiteContext.of(Project(tmp_path, ("toy",), "toy.experiments"), published).related
    assert {path: [one.slug for one in others] for path, others in found.items()} == {
        "posts_src/a.md": ["d", "b", "e"],  # 1 + 1/3; 1/2 + 1/3; 1/2
        "posts_src/b.md": ["c", "a", "e"],
        "posts_src/c.md": ["b", "a", "d"],  # 1 + 1/3; then 1/3 each, the newer first
        "posts_src/d.md": ["a", "c", "b"],
        "posts_src/scribbles/e.md": ["a", "b"],
        "posts_src/f.md": [],
        "posts_src/g.md": ["h"],
        "posts_src/h.md": ["g"],
    }


def test_what_everybody_shares_says_nothing() -> None:
    many = {str(n): ["all"] for n in range(50)} | {"a": ["all", "one"], "b": ["all", "one"]}
    found = related(many, dict.fromkeys(many, "2026-01-01"))
    assert (found["a"], found["b"], found["7"]) == (["b"], ["a"], [])


def test_a_post_that_was_a_goal_names_its_week() -> None:
    here = post("a", week="2026-W47")
    text = colophon(here, around(weeks=frozenset({"2026-W47"})), [], "../..", "")
    assert "This was one of the [goals of week 2026-W47](../../goals/2026-W47.md)." in text
    with pytest.raises(PostError, match=r"posts_src/a\.md:1: week: '2026-W47' has no goals"):
        colophon(here, around(), [], "../..", "")


def test_the_end_of_a_page_links_from_where_it_stands() -> None:
    here, there = post("a"), post("scribbles/b", "[B] *1*")
    site = around(related={here.path: [there], there.path: [here]})
    text = colophon(here, site, [], "../..", "a/a.ipynb")
    assert "- [&#91;B&#93; &#42;1&#42;](../../scribbles/b.md)\n" in text
    assert "(a/a.ipynb){ .mlblog-notebook download }" in text
    assert "@misc{a2026," in text
    other = colophon(there, site, [], "..", "")
    assert "- [T](../blog/posts/a.md)\n" in other
    assert "notebook" not in other


def test_authors_are_cited_by_the_names_in_the_blogs_file(tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").write_text(f"site_name: A\n{BLOG}")
    (tmp_path / "docs/blog").mkdir(parents=True)
    file = tmp_path / "docs/blog/.authors.yml"
    file.write_text("authors:\n  ada: {name: Ada & Lovelace, description: D, avatar: ''}\n  gh: {name: Grace Hopper}\n")
    written = post("a", authors=["gh", "ada", "new"])
    project = Project(tmp_path, ("toy",), "toy.experiments")
    site = SiteContext.of(project, [])
    (entry,) = parse_string(bibtex(written, site), "bibtex").entries.values()
    assert list(map(str, entry.persons["author"])) == ["Hopper, Grace", r"Lovelace, Ada \&", "new"]
    file.write_text("authors: {ada: {name: Ada Byron}}")
    assert site.digest_for(written) != SiteContext.of(project, []).digest_for(written)
    (tmp_path / "mkdocs.yml").write_text(
        "plugins:\n  - blog:\n      blog_dir: b\n      authors_file: '{blog}/who.yml'\n"
    )
    (tmp_path / "docs/b").mkdir()
    (tmp_path / "docs/b/who.yml").write_text("authors: {ada: {name: Countess}}")
    assert SiteContext.of(project, []).authors == {"ada": "Countess"}
