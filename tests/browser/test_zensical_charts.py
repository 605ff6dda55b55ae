"""A chart in an export, as Zensical shows it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from stage import served
from touched import CHART, PALETTE, opened
from toyproject import write_project

FILES = {
    "mkdocs.yml": (
        f"site_name: The site\ntheme: {{name: material, font: false, palette: {PALETTE}}}\n"
        'plugins: [search, mlblog: {design: true}, blog: {post_url_format: "{slug}"}]\n'
    ),
    "docs/index.md": "# Home\n",
    "docs/blog/index.md": "# Blog\n",
    "posts_src/walk.md": f"---\ntitle: A walk\ndate: 2026-11-20\n---\n\nFirst.\n\n<!-- more -->\n\n{CHART}",
}
#: The first line of the chart.
LINE = "document.querySelector('.mlblog-chart .mark-line path').getAttribute('d')"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root, out = tmp_path_factory.mktemp("blog"), tmp_path_factory.mktemp("export")
    write_project(root, FILES)
    run(root, "mlblog", "export", str(out))
    run(out, "zensical", "build", "--strict")
    with served(out / "site") as address:
        yield address


def run(folder: Path, *command: str) -> None:
    done = subprocess.run([sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_chart_is_moved_in_what_zensical_builds(window: Browser, site: str, scheme: str, width: int) -> None:
    with opened(window, site, scheme, width) as (visit, page):
        page.locator(".mlblog-vega").scroll_into_view_if_needed()
        expect(page.locator(".mlblog-chart svg")).to_be_visible(timeout=30_000)
        expect(page.locator(".mlblog-vega img").first).to_be_hidden()
        before = page.evaluate(LINE)
        page.get_by_role("slider", name="Power").focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function(f"{LINE} !== {before!r}")
        assert page.evaluate("document.scrollingElement.scrollWidth <= document.scrollingElement.clientWidth")
        assert (visit.foreign, visit.complaints) == ([], [])
