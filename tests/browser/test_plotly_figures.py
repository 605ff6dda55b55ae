"""A Plotly figure in the page: drawn when it is near, in both schemes and on a phone, without another host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect
from touched import blog, opened, other_scheme

FIGURE = """```python alt="Squares and cubes." caption="Powers." label="powers"
import plotly.graph_objects as go

traces = [go.Scatter(x=[1, 2, 3], y=[x**power for x in (1, 2, 3)], name=f"power {power}") for power in (2, 3)]
go.Figure(traces).update_layout(title="Powers", xaxis_title="x")
```
"""
INK = "getComputedStyle(document.querySelector('.mlblog-plotly-chart .xtitle')).fill"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with blog(tmp_path_factory.mktemp("plotly"), FIGURE) as address:
        yield address


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_a_figure_is_drawn_when_it_is_near(window: Browser, site: str, scheme: str, width: int) -> None:
    with opened(window, site, scheme, width) as (visit, page):
        assert page.evaluate("performance.getEntriesByType('resource').every(one => !one.name.includes('plotly'))")
        page.locator(".mlblog-plotly").scroll_into_view_if_needed()
        expect(page.locator(".mlblog-plotly-chart .scatterlayer .trace")).to_have_count(2, timeout=30_000)
        expect(page.locator(".mlblog-plotly img").first).to_be_hidden()
        expect(page.get_by_role("group", name="Squares and cubes.")).to_have_count(1)
        assert page.evaluate("document.scrollingElement.scrollWidth") == width
        before = page.evaluate(INK)
        other_scheme(page)
        page.wait_for_function(f"{INK} !== {before!r}")
        assert {before, page.evaluate(INK)} == {"rgb(0, 0, 0)", "rgb(232, 234, 238)"}
        options = {"resultTypes": ["violations"]}
        found = Axe().run(page, context={"include": [[".mlblog-plotly"]]}, options=options).response
        assert [one["id"] for one in found["violations"]] == []
        assert (visit.foreign, visit.complaints) == ([], [])


def test_the_pointer_reads_values(window: Browser, site: str) -> None:
    with opened(window, site, "light", 1280) as (_, page):
        page.locator(".mlblog-plotly").scroll_into_view_if_needed()
        page.locator(".mlblog-plotly-chart .scatterlayer .point").last.hover(force=True, timeout=30_000)
        expect(page.locator(".mlblog-plotly-chart .hoverlayer")).to_contain_text("27")


def test_paper_has_the_still(window: Browser, site: str) -> None:
    with opened(window, site, "light", 1280) as (_, page):
        page.locator(".mlblog-plotly").scroll_into_view_if_needed()
        expect(page.locator(".mlblog-plotly-chart .scatterlayer .trace")).to_have_count(2, timeout=30_000)
        page.emulate_media(media="print")
        expect(page.locator(".mlblog-plotly img").first).to_be_visible()
        expect(page.locator(".mlblog-plotly-chart")).to_be_hidden()
