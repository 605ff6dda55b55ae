"""Points that readers draw: the polygon is the network's answer, the hull is the hull, and what has none is said."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect
from scipy.spatial import ConvexHull
from stage import Visit
from tried import offered, ran, started

Open = Callable[..., Visit]
POINTER = "/blog/ptrnet/"


@pytest.fixture(scope="module")
def pointer(window: Browser, address: str) -> Iterator[Locator]:
    with window.new_context(viewport={"width": 1280, "height": 900}) as context:
        visit = Visit(context, address)
        yield started(visit.go(POINTER))
        assert visit.complaints == []


def dots(figure: Locator) -> np.ndarray:
    """The points that show, (N, 2), y upwards, in the order in which the network reads them."""
    found = figure.locator(".ptrnet circle").evaluate_all(
        "all => all.map(one => [one.cx.baseVal.value, one.cy.baseVal.value])"
    )
    return np.array(found).reshape(-1, 2) * [1, -1] + [0, 1]


def polygon(figure: Locator, name: str) -> np.ndarray:
    """The corners of a polygon that shows."""
    corners = figure.locator(f".ptrnet polygon.{name}").get_attribute("points") or ""
    return np.array([[float(side) for side in corner.split(",")] for corner in corners.split()]) * [1, -1] + [0, 1]


def greedy(figure: Locator, points: np.ndarray) -> list[int]:
    """Places that the network points at, each asked for with the right shape of question."""
    chosen: list[int] = []
    while len(chosen) <= len(points):
        scores = ran(figure, {"points": points[None], "answers": np.array([[*chosen, 0]])})["scores"]
        chosen.append(int(scores[0, -1].argmax()))
        if chosen[-1] == len(points):
            return chosen[:-1]
    return chosen


@pytest.mark.parametrize("more", [0, 5])
def test_the_polygon_is_what_the_network_points_at_and_the_hull_is_the_hull(pointer: Locator, more: int) -> None:
    told = pointer.locator(".ptrnet output")
    for _ in range(more):
        before = len(dots(pointer))
        while len(dots(pointer)) == before:  # one at random may be too near to another
            pointer.get_by_role("button", name="A point at random").click()
    pointer.get_by_role("button", name="In another order").click()
    expect(told).to_contain_text(f"{len(dots(pointer))} points")
    expect(pointer.locator("polygon.answer")).to_have_count(1)
    points = dots(pointer)
    np.testing.assert_allclose(polygon(pointer, "answer"), points[greedy(pointer, points)], atol=1e-6)
    hull = ConvexHull(points)
    np.testing.assert_allclose(
        np.sort(polygon(pointer, "hull"), axis=0), np.sort(points[hull.vertices], axis=0), atol=1e-6
    )
    expect(told).to_contain_text(re.compile(rf"hull, (of|which has) {len(hull.vertices)} corners"))


def test_points_are_drawn_by_click(pointer: Locator) -> None:
    pointer.get_by_role("button", name="Clear").click()
    expect(pointer.locator(".ptrnet output")).to_have_text("Draw at least three points; there are 0.")
    side = pointer.locator(".ptrnet svg").bounding_box()
    assert side is not None
    for x, y in [(0.2, 0.2), (0.8, 0.2), (0.5, 0.7)]:
        start, _, extent, _ = map(float, str(pointer.locator(".ptrnet svg").get_attribute("viewBox")).split())
        place = [(one - start) / extent * side["width"] for one in (x, y)]
        pointer.locator(".ptrnet svg").click(position={"x": place[0], "y": place[1]})
    expect(pointer.locator("polygon.hull")).to_have_count(1)
    np.testing.assert_allclose(dots(pointer), [[0.2, 0.8], [0.8, 0.8], [0.5, 0.3]], atol=0.01)
    pointer.get_by_role("button", name="Take one back").click()
    expect(pointer.locator(".ptrnet output")).to_have_text("Draw at least three points; there are 2.")


def test_more_than_thirty_points_are_refused(pointer: Locator) -> None:
    for _ in range(80):
        pointer.get_by_role("button", name="A point at random").click()
    expect(pointer.locator(".ptrnet circle")).to_have_count(30)
    expect(pointer.locator(".ptrnet output")).to_contain_text(
        re.compile("30 points are the most|There is a point already")
    )


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 390)])
def test_points_are_drawn_by_keyboard(visit: Open, scheme: str, width: int) -> None:
    window = visit(scheme=scheme, width=width)
    page = window.go(POINTER)
    figure = offered(page).first
    figure.get_by_role("button", name="Try it").focus()
    page.keyboard.press("Enter")
    expect(figure).to_have_attribute("data-alive", "", timeout=60_000)
    told = figure.locator(".ptrnet output")
    figure.get_by_role("button", name="Clear").focus()
    page.keyboard.press("Enter")
    figure.locator(".ptrnet svg").focus()
    page.keyboard.press("Enter")
    expect(told).to_have_text("Draw at least three points; there is 1.")
    page.keyboard.press("Enter")
    expect(told).to_have_text("There is a point already.")
    for _ in range(2):
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
    expect(told).to_have_text("These points are on a line: they have no hull.")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(figure.locator("polygon.hull")).to_have_count(1)
    np.testing.assert_allclose(dots(figure), [[0.5, 0.5], [0.55, 0.5], [0.6, 0.5], [0.6, 0.55]], atol=1e-6)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, context=".mlblog-model")
    assert found.response["violations"] == []
    assert window.complaints == []
