"""What the search finds, and what it shows of it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from stage import Visit


def found(page: Page, words: str) -> list[str]:
    """Addresses of the results, best first, of words that are typed into the search."""
    box = page.locator(".md-search__input")
    box.focus()
    box.fill("")
    box.press_sequentially(words)
    links = page.locator("a.md-search-result__link")
    expect(links.first).to_be_attached(timeout=60_000)  # a busy machine takes its time to read the index
    expect(page.locator(".md-search-result__meta")).to_have_text(re.compile(r"^\d+ matching"))
    return [str(address) for address in links.evaluate_all("all => all.map(one => one.getAttribute('href'))")]


@pytest.fixture
def page(visit: Callable[..., Visit]) -> Page:
    return visit().go("/about/")


@pytest.mark.parametrize("words", ["1511.06481", "arXiv:1511.06481"])
def test_an_arxiv_number_leads_to_the_paper(page: Page, words: str) -> None:
    assert [address for address in found(page, words) if "/papers/alain2015variance/" in address]


def test_a_result_in_a_long_list_is_chosen_there(page: Page) -> None:
    found(page, "1511.06481")
    page.locator("a.md-search-result__link[href*='/papers/?h=1511']").first.evaluate("link => link.click()")
    expect(page.locator("details.mlblog-entry:visible")).to_have_count(1)
    expect(page.locator("details.mlblog-entry:visible")).to_contain_text("importance sampling")


def test_a_method_leads_to_the_post_before_its_code(page: Page) -> None:
    addresses = found(page, "kNN")
    assert "/scribbles/knn/" in addresses[0]


@pytest.mark.parametrize(
    ("question", "first"),
    [("how to write a post", "/guide/write/?h=write+post"), ("attention is all you need", "?h=attention+need")],
)
def test_small_words_of_a_question_do_not_decide(page: Page, question: str, first: str) -> None:
    assert first in found(page, question)[0]


def test_a_misspelling_finds_something(page: Page) -> None:
    assert [address for address in found(page, "pointr netwrok") if "ptrnet" in address or "annagram" in address]


def test_results_show_no_tex(page: Page) -> None:
    found(page, "gradient")
    shown = page.locator(".md-search-result__list").inner_text()
    assert "gradient" in shown
    assert re.findall(r"\\\(|\\[a-z]+|\$", shown) == []
