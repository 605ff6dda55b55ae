"""Long lists: one line an entry, chosen by words and menus, opened by links; all there without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from stage import Visit

LISTS = ["/papers/", "/claims/", "/claims/posts/", "/experiments/"]
#: Pixels of a page for each entry, headings and all: a line or two of text.
TALL = 110


def shown(page: Page) -> int:
    return page.locator("details.mlblog-entry:visible").count()


@pytest.mark.parametrize("path", LISTS)
def test_a_list_is_short_and_whole_without_scripts(visit: Callable[..., Visit], path: str) -> None:
    window = visit(java_script_enabled=False)
    window.page.goto(window.address + path)
    entries = window.page.locator("details.mlblog-entry")
    assert shown(window.page) == entries.count() > 10
    first = entries.first
    first.locator("summary").first.click()
    expect(first).to_have_attribute("open", "")
    assert visit().go(path).evaluate("document.scrollingElement.scrollHeight") < TALL * entries.count() + 900


@pytest.mark.parametrize("path", LISTS)
def test_words_choose_entries(visit: Callable[..., Visit], path: str) -> None:
    page = visit().go(path)
    everything = shown(page)
    last = page.locator("details.mlblog-entry").last
    words = " ".join(re.findall(r"\w{5,}", last.text_content() or "")[:4])
    page.get_by_role("search", name="Filter the list").get_by_role("searchbox").fill(words.upper())
    expect(last).to_be_visible()
    assert 0 < shown(page) < everything
    expect(page.get_by_role("status").first).to_have_text(f"{shown(page)} of {everything} entries")
    page.get_by_role("search", name="Filter the list").get_by_role("searchbox").fill("zyzzyva")
    assert shown(page) == 0
    assert page.locator(".mlblog-group :is(h2, h3):visible").count() == 0


@pytest.mark.parametrize(("path", "name"), [("/papers/", "topic"), ("/claims/", "verdict"), ("/experiments/", "state")])
def test_a_menu_chooses_entries_by_keyboard(visit: Callable[..., Visit], path: str, name: str) -> None:
    page = visit().go(path)
    menu = page.get_by_role("combobox", name=name)
    value = page.locator("details.mlblog-entry").last.get_attribute(f"data-{name}")
    menu.focus()
    menu.select_option(value)
    kinds = page.locator("details.mlblog-entry:visible").evaluate_all(f"all => all.map(one => one.dataset.{name})")
    assert {*kinds} == {value}


@pytest.mark.parametrize("path", LISTS)
def test_a_link_opens_its_entry(visit: Callable[..., Visit], path: str) -> None:
    """On a page that it leads to, and on the page itself while the filter hides the entry."""
    entry = visit().go(path).locator("details.mlblog-entry").last
    name = entry.evaluate("entry => entry.id || entry.querySelector('summary [id]').id")
    # in a window of its own: a page loaded again goes back to where its reader was
    page = visit().go(f"{path}#{name}")
    last = page.locator("details.mlblog-entry").last
    expect(last).to_have_attribute("open", "")
    expect(last).to_be_in_viewport()
    page.get_by_role("search", name="Filter the list").get_by_role("searchbox").fill("zyzzyva")
    page.evaluate(
        f"document.body.append(Object.assign(document.createElement('a'), {{href: '#{name}', id: 'way'}})), way.click()"
    )
    expect(last).to_be_in_viewport()


def test_claims_and_experiments_lead_to_posts_and_back(visit: Callable[..., Visit], site: Path) -> None:
    window = visit()
    page = window.go("/claims/")
    entry = page.locator("details.mlblog-entry").first
    name = entry.get_attribute("id")
    entry.locator("summary").click()
    entry.locator(f"a[href$='#{name}']").click()
    page.wait_for_url(f"**/*#{name}")
    assert "/claims/" not in page.url
    page.locator(f"#{name} .mlblog-verdict a").click()
    page.wait_for_url(f"**/claims/#{name}")
    expect(page.locator(f"#{name}")).to_have_attribute("open", "")
    post = next(path for path in ("annagram", "ptrnet") if (site / f"blog/{path}").is_dir())
    page = window.go(f"/blog/{post}/")
    link = page.locator(".mlblog-provenance a[href*='/experiments/#']").first
    target = (link.get_attribute("href") or "").partition("#")[2]
    page.goto(link.evaluate("link => link.href"))
    expect(page.locator(f"details.mlblog-entry:has(#{target})")).to_have_attribute("open", "")


def test_the_main_value_of_an_experiment_has_a_readable_name(visit: Callable[..., Visit]) -> None:
    page = visit().go("/experiments/")
    names = page.locator("details.mlblog-entry > summary .mlblog-aside").all_text_contents()
    assert len(names) > 10
    assert [name for name in names if "_" in name or len(name.split()) < 3] == []
