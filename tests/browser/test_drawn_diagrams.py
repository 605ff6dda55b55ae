"""Diagrams are drawn in the reader's browser, in both schemes, by files of the site alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from integrations.conftest import FILES, built
from playwright.sync_api import Browser, Page, expect
from stage import Visit, served
from toyproject import write_project
from weights import weigh

# whether each label has room for its text
FITS = """[...document.querySelectorAll(".mlblog-drawn .nodes foreignObject")].map(
    box => box.firstElementChild.scrollHeight <= box.height.baseVal.value + 1)"""
DRAWN = ".mlblog-drawn svg"


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str]]:
    root = tmp_path_factory.mktemp("diagrams")
    write_project(root, dict(FILES))
    built(root)
    with served(root / "site") as address:
        yield root / "site", address


def ground_and_ink(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        f"""(() => {{
            const drawn = document.querySelector("{DRAWN}");
            return [getComputedStyle(drawn.querySelector(".node :is(rect, polygon)")).fill,
                    getComputedStyle(drawn.querySelector(".nodeLabel")).color,
                    getComputedStyle(document.querySelector("h1")).color];
        }})()"""
    )
    return found


@pytest.mark.parametrize(("scheme", "ground"), [("light", "rgb(246, 244, 240)"), ("dark", "rgb(39, 43, 53)")])
def test_a_diagram_is_drawn_in_the_readers_scheme(
    window: Browser, blog: tuple[Path, str], scheme: str, ground: str
) -> None:
    with window.new_context(color_scheme=scheme, viewport={"width": 390, "height": 900}) as context:  # type: ignore[arg-type]
        visit = Visit(context, blog[1])
        page = visit.go("/blog/walk/")
        page.locator(".mlblog-diagram").scroll_into_view_if_needed()
        expect(page.locator(DRAWN)).to_be_visible(timeout=30_000)
        assert "Data & more" in page.locator(".mlblog-drawn").inner_text()
        expect(page.locator(".mlblog-diagram")).to_be_hidden()
        assert page.evaluate(FITS) == [True, True]
        fill, label, ink = ground_and_ink(page)
        assert (fill, label) == (ground, ink)
        page.evaluate(f"document.body.dataset.mdColorScheme = '{'default' if scheme == 'dark' else 'slate'}'")
        changed = f"getComputedStyle(document.querySelector('{DRAWN} .node rect')).fill !== '{ground}'"
        page.wait_for_function(changed)
        assert (visit.foreign, visit.complaints) == ([], [])


def test_a_page_without_a_diagram_loads_nothing_of_it(window: Browser, blog: tuple[Path, str]) -> None:
    _, address = blog
    for path in ("/", "/blog/", "/blog/plain/"):
        assert not [name for name in weigh(window, address, path).files if "mermaid" in name]


def test_what_cannot_be_drawn_is_told_above_its_source(window: Browser, blog: tuple[Path, str]) -> None:
    site, address = blog
    page_file = site / "blog/plain/index.html"
    whole = (site / "blog/walk/index.html").read_text()
    page_file.write_text(whole.replace("A[Data &amp; more]", "A[Data"))
    with window.new_context() as context:
        page = Visit(context, address).go("/blog/plain/")
        page.locator(".mlblog-diagram").scroll_into_view_if_needed()
        expect(page.locator(".mlblog-drawn.mlblog-error")).to_contain_text("cannot be drawn", timeout=30_000)
        expect(page.locator(".mlblog-diagram")).to_be_visible()
