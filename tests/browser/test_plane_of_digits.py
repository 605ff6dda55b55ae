"""The plane of codes: the picture is the decoder's at the point, and what is said of the point is true."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect
from scipy.stats import chi2
from stage import Visit
from tried import offered, ran, started

from mlblog.data.digits import load_digits
from mlblog.experiments.vae_page import digit_page

Open = Callable[..., Visit]
PLANE = "/scribbles/vae/"


@pytest.fixture(scope="module")
def plane(window: Browser, address: str) -> Iterator[Locator]:
    with window.new_context(viewport={"width": 1280, "height": 900}) as context:
        visit = Visit(context, address)
        yield started(visit.go(PLANE))
        assert visit.complaints == []


def point(figure: Locator) -> np.ndarray:
    """Where the ring is, y upwards."""
    ring = figure.locator(".here")
    return np.array([float(str(ring.get_attribute("cx"))), -float(str(ring.get_attribute("cy")))])


def pixels(figure: Locator, place: int) -> np.ndarray:
    """The shades of a picture, row by row."""
    cells = figure.locator(".pictures svg").nth(place).locator("rect")
    return np.array(cells.evaluate_all("all => all.map(one => Number(one.getAttribute('fill-opacity')))"))


def assert_true(figure: Locator) -> None:
    """All that shows agrees with the record and the decoder."""
    here, codes = point(figure), digit_page.runs(scale="small")[0].arrays["codes"].round(3)
    away = np.hypot(*(codes - here).T)
    nearest = int(away.argmin())
    digit = load_digits().images[1400:].reshape(-1, 64)[nearest] / 16
    decoded = ran(figure, {"input": here[None]})["pixels"][0]
    np.testing.assert_allclose(pixels(figure, 0), decoded.clip(0, 1), atol=6e-4)
    np.testing.assert_allclose(pixels(figure, 1), digit, atol=6e-4)
    label, far, share = re.search(  # type: ignore[union-attr]
        r"a (\d), (.*) away\. (.*) % of", figure.locator("output").inner_text()
    ).groups()
    assert int(label) == load_digits().labels[1400 + nearest]
    assert float(far) == pytest.approx(away[nearest], abs=6e-3)
    beyond = 100 * chi2.sf((here**2).sum(), df=2)
    assert beyond < 0.1 if share == "Fewer than 0.1" else float(share) == pytest.approx(beyond, abs=0.6)


def test_the_pointer_moves_the_point(plane: Locator) -> None:
    field = plane.locator(".plane")
    side = field.bounding_box()
    assert side is not None
    for x, y in [(0.0, 0.0), (-2.0, 0.5), (1.2, -2.8), (2.9, 2.9)]:
        field.hover(position={"x": side["width"] * (x + 4.2) / 7.2, "y": side["height"] * (3 - y) / 6})
        expect(plane.locator("output")).to_contain_text(f"Code {x:.1f}, {y:.1f}".replace("-", "\u2212"))
        np.testing.assert_allclose(point(plane), [x, y], atol=0.03)
        assert_true(plane)


def test_it_says_what_stopped_it(visit: Open) -> None:
    page = visit().go(PLANE)
    figure = started(page)
    page.evaluate("() => { Math.hypot = () => { throw new Error('no ruler'); }; }")
    figure.locator(".plane").press("ArrowUp")
    expect(figure.locator("output[data-fault]")).to_have_text("It stopped: no ruler.")


@pytest.mark.parametrize("held", ["altKey", "ctrlKey", "metaKey"])
def test_keys_of_the_browser_are_left_to_it(plane: Locator, held: str) -> None:
    """Alt and left go a page back."""
    pressed = """(field, held) => {
        const event = new KeyboardEvent("keydown", { key: "ArrowLeft", [held]: true, cancelable: true });
        field.dispatchEvent(event);
        return event.defaultPrevented;
    }"""
    assert not plane.locator(".plane").evaluate(pressed, held)
    assert plane.locator(".plane").evaluate(pressed, "shiftKey")


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_it_is_worked_by_keyboard_in_both_schemes_and_on_a_phone(visit: Open, scheme: str, width: int) -> None:
    window = visit(scheme=scheme, width=width)
    page = window.go(PLANE)
    figure = offered(page).first
    figure.get_by_role("button", name="Try it").focus()
    page.keyboard.press("Enter")
    expect(figure).to_have_attribute("data-alive", "", timeout=60_000)
    expect(figure.locator(".plane")).to_be_focused()
    for key in ["ArrowUp"] * 3 + ["ArrowRight"] * 2 + ["ArrowDown", "ArrowLeft"]:
        page.keyboard.press(key)
    expect(figure.locator("output")).to_contain_text("Code 0.1, 0.2.")
    assert_true(figure)
    for _ in range(50):
        page.keyboard.press("ArrowLeft")
    expect(figure.locator("output")).to_contain_text("Code \u22124.2, 0.2.")
    page.keyboard.press("Home")
    expect(figure.locator("output")).to_contain_text("Code 0.0, 0.0. Nearest")
    tall = "one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a"
    assert figure.locator(".plane text").first.evaluate(tall) >= 10
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, context=".mlblog-model")
    assert found.response["violations"] == []
    assert window.complaints == []
