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
    expect(page.locator(".md-search-result__meta")).to_have_text(re.compile("matching"))
    page.wait_for_timeout(300)
    links = page.locator(".md-search-result__item:not(details .md-search-result__item) > a.md-search-result__link")
    return [str(address) for address in links.evaluate_all("all => all.map(one => one.getAttribute('href'))")]


@pytest.fixture
def page(visit: Callable[..., Visit]) -> Page:
    return visit().go("/about/")


@pytest.mark.parametrize("words", ["1506.03134", "arXiv:1506.03134"])
def test_an_arxiv_number_leads_to_the_paper(page: Page, words: str) -> None:
    assert [address for address in found(page, words)[:2] if "papers/" in address]


def test_a_method_leads_to_the_post_before_its_code(page: Page) -> None:
    addresses = found(page, "kNN")
    assert "/scribbles/knn/" in addresses[0]


def test_a_misspelling_finds_something(page: Page) -> None:
    assert [address for address in found(page, "pointr netwrok") if "ptrnet" in address or "annagram" in address]


def test_results_show_no_tex(page: Page) -> None:
    found(page, "gradient")
    shown = page.locator(".md-search-result__list").inner_text()
    assert "gradient" in shown
    assert re.findall(r"\\\(|\\[a-z]+|\$", shown) == []
