"""What a reader does with the pages: schemes, formulas, search, keyboard, paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from stage import Visit, pages, posts


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
    """A reader sees each figure once, and in dark another rendering of it than in light, without a new page."""
    shown = """[...document.querySelectorAll('.mlblog-figure')].map(figure =>
        [...figure.querySelectorAll('img, svg')].filter(drawn => drawn.getClientRects().length)
            .map(drawn => drawn.src || [...drawn.querySelectorAll('text, path')]
                .map(part => getComputedStyle(part).fill).join()))"""
    # those of one scheme; a drawing by a script is in the page once
    pictures = """[...document.querySelectorAll('.mlblog-figure')].map(figure =>
        figure.querySelectorAll("img[src$='#only-light']").length || 1)"""
    seen, window = 0, visit()
    # what is brought to life is looked at elsewhere; here it stays the picture that it is without scripts
    window.page.route("**/assets/interactive/**", lambda route: route.abort())
    for path in posts(site):
        page = window.go(path)
        light = page.evaluate(shown)
        page.emulate_media(color_scheme="dark")
        page.wait_for_function("document.body.dataset.mdColorScheme === 'slate'")
        dark = page.evaluate(shown)
        page.emulate_media(color_scheme="light")
        assert [len(one) for one in light] == [len(one) for one in dark] == page.evaluate(pictures)
        assert all(by_day != by_night for by_day, by_night in zip(light, dark, strict=True))
        seen += len(light)
    assert seen


def test_formulas_are_drawn_also_behind_a_link(visit: Callable[..., Visit], site: Path) -> None:
    """No TeX stays on a page that was opened by a link; pages opened by their address are visited elsewhere."""
    window = visit()
    page = window.go("/blog/")
    listed = page.locator("h2 a").evaluate_all("links => links.map(link => new URL(link.href).pathname)")
    path = next(path for path in listed if path in posts(site) and 'class="arithmatex' in _html(site, path))
    page.locator(f"h2 a[href$='{path.removeprefix('/blog/')}']").first.click()
    page.wait_for_function(f"location.pathname === '{path}' && document.querySelector('.arithmatex')")
    page.wait_for_function("!document.querySelector('.arithmatex:not(:has(.katex)), .katex-error')")
    assert window.complaints == []


def test_home_leads_to_a_post(visit: Callable[..., Visit], address: str, site: Path) -> None:
    window = visit()
    page = window.go("/")
    page.locator("#latest + ul a").first.click()
    page.wait_for_url(f"{address}/blog/*/")
    assert page.url.removeprefix(address) in posts(site)
    assert window.complaints == []


def test_a_dark_page_is_printed_light_and_read_dark_again(visit: Callable[..., Visit]) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    page = visit(scheme="dark").go("/about/")
    dark = page.evaluate(ground)
    page.emulate_media(media="print")
    page.wait_for_function(f"{ground} === 'rgb(255, 255, 255)'")
    page.emulate_media(media="screen")
    page.wait_for_function(f"{ground} === '{dark}'")
    assert dark != "rgb(255, 255, 255)"


def test_search_finds_a_post_and_a_scribble(visit: Callable[..., Visit]) -> None:
    window = visit()
    for words, path in (("pointer network anagrams", "blog/annagram/"), ("slack margin", "scribbles/kernels-svm/")):
        page = window.go("/")  # a search that is closing would hide the results of the next
        box = page.locator(".md-search__input")
        page.keyboard.press("/")
        expect(box).to_be_focused()
        box.fill("")
        page.keyboard.type(words)
        expect(page.locator(f".md-search-result__link[href*='{path}']").first).to_be_visible()
        page.keyboard.press("Escape")
        expect(box).not_to_be_focused()
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


def test_the_keyboard_reaches_everything_on_a_post(visit: Callable[..., Visit], site: Path) -> None:
    """Tab goes through all links, buttons and figures that show, and each place that has the focus says so."""
    page = visit(width=1280).go(posts(site)[0])
    page.evaluate(
        """() => {
          const shows = e => e.checkVisibility({visibilityProperty: true, opacityProperty: false}) && e.tabIndex >= 0
              && !e.closest("[inert], .md-nav__toggle, .md-toggle");
          window.due = new Set([...document.querySelectorAll("a[href], button, summary, [role=button], [tabindex]")]
              .filter(shows));
          window.unmarked = [];
        }"""
    )
    due = page.evaluate("due.size")
    for _ in range(due + 40):
        page.keyboard.press("Tab")
        page.evaluate(
            """() => {
              const at = document.activeElement, style = getComputedStyle(at);
              due.delete(at);
              if (at !== document.body && style.outlineStyle === "none" && style.boxShadow === "none"
                  && !at.matches("input")) unmarked.push(at.outerHTML.slice(0, 120));
            }"""
        )
    assert due > 40
    assert (
        page.evaluate(
            "[...due].filter(e => e.tabIndex >= 0 && e.checkVisibility()).map(e => e.outerHTML.slice(0, 120))"
        )
        == []
    )
    assert page.evaluate("unmarked") == []


def test_the_first_stop_leads_past_the_frame(visit: Callable[..., Visit]) -> None:
    page = visit().go("/about/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.md-skip')")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('.md-content') !== null")


@pytest.mark.parametrize("kind", ["post", "notebook"])
def test_code_is_copied_as_it_stands(visit: Callable[..., Visit], site: Path, kind: str) -> None:
    path = posts(site)[0] if kind == "post" else next(path for path in pages(site) if "/notebooks/" in path)
    page = visit().go(path)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    block = page.locator(":is(.md-content__inner, .jp-CodeCell .CodeMirror) > .highlight").first
    block.hover()
    block.locator("button").first.click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.strip()
    assert copied.strip() == block.locator("pre").inner_text().strip()


def test_a_citation_of_a_post_has_a_card(visit: Callable[..., Visit], site: Path) -> None:
    window = visit()
    page = window.go(next(path for path in posts(site) if "mlblog-cite" in _html(site, path)))
    page.locator("a.mlblog-cite").first.hover()
    expect(page.locator(".mlblog-card")).to_contain_text(".")
    assert window.complaints == []


def test_each_post_says_how_to_cite_take_and_remake_it(visit: Callable[..., Visit], site: Path) -> None:
    for path in posts(site):
        html = _html(site, path)
        missing = [
            words for words in ("Cite this post", "Remake this post", "min read", "og:image") if words not in html
        ]
        assert (path, missing) == (path, [])
    page = visit().go(posts(site)[0])
    page.get_by_text("Cite this post").click()
    expect(page.locator("details:has-text('Cite this post') code")).to_contain_text("@misc{")
    with page.expect_download() as download:
        page.locator(".mlblog-notebook").click()
    assert download.value.suggested_filename.endswith(".ipynb")
    assert page.locator(".mlblog-related a").count()


def test_lists_of_posts_show_beginnings(visit: Callable[..., Visit], site: Path) -> None:
    """In a list a post has a title, a figure and a way on, and neither its code nor what stands below the cut."""
    lists = ["/blog/", *(f"/blog/page/{page.name}/" for page in (site / "blog/page").glob("*"))]
    listed = 0
    for path in lists:
        page = visit().go(path)
        here = page.locator(".md-post--excerpt").count()
        assert page.locator(".md-post--excerpt .md-post__action a").count() == here > 0
        assert page.locator(".md-post--excerpt :is(pre, .mlblog-remake):visible").count() == 0
        listed += here
    assert listed == len(posts(site))


def test_a_phone_shows_a_posts_date_above_its_text(visit: Callable[..., Visit], site: Path) -> None:
    page = visit(width=390).go(posts(site)[0])
    date, title = page.locator(".md-sidebar--post time").bounding_box(), page.locator("h1").bounding_box()
    assert date is not None
    assert title is not None
    assert date["y"] < title["y"]


def test_a_wrong_address_leads_on(visit: Callable[..., Visit], address: str) -> None:
    window = visit()
    page = window.go("/404.html")
    expect(page.locator("h1")).to_have_text("No such page")
    page.locator(".md-content a[href$='blog/']").click()
    page.wait_for_url(f"{address}/blog/")


def _html(site: Path, path: str) -> str:
    return (site / path.strip("/") / "index.html").read_text()
