"""What a reader's browser sees: every page whole, legible, and asked of this site alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from stage import Visit, build, chromium, launched, posts, served

LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=[\"']?(?:https?:)?//"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|dns-prefetch|icon))[^>]*\bhref=[\"']?(?:https?:)?//"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


# Not for the whole session: while Playwright runs, the thread has an event loop, and no other test
# could start one.
@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    executable = chromium()
    if executable is None:
        pytest.skip("no chromium on the PATH; install it or name one in $CHROMIUM")
    with launched(executable) as browser:
        yield browser


@pytest.fixture
def visit(window: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """A function that opens a window on the site: `visit(scheme="dark", width=390)`."""
    opened = []

    def open_window(scheme: str = "light", width: int = 1280) -> Visit:
        context = window.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        opened.append(context)
        return Visit(context, address)

    yield open_window
    for context in opened:
        context.close()


@pytest.fixture
def paths(site: Path) -> list[str]:
    """Every page: the fixed ones, the posts, and the blog's lists of them."""
    folders = (page.parent.relative_to(site).as_posix() for page in site.rglob("index.html"))
    return sorted("/" if folder == "." else f"/{folder}/" for folder in folders)


def test_every_kind_of_page_is_looked_at(paths: list[str], site: Path) -> None:
    assert posts(site)
    assert {"/", "/about/", "/blog/", "/tags/", *posts(site)} < set(paths)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_load_without_a_complaint_and_ask_no_other_host(
    visit: Callable[..., Visit], paths: list[str], scheme: str
) -> None:
    window = visit(scheme=scheme)
    for path in paths:
        window.go(path)
    assert (window.complaints, window.foreign) == ([], [])


def test_html_and_styles_name_no_foreign_script_style_or_font(site: Path) -> None:
    faults = [
        f"{page.relative_to(site)}: {hit.group()}"
        for page in sorted(site.rglob("*.html"))
        for hit in LOADED.finditer(page.read_text())
    ]
    faults += [
        f"{sheet.relative_to(site)}: {hit}"
        for sheet in sorted(site.rglob("*.css"))
        for hit in re.findall(r"(?:url\(|@import )[\"']?(?:https?:)?//[^)]*", sheet.read_text())
    ]
    assert faults == []


def test_nothing_is_wider_than_a_phone(visit: Callable[..., Visit], paths: list[str]) -> None:
    window = visit(width=390)
    widths = {path: window.go(path).evaluate("document.scrollingElement.scrollWidth") for path in paths}
    assert widths == dict.fromkeys(paths, 390)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(visit: Callable[..., Visit], paths: list[str], scheme: str) -> None:
    """axe's WCAG 2 A and AA rules, contrast included."""
    window = visit(scheme=scheme)
    rules = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    faults = []
    for path in paths:
        found = Axe().run(window.go(path), options=rules).response["violations"]
        faults += [f"{path} {one['id']}: {node['html']}" for one in found for node in one["nodes"]]
    assert faults == []


def test_text_is_set_in_the_committed_fonts(visit: Callable[..., Visit]) -> None:
    page = visit().go("/about/")
    loaded = page.evaluate("[...document.fonts].filter(f => f.status === 'loaded').map(f => f.family)")
    assert {family.strip('"') for family in loaded} >= {"Source Serif 4", "Source Sans 3"}


def test_scheme_follows_the_system_and_the_toggle(visit: Callable[..., Visit]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    light = visit(scheme="light").go("/").evaluate(ground)
    page = visit(scheme="dark").go("/")
    dark = page.evaluate(ground)
    page.locator("label.md-header__button[for^=__palette]:visible").click()
    page.wait_for_function(f"{ground} === '{light}'")
    assert light != dark


def test_figures_follow_the_scheme(visit: Callable[..., Visit], site: Path) -> None:
    """A reader sees each figure once, and in dark another rendering of it than in light."""
    shown = """[...document.querySelectorAll('.mlblog-figure')].map(figure =>
        [...figure.querySelectorAll('img, svg')].filter(drawn => drawn.getClientRects().length)
            .map(drawn => drawn.currentSrc || [...drawn.querySelectorAll('text, path')]
                .map(part => getComputedStyle(part).fill).join()))"""
    seen = 0
    for path in posts(site):
        light, dark = (visit(scheme=scheme).go(path).evaluate(shown) for scheme in ("light", "dark"))
        assert all(len(one) == 1 for one in light + dark)
        assert all(by_day != by_night for by_day, by_night in zip(light, dark, strict=True))
        seen += len(light)
    assert seen


def test_formulas_are_drawn_also_after_instant_navigation(visit: Callable[..., Visit], site: Path) -> None:
    """No TeX stays on a page, whether it was opened by its address or by a link."""
    formulas, raw = (
        "document.querySelectorAll('.arithmatex').length",
        "document.querySelectorAll('.arithmatex:not(:has(.katex)), .katex-error').length",
    )
    with_formulas = [path for path in posts(site) if 'class="arithmatex"' in _html(site, path)]
    for path in with_formulas:
        window = visit()
        page = window.go(path)
        assert page.evaluate(formulas)
        assert page.evaluate(raw) == 0
        page = window.go("/blog/")
        page.locator(f"h2 a[href$='{path.removeprefix('/blog')}']").first.click()
        page.wait_for_function(f"location.pathname === '{path}' && {formulas}")
        page.wait_for_function(f"{raw} === 0")
        assert window.complaints == []


def test_home_leads_to_a_post(visit: Callable[..., Visit], address: str, site: Path) -> None:
    window = visit()
    page = window.go("/")
    page.locator("#newest + p a").click()
    page.wait_for_url(f"{address}/blog/*/")
    assert page.url.removeprefix(address) in posts(site)
    assert window.complaints == []


def test_every_image_of_a_post_says_what_it_shows(visit: Callable[..., Visit], site: Path) -> None:
    bare = "[...document.querySelectorAll('.mlblog-figure img')].filter(i => !i.alt.trim()).length"
    window = visit()
    assert [path for path in posts(site) if window.go(path).evaluate(bare)] == []


def test_a_dark_page_is_printed_light_and_read_dark_again(visit: Callable[..., Visit]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page = visit(scheme="dark").go("/about/")
    dark = page.evaluate(ground)
    page.emulate_media(media="print")
    page.wait_for_function(f"{ground} === 'rgb(255, 255, 255)'")
    page.emulate_media(media="screen")
    page.wait_for_function(f"{ground} === '{dark}'")
    assert dark != "rgb(255, 255, 255)"


def test_search_finds_a_word_of_a_page(visit: Callable[..., Visit]) -> None:
    window = visit()
    page = window.go("/")
    page.locator(".md-search__input").click()
    page.keyboard.type("digest", delay=20)
    page.wait_for_selector(".md-search-result__item")
    assert window.complaints == []


def test_a_figure_is_enlarged_by_keyboard_and_put_back(visit: Callable[..., Visit], site: Path) -> None:
    """What is enlarged is the drawing of the reader's scheme."""
    for scheme in ("light", "dark"):
        page = visit(scheme=scheme, width=390).go(posts(site)[0])
        figure = page.locator(".mlblog-figure img:visible").first
        figure.focus()
        page.keyboard.press("Enter")
        enlarged = page.locator("dialog[open] img")
        assert enlarged.get_attribute("src") == figure.get_attribute("src")
        box = enlarged.bounding_box()
        assert box is not None
        assert box["width"] > 700
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="detached")


def _html(site: Path, path: str) -> str:
    return (site / path.strip("/") / "index.html").read_text()
