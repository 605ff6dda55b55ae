"""Posts are signed: on their pages, in lists, in feeds and for search engines, with no request to another host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bs4 import BeautifulSoup


def page(blog: Path, name: str) -> BeautifulSoup:
    return BeautifulSoup((blog / "site" / name / "index.html").read_text(), "html.parser")


def test_a_post_names_its_authors_with_a_line_on_each(small_blog: Path) -> None:
    found = page(small_blog, "blog/walk").select(".md-post__profile")
    assert [" ".join(one.get_text().split()) for one in found] == ["Ada Lovelace Engines", "Bob Local"]
    assert [str(one["href"]) for one in page(small_blog, "blog/walk").select(".md-post__profile a")] == [
        "../author/ada/", "../author/bob/"
    ]  # fmt: skip
    assert not page(small_blog, "blog/plain").select(".md-post__profile")


def test_only_pictures_of_the_site_are_asked_for(small_blog: Path) -> None:
    sources = {str(one["src"]).partition(",")[0] for one in page(small_blog, "blog/walk").select(".md-author img")}
    assert sources == {"data:image/svg+xml", "../../assets/bob.svg"}
    assert str(page(small_blog, "blog/other").select(".md-author img")[0]["src"]).startswith("data:")
    assert "y.org/a.png" not in "".join(file.read_text() for file in (small_blog / "site").rglob("*.html"))


def test_an_author_has_a_page_with_their_posts(small_blog: Path) -> None:
    for name, titles in {"ada": ["A walk"], "eve": ["Another"]}.items():
        found = page(small_blog, f"blog/author/{name}").select("article.md-post h2")
        assert [one.get_text(strip=True) for one in found] == titles


def test_lists_name_an_author(small_blog: Path) -> None:
    for name, selector in (("blog", "article"), ("", ".mlblog-latest li")):
        posts = [one.get_text() for one in page(small_blog, name).select(selector)]
        assert ["Eve" in text for text in posts] == [True, False, False]
        assert ["Ada Lovelace" in text for text in posts] == [False, True, False]


def described(blog: Path, name: str) -> dict[str, Any]:
    (script,) = page(blog, name).select('script[type="application/ld+json"]')
    found: dict[str, Any] = json.loads(script.get_text())
    return found


def test_search_engines_are_told_who_wrote(small_blog: Path) -> None:
    told = described(small_blog, "blog/walk")
    assert told["author"] == [
        {"@type": "Person", "name": "Ada Lovelace", "description": "Engines"},
        {"@type": "Person", "name": "Bob", "description": "Local"},
    ]
    assert (told["@type"], told["headline"], told["description"]) == ("BlogPosting", "A walk", "Told.")
    assert (told["url"], told["datePublished"]) == ("https://x.org/b/blog/walk/", "2026-11-20")
    assert described(small_blog, "blog/plain")["author"] == [{"@type": "Organization", "name": "The site"}]
    assert not page(small_blog, "").select('script[type="application/ld+json"]')


def test_feeds_name_authors(small_blog: Path) -> None:
    feed = json.loads((small_blog / "site/feed_json_created.json").read_text())
    names = {one["title"]: [author["name"] for author in one["authors"]] for one in feed["items"]}
    assert names == {"A walk": ["Ada Lovelace", "Bob"], "Another": ["Eve"], "Plain": []}


def test_lists_show_the_first_figure_of_a_post_once(small_blog: Path) -> None:
    home = [one.select("img") for one in page(small_blog, "").select(".mlblog-latest li")]
    assert [[str(img["src"]) for img in images] for images in home] == [
        [f"blog/{name}/line-{scheme}.svg#only-{scheme}" for scheme in ("light", "dark")] for name in ("other", "walk")
    ] + [[]]
    for images in home:
        assert all((img["loading"], img["alt"]) == ("lazy", "Rises & falls") and img["width"] for img in images)
    # one has it in its beginning, one only below, one has none
    listed = page(small_blog, "blog").select("article")
    assert [len(one.select("img")) for one in listed] == [2, 2, 0]
    assert [len(one.select(".mlblog-first-figure img")) for one in listed] == [0, 2, 0]
    for img in [img for one in listed for img in one.select("img")]:
        assert (small_blog / "site/blog" / str(img["src"]).partition("#")[0]).is_file()
