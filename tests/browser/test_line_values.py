"""Values of line figures at the pointer, by the arrow keys and by a tap, loaded by the first of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from stage import Visit
from touched import blog, opened, other_scheme
from weights import weigh

LINES = """```python alt="Two lines." caption="Two." label="lines"
import matplotlib.pyplot as plt
import numpy as np

from mlblog import figures

figures.style()
fig, ax = plt.subplots()
x = np.array([1, 10, 100, 1000])
figures.band(ax, x, np.array([[0.1, 0.2, 0.4, 0.8], [0.3, 0.4, 0.6, 1.0]]), "up")
ax.plot(x, [0.9, 0.7, 0.5, 0.3], label="down")
ax.set(xscale="log", xlabel="steps (log scale)", ylabel="share", ylim=(0, 1.1))
figures.label_lines(ax)
```
"""
SIZES = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with blog(tmp_path_factory.mktemp("lines"), LINES) as address:
        yield address


def picture(page: Page) -> Locator:
    """The picture of the reader's scheme, in the middle of the window."""
    shown = page.locator(".mlblog-lines img:visible")
    shown.evaluate("one => one.scrollIntoView({ block: 'center' })")
    page.wait_for_function("[...document.querySelectorAll('.mlblog-lines img')].some(one => one.naturalWidth)")
    return shown


def middle_of_the_falling_line(page: Page, site: str) -> tuple[float, float]:
    """Where the drawing has its second dashed point: taken from the path that Matplotlib drew, not from our file."""
    return page.evaluate(  # type: ignore[no-any-return]
        """async () => {
            const image = [...document.querySelectorAll(".mlblog-lines img")].find((one) => one.offsetWidth);
            const text = await (await fetch(image.src)).text();
            const svg = new DOMParser().parseFromString(text, "image/svg+xml");
            const dashed = (one) => one.getAttribute("style")?.includes("dasharray");
            const line = [...svg.querySelectorAll("path")].filter(dashed)
                .map((one) => one.getAttribute("d").match(/-?[\\d.]+/g).map(Number)).find((one) => one.length === 8);
            const [, , width, height] = svg.documentElement.getAttribute("viewBox").split(" ").map(Number);
            const box = image.getBoundingClientRect();
            return [box.left + (line[2] / width) * box.width, box.top + (line[3] / height) * box.height];
        }"""
    )


@pytest.mark.parametrize(("scheme", "width"), SIZES)
def test_the_pointer_reads_a_value_with_its_interval(window: Browser, site: str, scheme: str, width: int) -> None:
    with opened(window, site, scheme, width) as (visit, page):
        shown = picture(page)
        x, y = middle_of_the_falling_line(page, site)
        page.mouse.move(x + 3, y - 4)
        readout = page.locator(".mlblog-readout")
        expect(readout).to_be_visible()
        expect(readout).to_contain_text("steps (log scale): 10")
        assert [one.inner_text().split("\t") for one in readout.locator("tr").all()] == [
            ["up", "0.300 (0.200 to 0.400)"],
            ["down", "0.700"],
        ]
        assert readout.locator(".mlblog-here").inner_text().startswith("down")
        at = page.locator(".mlblog-mark").bounding_box()
        assert at is not None
        assert (at["x"] + at["width"] / 2, at["y"] + at["height"] / 2) == pytest.approx((x, y), abs=1.5)
        assert_legible(page, readout, width)
        page.mouse.move(5, 5)
        expect(readout).to_be_hidden()
        shown.click()
        expect(page.locator("dialog.mlblog-zoom")).to_be_visible()  # a click enlarges, as before
        assert (visit.foreign, visit.complaints) == ([], [])


def assert_legible(page: Page, readout: Locator, width: int) -> None:
    box = readout.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert readout.evaluate("one => parseFloat(getComputedStyle(one).fontSize)") >= 10
    assert page.evaluate("document.scrollingElement.scrollWidth") == width
    found = Axe().run(page, context={"include": [[".mlblog-lines"]]}, options={"resultTypes": ["violations"]}).response
    assert [one["id"] for one in found["violations"]] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_arrow_keys_go_along_a_line_and_from_line_to_line(window: Browser, site: str, scheme: str) -> None:
    with opened(window, site, scheme, 1280) as (visit, page):
        picture(page).focus()
        said, readout = page.locator(".mlblog-said"), page.locator(".mlblog-readout")
        page.keyboard.press("ArrowRight")
        expect(said).to_have_text("up 0.200 (0.100 to 0.300), steps (log scale): 1")
        page.keyboard.press("ArrowRight")
        expect(said).to_have_text("up 0.300 (0.200 to 0.400), steps (log scale): 10")
        page.keyboard.press("ArrowDown")
        expect(said).to_have_text("down 0.700, steps (log scale): 10")
        for _ in range(5):
            page.keyboard.press("ArrowRight")
        expect(said).to_have_text("down 0.300, steps (log scale): 1,000")
        page.keyboard.press("Escape")
        expect(readout).to_be_hidden()
        page.keyboard.press("Enter")
        expect(page.locator("dialog.mlblog-zoom")).to_be_visible()
        assert (visit.foreign, visit.complaints) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_tap_reads_and_a_second_one_enlarges(window: Browser, site: str, scheme: str) -> None:
    with opened(window, site, scheme, 390) as (visit, page):
        picture(page)
        x, y = middle_of_the_falling_line(page, site)
        page.touchscreen.tap(x, y)
        readout, dialog = page.locator(".mlblog-readout"), page.locator("dialog.mlblog-zoom")
        expect(readout).to_contain_text("0.700")
        expect(readout).to_contain_text("Tap again to enlarge")
        expect(dialog).to_have_count(0)
        assert_legible(page, readout, 390)
        page.touchscreen.tap(x, y)
        expect(dialog).to_be_visible()
        assert (visit.foreign, visit.complaints) == ([], [])


def test_the_readout_follows_the_scheme(window: Browser, site: str) -> None:
    with opened(window, site, "light", 1280) as (_, page):
        picture(page)
        other_scheme(page)
        picture(page)
        x, y = middle_of_the_falling_line(page, site)
        page.mouse.move(x, y)
        expect(page.locator(".mlblog-readout")).to_contain_text("0.700")
        ground = page.locator(".mlblog-readout").evaluate("one => getComputedStyle(one).backgroundColor")
        assert ground == "rgb(30, 33, 41)"


def test_nothing_is_loaded_before_the_figure_is_touched(window: Browser, site: str) -> None:
    assert not [name for name in weigh(window, site, "/blog/walk/").files if "lines" in name]
    with window.new_context() as context:
        visit = Visit(context, site)
        asked: list[str] = []
        visit.page.on("request", lambda request: asked.append(request.url))
        page = visit.go("/blog/walk/")
        picture(page)
        page.wait_for_timeout(500)
        assert not [url for url in asked if url.endswith(("lines.js", ".json"))]
        picture(page).hover()
        expect(page.locator(".mlblog-readout")).to_have_count(1)
        assert sorted(url.rpartition("/")[2] for url in asked if url.endswith(("lines.js", ".json"))) == [
            "lines-lines-values.json",
            "lines.js",
        ]
