"""Entries of long lists, as Markdown and as the HTML that it makes."""

from __future__ import annotations

from bs4 import BeautifulSoup
from markdown import markdown

from mlblog.site.entries import entry, group, listed


def html(text: str) -> BeautifulSoup:
    drawn = markdown(text, extensions=["tables", "attr_list", "pymdownx.blocks.html", "pymdownx.details"])
    return BeautifulSoup(drawn, "html.parser")


def test_an_entry_is_a_line_that_opens_on_the_rest() -> None:
    body = 'Words and `code`.\n\n??? note "More"\n\n    | a | b |\n    | --- | --- |\n    | 1 | 2 |\n'
    soup = html(entry("x-1", "**Held** at last", body, state="it's [fresh]", post=["One", "Two"]))
    details = soup.select_one("details.mlblog-entry#x-1")
    assert details is not None
    assert (details["data-state"], details["data-post"]) == ("it’s [fresh]", "One|Two")  # noqa: RUF001
    summary = details.find("summary", recursive=False)
    assert summary is not None
    assert summary.text.strip() == "Held at last"
    assert details.select_one("details td") is not None


def test_a_heading_in_the_line_has_the_name() -> None:
    soup = html(
        listed(("state",), group("## Topic", [entry("", "### A { #a }\n\nfresh", "x"), entry("", "### B { #b }", "y")]))
    )
    top = soup.select_one("div.mlblog-entries")
    assert top is not None
    assert top["data-kinds"] == "state"
    assert [one["id"] for one in top.select("div.mlblog-group > details > summary > h3")] == ["a", "b"]
    assert top.select_one("div.mlblog-group > h2") is not None
