"""What a page weighs before anyone scrolls, and what waits until it is needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, expect
from stage import Visit, kinds, posts
from weights import Weight, weigh, weigh_all

BYTES, REQUESTS = 250_000, 20


def test_a_page_weighs_at_most_250_kb_in_20_requests(window: Browser, address: str, site: Path) -> None:
    """Posts, and one page of each other kind, the long ones among them; figures included."""
    paths = sorted({*posts(site), *kinds(site)})
    weights: dict[str, Weight] = {}
    for first in range(0, len(paths), 6):
        weights |= weigh_all(window, address, paths[first : first + 6])
    for path, weight in sorted(weights.items(), key=lambda one: -one[1].total)[:3]:
        print(path, weight)
    over = {path: str(one) for path, one in weights.items() if one.total > BYTES or len(one.files) > REQUESTS}
    assert over == {}


def test_a_figure_is_fetched_in_the_readers_scheme_when_it_is_near(window: Browser, address: str, site: Path) -> None:
    path = max(posts(site), key=lambda path: len([*(site / path.strip("/")).glob("*-light.svg")]))
    drawn = {scheme: len([*(site / path.strip("/")).glob(f"*-{scheme}.svg")]) for scheme in ("light", "dark")}
    for scheme, other in (("light", "dark"), ("dark", "light")):
        asked = [name for name in weigh(window, address, path, scheme).files if name.endswith(".svg")]
        assert 0 < len([name for name in asked if f"-{scheme}." in name]) < drawn[scheme]
        assert not [name for name in asked if f"-{other}." in name]


def test_figures_reserve_their_room(visit: Callable[..., Visit], site: Path) -> None:
    page = visit().go(posts(site)[0])
    sizes = page.evaluate("""[...document.querySelectorAll('.mlblog-figure img')].map(
        image => [image.loading, image.getAttribute('width') > 0, image.getAttribute('height') > 0])""")
    assert sizes
    assert {*map(tuple, sizes)} == {("lazy", True, True)}


def test_a_page_without_formulas_fetches_no_katex_and_one_with_them_no_script_for_it(
    window: Browser, address: str, site: Path
) -> None:
    assert not [name for name in weigh(window, address, "/about/").files if "katex" in name]
    path = next(path for path in posts(site) if "data-drawn" in (site / path.strip("/") / "index.html").read_text())
    asked = weigh(window, address, path).files
    assert [name for name in asked if name.endswith("katex.min.css")]
    assert not [name for name in asked if name.endswith("katex.min.js")]


def test_formulas_show_without_scripts(visit: Callable[..., Visit], site: Path) -> None:
    path = next(path for path in posts(site) if "data-drawn" in (site / path.strip("/") / "index.html").read_text())
    page = visit(java_script_enabled=False).page
    page.goto(visit().address + path)
    expect(page.locator(".katex-html").first).to_be_visible()


def test_the_search_index_waits_for_the_search(visit: Callable[..., Visit]) -> None:
    window = visit()
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    page = window.go("/about/")
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "search" in url]
    page.locator(".md-search__input").focus()
    page.wait_for_event("requestfinished", lambda request: request.url.endswith("search_index.json"))
    assert [url for url in asked if "workers/search" in url]
