"""Every page of the sitemap, and the one for wrong addresses: whole, quiet, legible, and within reach of a thumb.

The pages are visited in parts, which several workers share.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from stage import Visit, kinds, pages, posts

PARTS = 4
PHONE: Any = {"width": 390, "height": 844}
DESK: Any = {"width": 1280, "height": 900}

LOADED = re.compile(
    r"<(?:script|img|iframe|source|video|audio)\b[^>]*\bsrc=[\"']?(?:https?:)?//"
    r"|<link\b(?=[^>]*\brel=[\"']?(?:stylesheet|preload|preconnect|dns-prefetch|icon))[^>]*\bhref=[\"']?(?:https?:)?//"
)

# What is too small for a finger, WCAG 2.2, 2.5.8. Left out, as there: what does not show or lies outside of the window
# (the drawer), and links that stand in a line of other text.
SMALL = """() => {
  const small = [];
  for (const target of document.querySelectorAll(
      "a[href], button, summary, label[for], input:not([type=checkbox]), [role=button], [tabindex='0']")) {
    const box = target.getBoundingClientRect();
    const style = getComputedStyle(target);
    if (!box.width || !box.height || box.right <= 0 || box.left >= innerWidth) continue;
    if (style.visibility === "hidden") continue;
    if (box.width >= 23.99 && box.height >= 23.99) continue;
    let around = target.parentElement;
    while (getComputedStyle(around).display.startsWith("inline")) around = around.parentElement;
    const inLine = style.display === "inline" && around.textContent.trim() !== target.textContent.trim();
    if (!inLine) small.push(`${target.outerHTML.slice(0, 120)} ${box.width} x ${box.height}`);
  }
  return small;
}"""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: Rules whose answer depends on the colours.
BY_SCHEME = ["color-contrast", "link-in-text-block"]


@dataclass
class Tour:
    """What was found on the way, as `path: what`."""

    wide: list[str] = field(default_factory=list)
    small: list[str] = field(default_factory=list)
    axe: list[str] = field(default_factory=list)
    undrawn: list[str] = field(default_factory=list)
    bare: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)


def shares(site: Path) -> list[list[str]]:
    """All pages, dealt out: those that take long to each part in turn."""
    closely = [*dict.fromkeys([*kinds(site), *posts(site)])]
    rest = [path for path in pages(site) if path not in closely]
    return [[*closely[part::PARTS], *rest[part::PARTS]] for part in range(PARTS)]


@pytest.fixture(scope="module", params=range(PARTS), ids=lambda number: f"part {number}")
def tour(request: pytest.FixtureRequest, window: Browser, address: str, site: Path) -> Tour:
    """One visit to each page: on a phone, then on a desk; posts and one page of each kind also with axe."""
    found, axe = Tour(), Axe()
    sampled = {*kinds(site)}
    closely = {*sampled, *posts(site)}
    still: dict[str, Any] = {"color_scheme": "light", "reduced_motion": "reduce", "viewport": PHONE}
    with window.new_context(**still) as context:
        visit = Visit(context, address)
        for path in shares(site)[request.param]:
            page = visit.go(path)
            found.seen.append(path)
            if (width := page.evaluate("document.scrollingElement.scrollWidth")) != PHONE["width"]:
                found.wide.append(f"{path}: {width}")
            found.small += [f"{path}: {one}" for one in page.evaluate(SMALL)]
            bare = "[...document.querySelectorAll('.md-content img')].filter(i => !i.alt.trim()).map(i => i.src)"
            found.bare += [f"{path}: {one}" for one in page.evaluate(bare)]
            undrawn = "document.querySelectorAll('.arithmatex:not(:has(.katex)), .katex-error').length"
            found.undrawn += [path] if page.evaluate(undrawn) else []
            if path in closely:
                rule = {"values": ["target-size"], "type": "rule"}
                found.axe += [f"{path} phone {one}" for one in _violations(axe, page, rule)]
            page.set_viewport_size(DESK)
            if (width := page.evaluate("document.scrollingElement.scrollWidth")) != DESK["width"]:
                found.wide.append(f"{path}: {width}")
            if path in closely:
                found.axe += [f"{path} {one}" for one in _violations(axe, page, {"values": RULES, "type": "tag"})]
                _darken(page)
                # the colours of code are the same on every page: in dark they are looked at on one of each kind
                left_out = [] if path in sampled else [[".highlight"]]
                dark = _violations(axe, page, {"values": BY_SCHEME, "type": "rule"}, left_out)
                found.axe += [f"{path} dark {one}" for one in dark]
                page.emulate_media(color_scheme="light")
            page.set_viewport_size(PHONE)
            found.complaints += [f"{path}: {one}" for one in visit.complaints]
            visit.complaints.clear()
        found.foreign = visit.foreign
    return found


def _darken(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.body.dataset.mdColorScheme === 'slate'")


def _violations(axe: Axe, page: Page, rules: dict[str, object], left_out: Sequence[list[str]] = ()) -> list[str]:
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    context = {"exclude": [*left_out]} if left_out else None
    response = axe.run(page, context=context, options=options).response
    return [f"{one['id']}: {node['html']}" for one in response["violations"] for node in one["nodes"]]


def test_every_page_is_in_a_part(site: Path) -> None:
    visited = [path for share in shares(site) for path in share]
    assert len({*visited}) == len(visited)
    built = {page.parent.relative_to(site).as_posix() for page in site.rglob("index.html")}
    assert {"/" if one == "." else f"/{one}/" for one in built} == {*visited} - {"/404.html"}
    top = {"/", "/blog/", "/scribbles/", "/papers/", "/experiments/", "/claims/", "/goals/", "/tags/", "/about/"}
    assert {*top, *posts(site), "/404.html"} < {*visited}
    assert posts(site)


def test_every_page_of_a_part_was_seen(tour: Tour, request: pytest.FixtureRequest, site: Path) -> None:
    assert tour.seen == shares(site)[request.node.callspec.params["tour"]]


def test_no_script_complains_and_no_other_host_is_asked(tour: Tour) -> None:
    assert (tour.complaints, tour.foreign) == ([], [])


def test_nothing_is_wider_than_the_window(tour: Tour) -> None:
    assert not tour.wide, "\n".join(tour.wide)


def test_what_is_tapped_is_large_enough(tour: Tour) -> None:
    assert not tour.small, "\n".join(tour.small)


def test_axe_finds_nothing_in_either_scheme(tour: Tour) -> None:
    """WCAG 2.2 A and AA, contrast included, and other good practice."""
    assert not tour.axe, "\n".join(tour.axe)


def test_every_image_says_what_it_shows(tour: Tour) -> None:
    assert not tour.bare, "\n".join(tour.bare)


def test_no_formula_stays_undrawn(tour: Tour) -> None:
    assert tour.undrawn == []


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
