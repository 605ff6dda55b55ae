"""Where things stand on windows of several widths, and on paper."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect
from stage import Visit, posts

#: Width of a glyph's box in an SVG of Matplotlib's at a size of one point.
UNIT = 0.01
WIDE = """() => [...document.querySelectorAll('.md-content__inner > :is(.highlight, .mlblog-code) pre > code')]
    .map(code => [code.scrollWidth > code.clientWidth + 1,
        Math.max(...code.textContent.split('\\n').map(line => line.length))])"""


def most_formulas(site: Path) -> str:
    return max(posts(site), key=lambda path: _html(site, path).count("data-drawn"))


@pytest.mark.parametrize("width", [390, 768])
def test_contents_are_within_reach_where_the_sidebar_is_not(
    visit: Callable[..., Visit], site: Path, width: int
) -> None:
    page = visit(width=width).go(posts(site)[0])
    contents = page.locator("details.mlblog-contents")
    contents.locator("summary").click()
    link = contents.locator("a").last
    link.click()
    page.wait_for_function("location.hash.length > 1")
    target = page.evaluate("decodeURIComponent(location.hash.slice(1))")
    expect(page.locator(f"[id='{target}']")).to_be_in_viewport()


def test_the_sidebar_is_not_doubled(visit: Callable[..., Visit], site: Path) -> None:
    expect(visit(width=1280).go(posts(site)[0]).locator("details.mlblog-contents")).to_be_hidden()


def test_code_of_120_columns_fits_a_window_of_1440_pixels(visit: Callable[..., Visit], site: Path) -> None:
    window, seen = visit(width=1440), 0
    for path in posts(site):
        page = window.go(path)
        page.evaluate("document.querySelectorAll('details.mlblog-code').forEach(code => { code.open = true; })")
        boxes = page.evaluate(WIDE)
        assert [columns for overflows, columns in boxes if overflows and columns <= 120] == [], path
        seen += len(boxes)
    assert seen > 80


def test_the_date_stands_above_the_title(visit: Callable[..., Visit], site: Path) -> None:
    for width in (390, 1200, 1440):
        page = visit(width=width).go(posts(site)[0])
        date, title = page.locator(".md-sidebar--post time").bounding_box(), page.locator("h1").bounding_box()
        assert date is not None
        assert title is not None
        assert date["y"] + date["height"] <= title["y"]
        assert abs(date["x"] - title["x"]) < 2


def test_no_line_begins_with_the_punctuation_of_a_formula(visit: Callable[..., Visit], site: Path) -> None:
    page = visit(width=390).go(most_formulas(site))
    parted = page.evaluate("""() => [...document.querySelectorAll('.md-content :is(p, li) > .mlblog-tied')]
        .filter(tied => {
          const range = document.createRange();
          const last = tied.lastChild;
          if (last.nodeType !== Node.TEXT_NODE) return false;
          range.selectNodeContents(last);
          const mark = range.getBoundingClientRect();
          const formula = tied.querySelector('.katex-html').getBoundingClientRect();
          return mark.left < formula.left || mark.top > formula.bottom;
        }).map(tied => tied.textContent)""")
    assert parted == []
    assert page.locator(".mlblog-tied").count() > 5


def test_lettering_of_figures_is_legible_on_a_phone(visit: Callable[..., Visit], site: Path) -> None:
    """At least 10 px, but for exponents and indices; what is wider than the window scrolls in its own box."""
    window, seen = visit(width=390), 0
    for path in posts(site):
        page = window.go(path)
        # all at once: a figure that comes to life takes its image away
        shown = page.evaluate("""[...document.querySelectorAll(".mlblog-figure img")].map(
            image => [image.getAttribute("src"), image.getBoundingClientRect().width])""")
        for source, drawn in shown:
            if not drawn:
                continue  # of the other scheme, or brought to life
            name = source.partition("#")[0]
            svg = (site / path.strip("/") / name).resolve().read_text()
            sizes = [float(size) for size in re.findall(r"\) scale\(([\d.]+) -", svg)]
            natural = float(re.findall(r'width="([\d.]+)pt"', svg)[0])
            assert min(sizes) / UNIT * drawn / natural >= 9.99, f"{path}{name}"
            seen += 1
        assert page.evaluate("document.scrollingElement.scrollWidth") == 390
    assert seen > 20


def test_figures_name_no_font(site: Path) -> None:
    drawn = [*site.glob("blog/*/*.svg"), *site.glob("scribbles/*/*.svg")]
    assert drawn
    assert [path.name for path in drawn if re.search(r"<text|font-family", path.read_text())] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_has_figures_and_no_folded_code(visit: Callable[..., Visit], site: Path, scheme: str) -> None:
    path = next(
        path for path in posts(site) if "mlblog-code" in _html(site, path) and "-light.svg" in _html(site, path)
    )
    page = visit(scheme=scheme).go(path)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.wait_for_function("getComputedStyle(document.body).backgroundColor === 'rgb(255, 255, 255)'")
    page.wait_for_function("""[...document.querySelectorAll('.mlblog-figure img')]
        .filter(image => image.checkVisibility()).every(image => image.complete && image.naturalWidth)""")
    shown = page.locator(".mlblog-figure img").evaluate_all(
        "all => all.filter(image => image.checkVisibility()).map(image => image.src)"
    )
    assert shown
    assert all("-light.svg" in address for address in shown)
    assert page.locator(".mlblog-code").evaluate_all("all => all.filter(code => code.checkVisibility()).length") == 0
    assert len(re.findall(rb"/Type\s*/Page\b", io.BytesIO(page.pdf()).getvalue())) > 1


def _html(site: Path, path: str) -> str:
    return (site / path.strip("/") / "index.html").read_text()
