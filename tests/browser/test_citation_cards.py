"""Beside a citation stands its reference: for the mouse, the keyboard and the finger."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from stage import ROOT, served

from mlblog.lab import Project
from mlblog.papers import Bibliography, cite, references

MKDOCS = """\
site_name: Cards
site_url: http://127.0.0.1:8000/
theme:
  name: material
  font: false
  features: [navigation.instant]
plugins: []
extra_css: [stylesheets/fonts.css, stylesheets/colours.css, stylesheets/reading.css, stylesheets/papers.css]
extra_javascript: [javascripts/citations.js]
markdown_extensions: [attr_list, md_in_html, pymdownx.blocks.html, pymdownx.superfences]
"""
TEXT = "Attention [@vaswani2017attention] and pointers [@vinyals2015pointer].\n\n" + "More text.\n\n" * 60


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("cards")
    for folder in ("stylesheets", "javascripts", "assets/fonts"):
        shutil.copytree(ROOT / "mlblog/theme" / folder, root / "docs" / folder)
    papers = Bibliography.of(Project.find(ROOT))
    text, keys = cite(TEXT, papers, "x.md", 1)
    listed = references(keys, papers, "..").replace("../papers/", "papers/")
    (root / "docs/index.md").write_text(f"# Home\n\n{text}{listed}")
    (root / "docs/papers").mkdir()
    (root / "docs/papers/index.md").write_text("# Papers\n")
    for key in keys:
        (root / f"docs/papers/{key}.md").write_text("# Note\n")
    (root / "mkdocs.yml").write_text(MKDOCS)
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "-q", "--strict"], cwd=root, env=environment, check=True)
    with served(root / "site") as address:
        yield address


@pytest.fixture
def visit(window: Browser, address: str) -> Iterator[Callable[..., Page]]:
    """A function that opens the page: `visit(has_touch=True)`; no script may fail on it."""
    opened, failed = [], []

    def visited(width: int = 1280, **options: bool) -> Page:
        context = window.new_context(viewport={"width": width, "height": 700}, **options)  # type: ignore[arg-type]
        opened.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto(address)
        return page

    yield visited
    for context in opened:
        context.close()
    assert failed == []


def cards(page: Page) -> Locator:
    return page.locator(".mlblog-card")


def test_a_card_under_the_mouse(visit: Callable[..., Page]) -> None:
    page = visit()
    first, second = (page.locator("a.mlblog-cite").nth(n) for n in range(2))
    expect(cards(page)).to_have_count(0)
    first.hover()
    expect(cards(page)).to_contain_text("Attention is all you need.")
    assert "BibTeX" not in str(cards(page).text_content())
    second.hover()
    expect(cards(page)).to_contain_text("Pointer networks.")
    cards(page).hover()
    page.wait_for_timeout(400)  # longer than a card waits before it goes
    expect(cards(page)).to_have_count(1)
    violations = Axe().run(page).response["violations"]
    assert [v["id"] for v in violations if any("mlblog" in str(node["target"]) for node in v["nodes"])] == []
    page.mouse.move(1, 1)
    expect(cards(page)).to_have_count(0)


def test_a_card_by_the_keyboard(visit: Callable[..., Page]) -> None:
    page = visit()
    first = page.locator("a.mlblog-cite").first
    while not first.evaluate("link => link === document.activeElement"):
        page.keyboard.press("Tab")
    expect(cards(page)).to_have_count(1)
    assert page.locator(f"#{first.get_attribute('aria-describedby')}").count() == 1
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.href") == "https://arxiv.org/abs/1706.03762"
    expect(cards(page)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(cards(page)).to_have_count(0)
    expect(first).to_be_focused()
    page.keyboard.press("Tab")
    expect(cards(page)).to_contain_text("Pointer networks.")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{page.url.partition('#')[0]}#ref-vinyals2015pointer")


def test_a_card_under_a_finger(visit: Callable[..., Page]) -> None:
    page = visit(width=390, has_touch=True)
    first = page.locator("a.mlblog-cite").first
    before = page.url
    first.tap()
    expect(cards(page)).to_have_count(1)
    box, width = cards(page).bounding_box(), page.evaluate("document.documentElement.scrollWidth")
    assert box is not None
    assert width == 390
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert page.url == before
    page.locator("h1").tap()
    expect(cards(page)).to_have_count(0)
    first.tap()
    first.tap()
    expect(page).to_have_url(before + "#ref-vaswani2017attention")


def test_without_scripts_a_citation_is_a_link_into_the_list(visit: Callable[..., Page]) -> None:
    page = visit(java_script_enabled=False)
    page.locator("a.mlblog-cite").nth(1).click()
    expect(page).to_have_url(f"{page.url.partition('#')[0]}#ref-vinyals2015pointer")
    expect(page.locator("#ref-vinyals2015pointer")).to_be_in_viewport()
