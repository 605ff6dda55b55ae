"""Figures in frames: every one on the site moves by keyboard and by pointer, in both schemes and on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, expect
from stage import Visit, pages

Open = Callable[..., Visit]
SHOWN = """figure => [...figure.querySelector(".mlblog-frame").shadowRoot.querySelectorAll("[data-frames]")]
    .filter(one => getComputedStyle(one).display !== "none").map(one => one.dataset.frames)"""


@pytest.fixture(scope="module")
def with_frames(site: Path) -> list[str]:
    found = [path for path in pages(site) if "mlblog-frames" in (site / path.strip("/") / "index.html").read_text()]
    assert len(found) >= 5
    return found


def alive(visit: Visit, path: str) -> Locator:
    """The first figure in frames of a page, near the reader and under its script."""
    figure = visit.go(path).locator(".mlblog-frames").first
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-alive", "")
    return figure


def labels(site: Path, path: str, figure: Locator, scheme: str) -> list[str]:
    """What the file says that its frames are called."""
    name = figure.locator("a.mlblog-part").first.get_attribute("href")
    file = site / path.strip("/") / str(name).replace("light", scheme)
    found: list[str] = json.loads(str(ElementTree.parse(file).getroot().get("data-labels")))
    return found


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_every_figure_in_frames_moves(visit: Open, site: Path, with_frames: list[str], scheme: str, width: int) -> None:
    for path in with_frames:
        window = visit(scheme=scheme, width=width)
        figure = alive(window, path)
        names = labels(site, path, figure, scheme)
        slider, told = figure.get_by_role("slider"), figure.locator("output")
        expect(figure.locator("img").first).to_be_hidden()
        slider.focus()
        window.page.keyboard.press("Home")
        expect(told).to_have_text(names[0])
        window.page.keyboard.press("ArrowRight")
        expect(told).to_have_text(names[1])
        expect(slider).to_have_attribute("aria-valuetext", names[1])
        expect(figure.locator(".mlblog-frame")).to_have_attribute("aria-label", re.compile(re.escape(names[1])))
        assert all("1" in frames.split() for frames in figure.evaluate(SHOWN))
        window.page.keyboard.press("End")
        expect(told).to_have_text(names[-1])
        assert all(str(len(names) - 1) in frames.split() for frames in figure.evaluate(SHOWN))
        assert figure.evaluate("one => one.scrollWidth <= one.clientWidth || getComputedStyle(one).overflowX == 'auto'")
        assert (window.complaints, window.foreign) == ([], [])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_frames_are_as_wide_as_the_picture_before(visit: Open, with_frames: list[str], scheme: str) -> None:
    figure = alive(visit(scheme=scheme), with_frames[-1])
    frame, room = figure.locator(".mlblog-frame").bounding_box(), figure.bounding_box()
    assert frame is not None
    assert room is not None
    assert frame["width"] == pytest.approx(room["width"], abs=1)


def test_the_button_plays_to_the_end_and_stops(visit: Open, site: Path, with_frames: list[str]) -> None:
    figure = alive(visit(), with_frames[0])
    names = labels(site, with_frames[0], figure, "light")
    figure.get_by_role("button", name="Play").click()
    expect(figure.get_by_role("button", name="Pause")).to_be_visible()
    expect(figure.locator("output")).to_have_text(names[-1], timeout=20_000)
    expect(figure.get_by_role("button", name="Play")).to_be_visible()


def test_a_figure_follows_the_scheme_and_keeps_its_frame(visit: Open, with_frames: list[str]) -> None:
    window = visit()
    figure = alive(window, with_frames[0])
    slider, before = figure.get_by_role("slider"), figure.evaluate("one => getComputedStyle(one).color")
    slider.focus()
    window.page.keyboard.press("Home")
    light = figure.evaluate("one => one.querySelector('.mlblog-frame').shadowRoot.innerHTML")
    window.page.evaluate("document.body.dataset.mdColorScheme = 'slate'")
    window.page.wait_for_function("document.querySelector('.mlblog-frame').shadowRoot.innerHTML.includes('#e8eaee')")
    assert "#e8eaee" not in light
    expect(slider).to_have_value("0")
    assert before


def test_nothing_is_loaded_before_the_figure_is_near(visit: Open, with_frames: list[str]) -> None:
    window = visit()
    asked: list[str] = []
    window.page.on("request", lambda request: asked.append(request.url))
    figure = window.go("/scribbles/kernels-svm/").locator(".mlblog-frames")
    assert not [url for url in asked if "frames" in url]
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-alive", "")
    assert len([url for url in asked if "frames" in url]) == 2  # the script, and the file of this scheme


def test_paper_and_a_reader_without_scripts_see_a_picture(visit: Open, with_frames: list[str]) -> None:
    window = visit()
    figure = alive(window, with_frames[0])
    window.page.emulate_media(media="print")
    expect(figure.locator("img").first).to_be_visible()
    expect(figure.get_by_role("slider")).to_be_hidden()
    silent = visit(java_script_enabled=False)
    silent.page.goto(silent.address + with_frames[0])
    expect(silent.page.locator(".mlblog-frames img").first).to_be_visible()
    expect(silent.page.locator(".mlblog-part").first).to_be_hidden()


def test_a_reader_who_wants_no_motion_has_the_slider_alone(visit: Open, with_frames: list[str]) -> None:
    figure = alive(visit(reduced_motion="reduce"), with_frames[0])
    expect(figure.get_by_role("slider")).to_be_visible()
    expect(figure.locator(".mlblog-play")).to_be_hidden()


def test_a_file_that_does_not_come_is_said_in_place(visit: Open, with_frames: list[str]) -> None:
    window = visit()
    window.page.route("**/*-frames-*.svg", lambda route: route.fulfill(status=404, body=""))
    figure = window.go(with_frames[0]).locator(".mlblog-frames").first
    figure.scroll_into_view_if_needed()
    expect(figure.locator(".mlblog-untouchable")).to_contain_text("did not load (404)")
    expect(figure.locator("img").first).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(visit: Open, with_frames: list[str], scheme: str) -> None:
    window = visit(scheme=scheme)
    figure = alive(window, with_frames[0])
    assert figure.is_visible()
    found = Axe().run(window.page, context=".mlblog-frames")
    assert [one["id"] for one in found.response["violations"]] == []
