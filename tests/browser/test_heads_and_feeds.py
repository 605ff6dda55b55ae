"""What the built site tells programs: feed readers, search engines, whoever draws a link as a card."""

from __future__ import annotations

import json
import re
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import feedparser
import pytest
from bs4 import BeautifulSoup, Tag
from PIL import Image
from stage import ROOT, pages, posts

from mlblog.lab import Project
from mlblog.press.compile import post_files

MARKDOWN = re.compile(r"\]\(|\*\*|`|\{python\}|^#|\[@", re.MULTILINE)


def soup(site: Path, path: str) -> BeautifulSoup:
    return BeautifulSoup((site / path.strip("/") / "index.html").read_text(), "html.parser")


def head_of(site: Path, path: str) -> BeautifulSoup:
    """A page without its body, which takes long to parse."""
    text = (site / path.strip("/") / "index.html").read_text()
    return BeautifulSoup(text[: text.index("</head>")], "html.parser")


def of(head: BeautifulSoup, key: str) -> str:
    """The content of a page's only `<meta>` of that name or property."""
    found = head.find_all("meta", attrs={"property" if ":" in key and key[0] != "t" else "name": key})
    assert len(found) == 1, key
    return str(found[0]["content"])


def file_of(site: Path, url: str) -> Path:
    """The built file that a full address means."""
    parts = urlsplit(url)
    assert parts.scheme in ("http", "https")
    assert parts.netloc
    path = site / parts.path.strip("/")
    return path / "index.html" if path.is_dir() else path


@pytest.mark.parametrize("name", ["created", "updated"])
def test_the_rss_feed_is_rss_2(site: Path, name: str) -> None:
    file = site / f"feed_rss_{name}.xml"
    parsed = feedparser.parse(file.read_bytes())
    assert (parsed.bozo, parsed.version) == (False, "rss20")
    channel = ElementTree.parse(file).getroot().find("channel")
    assert channel is not None
    for required in ("title", "link", "description"):
        assert channel.findtext(required)
    assert file_of(site, str(channel.findtext("image/url"))).is_file()
    items = channel.findall("item")
    assert [*sorted(urlsplit(str(item.findtext("link"))).path for item in items)] == posts(site)
    for item in items:
        assert item.findtext("title")
        described(str(item.findtext("description")))
        assert file_of(site, str(item.findtext("link"))).is_file()
        assert item.findtext("guid") == item.findtext("link")
        assert parsedate_to_datetime(str(item.findtext("pubDate"))).tzinfo
        assert [category.text for category in item.iterfind("category")]
        enclosure = item.find("enclosure")
        assert enclosure is not None
        card = file_of(site, enclosure.attrib["url"])
        assert (enclosure.attrib["type"], int(enclosure.attrib["length"])) == ("image/png", card.stat().st_size)


@pytest.mark.parametrize("name", ["created", "updated"])
def test_the_json_feed_is_json_feed_1_1(site: Path, name: str) -> None:
    """Its fields have the types of https://www.jsonfeed.org/version/1.1/, and none is null."""
    feed: dict[str, Any] = json.loads((site / f"feed_json_{name}.json").read_text())
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    for required in ("title", "home_page_url", "feed_url", "description", "icon", "language"):
        assert isinstance(feed[required], str), required
        assert feed[required]
    for address in ("home_page_url", "feed_url", "icon"):
        assert file_of(site, feed[address]).is_file()
    assert isinstance(feed["authors"], list)
    assert [*sorted(urlsplit(item["url"]).path for item in feed["items"])] == posts(site)
    assert len({item["id"] for item in feed["items"]}) == len(feed["items"])
    for item in feed["items"]:
        assert None not in item.values()
        assert isinstance(item["id"], str)
        assert item["title"]
        described(item["content_html"])
        assert file_of(site, item["url"]).is_file()
        assert file_of(site, item["image"]).is_file()
        assert all(isinstance(tag, str) for tag in item["tags"])
        for date in ("date_published", "date_modified"):
            assert datetime.fromisoformat(item[date]).tzinfo


