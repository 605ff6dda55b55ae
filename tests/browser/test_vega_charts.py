"""Altair charts in the page: moved by keyboard and pointer, in both schemes and on a phone, without another host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from stage import Visit
from touched import CHART, blog, opened, other_scheme
from weights import weigh

SIZES = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]
#: The highest label of the vertical axis.
AXIS = "[...document.querySelectorAll('.mlblog-chart .role-axis-label')].at(-1)"
TOP = f"""Math.max(...[...{AXIS}.querySelectorAll('text')]
    .map((one) => Number(one.textContent.replaceAll('\u2212', '-'))))"""
LINE = "document.querySelector('.mlblog-chart .mark-line path').getAttribute('d')"
INK = "getComputedStyle(document.querySelector('.mlblog-chart .role-axis-label text')).fill"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with blog(tmp_path_factory.mktemp("vega"), CHART) as address:
        yield address


def near(page: Page) -> None:
    page.locator(".mlblog-vega").scroll_into_view_if_needed()
    expect(page.locator(".mlblog-chart svg")).to_be_visible(timeout=30_000)


@pytest.mark.parametrize(("scheme", "width"), SIZES)
def test_a_chart_is_moved_by_keyboard_and_by_pointer(window: Browser, site: str, scheme: str, width: int) -> None:
    with opened(window, site, scheme, width) as (visit, page):
        near(page)
        expect(page.locator(".mlblog-vega img").first).to_be_hidden()
        expect(page.get_by_role("img", name="Two powers of x.")).to_have_count(1)
        slider, choice = page.get_by_role("slider", name="Power"), page.get_by_role("combobox", name="Direction")
        before = page.evaluate(LINE)
        slider.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"{LINE} !== {before!r}")
        expect(page.locator(".mlblog-knobs")).to_contain_text("3")
        slider.click(position={"x": 2, "y": 10})
        expect(slider).to_have_value("0")
        choice.select_option("down")
        page.wait_for_function(f"{TOP} <= 0")
        assert_within_reach(page, width)
        assert (visit.foreign, visit.complaints) == ([], [])


def assert_within_reach(page: Page, width: int) -> None:
    assert page.evaluate("document.scrollingElement.scrollWidth") == width
    assert page.evaluate("document.querySelector('.mlblog-chart').scrollWidth <= "
                         "document.querySelector('.mlblog-chart').clientWidth")  # fmt: skip
    heights = page.evaluate("""[...document.querySelectorAll('.mlblog-knobs :is(input, select)')].map(
        one => one.getBoundingClientRect().height)""")
    assert min(heights) >= 24
    share = "(svg) => svg.getBoundingClientRect().width / svg.viewBox.baseVal.width"
    assert page.locator(".mlblog-chart svg").evaluate(share) == pytest.approx(1, abs=0.01)  # letters are not scaled
    sizes = page.evaluate("""[...document.querySelectorAll('.mlblog-chart text')].map(
        one => parseFloat(getComputedStyle(one).fontSize))""")
    assert min(sizes) >= 10
    found = Axe().run(page, context={"include": [[".mlblog-vega"]]}, options={"resultTypes": ["violations"]}).response
    assert [one["id"] for one in found["violations"]] == []


def test_knobs_keep_their_places_when_the_scheme_changes(window: Browser, site: str) -> None:
    with opened(window, site, "light", 1280) as (visit, page):
        near(page)
        page.get_by_role("combobox", name="Direction").select_option("down")
        page.wait_for_function(f"{TOP} <= 0")
        before = page.evaluate(INK)
        other_scheme(page)
        page.wait_for_function(f"{INK} !== {before!r}")
        page.wait_for_function(f"{TOP} <= 0")
        expect(page.get_by_role("combobox", name="Direction")).to_have_value("down")
        assert page.evaluate(INK) == "rgb(232, 234, 238)"
        assert (visit.foreign, visit.complaints) == ([], [])


def test_the_pointer_reads_values(window: Browser, site: str) -> None:
    with opened(window, site, "dark", 1280) as (_, page):
        near(page)
        page.locator(".mlblog-chart .mark-symbol.role-mark path").last.hover(force=True)
        expect(page.locator("#vg-tooltip-element")).to_be_visible()
        expect(page.locator("#vg-tooltip-element")).to_contain_text("18")


def test_the_engine_is_loaded_when_a_chart_is_near_and_on_no_other_page(window: Browser, site: str) -> None:
    for path in ("/blog/walk/", "/blog/plain/"):
        assert not [name for name in weigh(window, site, path).files if "vega" in name]


def test_without_scripts_there_is_the_still(window: Browser, site: str) -> None:
    with window.new_context(java_script_enabled=False) as context:
        page = Visit(context, site).page
        page.goto(f"{site}/blog/walk/")
        expect(page.locator(".mlblog-vega img").first).to_be_visible()
        expect(page.get_by_role("link", name="Data")).to_have_count(1)


def test_a_figure_says_that_it_cannot_be_moved_if_the_engine_is_missing(window: Browser, site: str) -> None:
    with window.new_context() as context:
        visit = Visit(context, site)
        visit.page.route("**/vega-engine.js", lambda route: route.abort())
        page = visit.go("/blog/walk/")
        page.locator(".mlblog-vega").scroll_into_view_if_needed()
        expect(page.locator(".mlblog-untouchable")).to_contain_text("This figure cannot be moved: ", timeout=30_000)
        expect(page.locator(".mlblog-vega img").first).to_be_visible()
