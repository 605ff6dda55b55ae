"""The cards of a site in its feeds."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mlblog.site.feeds import add_pictures, dates

RSS = (
    '<rss version="2.0"><channel><image><url>None</url></image>'
    '<item><guid isPermaLink="true">https://x.org/b/blog/first/</guid></item>'
    '<item><guid isPermaLink="true">https://x.org/b/blog/other/</guid></item></channel></rss>'
)
JSON = {
    "icon": None,
    "items": [{"url": f"https://x.org/b/blog/{name}/", "image": None} for name in ("first", "other")],
}


FIRST, SECOND = date(2026, 1, 2), date(2026, 3, 4)


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ({"date": FIRST}, {"date": FIRST, "updated": FIRST}),
        ({"date": {"created": FIRST}}, {"date": FIRST, "updated": FIRST}),
        ({"date": {"created": FIRST, "updated": SECOND}}, {"date": FIRST, "updated": SECOND}),
        ({"title": "T"}, {}),
    ],
)
def test_feeds_are_given_one_date_in_each_key(meta: dict[str, object], expected: dict[str, object]) -> None:
    assert dates(meta) == expected


def write(folder: Path) -> None:
    (folder / "feed_rss_created.xml").write_text(RSS)
    (folder / "feed_json_created.json").write_text(json.dumps(JSON))


def test_each_feed_names_the_cards_by_their_full_address(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "cards/blog").mkdir(parents=True)
    (tmp_path / "cards/blog/first.png").write_bytes(b"1234567")
    (tmp_path / "cards/index.json").write_text('{"blog/first": "blog/first.png", "site": "site.png"}')
    add_pictures(tmp_path, "https://x.org/b/")
    tree = ElementTree.parse(tmp_path / "feed_rss_created.xml")
    assert tree.findtext(".//image/url") == "https://x.org/b/cards/site.png"
    first, other = tree.iterfind(".//item")
    enclosure = first.find("enclosure")
    assert enclosure is not None
    assert enclosure.attrib == {"url": "https://x.org/b/cards/blog/first.png", "type": "image/png", "length": "7"}
    assert other.find("enclosure") is None
    feed = json.loads((tmp_path / "feed_json_created.json").read_text())
    assert feed["icon"] == "https://x.org/b/cards/site.png"
    assert [item["image"].removeprefix("https://x.org/b/cards/") for item in feed["items"]] == [
        "blog/first.png",
        "site.png",
    ]


def test_without_cards_feeds_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path)
    add_pictures(tmp_path, "https://x.org/b/")
    assert (tmp_path / "feed_rss_created.xml").read_text() == RSS
    assert json.loads((tmp_path / "feed_json_created.json").read_text()) == JSON