def described(text: str) -> None:
    """A description is a sentence and not source."""
    assert text.strip().endswith((".", "?", "!"))
    assert not MARKDOWN.search(text), text
    assert "<" not in text


def test_feeds_are_named_in_each_head(site: Path) -> None:
    for path in pages(site):
        links = head_of(site, path).find_all("link", rel="alternate", type=re.compile("^application/"))
        kinds = {str(link["type"]) for link in links}
        assert kinds == {"application/rss+xml", "application/feed+json"}, path
        base = site / path.strip("/")
        assert all((base / str(link["href"])).resolve().is_file() for link in links), path


def test_each_page_says_what_a_card_needs(site: Path) -> None:
    for path in pages(site):
        head = head_of(site, path)
        canonical = head.find("link", rel="canonical")
        assert isinstance(canonical, Tag)
        assert urlsplit(of(head, "og:url")).path == path
        assert of(head, "og:url") == canonical["href"]
        assert of(head, "og:title")
        assert of(head, "description") == of(head, "og:description"), path
        assert of(head, "og:site_name") == "mlblog"
        assert of(head, "twitter:card") == "summary_large_image"
        with Image.open(file_of(site, of(head, "og:image"))) as card:
            assert card.size == (int(of(head, "og:image:width")), int(of(head, "og:image:height"))) == (1200, 630)


def test_a_post_is_an_article_with_a_card_of_its_own(site: Path) -> None:
    found = {}
    for path in posts(site):
        head = head_of(site, path)
        assert of(head, "og:type") == "article"
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", of(head, "article:published_time"))
        found[path] = of(head, "og:image")
    assert len(set(found.values())) == len(found)
    assert of(head_of(site, "/"), "og:type") == "website"


def test_every_card_is_light(site: Path) -> None:
    heavy = {card.name: size for card in site.rglob("cards/**/*.png") if (size := card.stat().st_size) > 60_000}
    assert heavy == {}


def test_the_sitemap_names_every_page_by_its_full_address(site: Path) -> None:
    tree = ElementTree.parse(site / "sitemap.xml")
    space = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}
    named = [file_of(site, str(place.text)) for place in tree.iterfind("s:url/s:loc", space)]
    assert sorted(named) == sorted(site.rglob("index.html"))


def test_every_post_shows_its_beginning_alone_in_lists(site: Path) -> None:
    """Each has the mark that cuts it, and its list has a way on to the rest."""
    for path in post_files(Project.find(ROOT)):
        if "scribbles" not in path.parts:
            assert path.read_text().count("\n<!-- more -->\n") == 1, path.name
    for listed in ("/blog/", "/blog/category/notes/", "/blog/archive/2026/"):
        found = soup(site, listed).select("article.md-post--excerpt")
        assert found
        assert all(one.select("nav.md-post__action a") for one in found)
        assert all(one.select("time[datetime]") for one in found)


def test_home_shows_the_latest_posts_the_week_and_the_evidence(site: Path) -> None:
    home = soup(site, "/")
    latest = [str(link["href"]) for link in home.select(".mlblog-latest a")]
    assert len(latest) == min(5, len(posts(site)))
    assert {f"/{one}" for one in latest} <= {*posts(site)}
    week = home.select_one("[aria-labelledby=week]")
    assert week is not None
    told = re.search(r"(\d+) of (\d+) goals", week.get_text())
    assert told is not None
    assert told[0] in soup(site, "/goals/").get_text()
    for name, lists in (("claims", ("/claims/", "/claims/posts/")), ("experiments", ("/experiments/",))):
        section = home.select_one(f"[aria-labelledby={name}]")
        assert section is not None
        counts = [int(one.get_text()) for one in section.select("b")]
        listed = [entry for one in lists for entry in soup(site, one).select("details.mlblog-entry")]
        assert sum(counts) == len(listed) > 0
