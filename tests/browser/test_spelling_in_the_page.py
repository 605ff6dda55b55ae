"""The anagrams that readers type: answers, their probabilities, and what cannot be spelled."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect
from stage import Visit
from tried import offered, ran, started

Open = Callable[..., Visit]
SPELLER = "/blog/annagram/"


@pytest.fixture(scope="module")
def speller(window: Browser, address: str) -> Iterator[Locator]:
    with window.new_context(viewport={"width": 1280, "height": 900}) as context:
        visit = Visit(context, address)
        yield started(visit.go(SPELLER))
        assert visit.complaints == []


def spelled(figure: Locator) -> dict[str, str]:
    """The answers with their probabilities, likeliest first."""
    return dict(text.split(maxsplit=1) for text in figure.locator(".answers button").all_inner_texts())


def exact(figure: Locator, letters: str) -> dict[str, float]:
    """The probability of every string of these letters, one after the other and not by a beam."""
    strings = sorted({"".join(one) for one in itertools.permutations(letters)})
    given = np.array([ord(letter) - 97 for letter in letters])
    words = np.array([[ord(letter) - 97 for letter in one] for one in strings])
    scores = ran(figure, {"letters": np.tile(given, (len(words), 1)), "words": words})["scores"]
    shares = np.exp(scores) / np.exp(scores).sum(axis=2, keepdims=True)
    of_letter = (shares * (given == words[:, :, None])).sum(axis=2)
    return dict(zip(strings, of_letter.prod(axis=1), strict=True))


@pytest.mark.parametrize("letters", ["erif", "noon", "tca", "speels"])
def test_the_answers_have_the_probabilities_of_the_strings(speller: Locator, letters: str) -> None:
    speller.get_by_role("textbox").fill(letters)
    expect(speller.locator("caption")).to_contain_text("on the way")
    expect(speller.locator("thead th")).to_have_text(["so far", *letters])
    found, wanted = spelled(speller), exact(speller, letters)
    assert len(found) == min(5, len(wanted))
    for word, said in found.items():
        if said == "<1 %":
            assert wanted[word] < 0.01
        else:
            assert float(said.removesuffix(" %")) / 100 == pytest.approx(wanted[word], abs=6e-3)
    best = max(wanted, key=lambda word: wanted[word])
    assert next(iter(found)) == best


def test_the_order_of_the_letters_does_not_matter(speller: Locator) -> None:
    box = speller.get_by_role("textbox")
    box.fill("fier")
    expect(speller.locator("thead th").nth(1)).to_have_text("f")
    before = spelled(speller)
    box.fill("rife")
    expect(speller.locator("thead th").nth(1)).to_have_text("r")
    assert spelled(speller) == before


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "Type 3 to 6 letters."),
        ("at", "words of 3 to 6 letters; these are 2"),
        ("function", "words of 3 to 6 letters; these are 8"),
        ("größe", "the letters a to z, not “ö”"),
        ("a b c", "not “space”"),
    ],
)
def test_what_cannot_be_spelled_is_said_in_place(speller: Locator, typed: str, told: str) -> None:
    box = speller.get_by_role("textbox")
    box.fill(typed)
    expect(speller.locator("output.told")).to_contain_text(told)
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(speller.locator(".answers button")).to_have_count(0)
    expect(speller.locator("table")).to_have_count(0)
    box.fill("ACT")
    expect(speller.locator("output.told")).to_be_hidden()
    expect(speller.locator(".answers button")).to_have_count(5)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_it_is_worked_by_keyboard_in_both_schemes_and_on_a_phone(visit: Open, scheme: str, width: int) -> None:
    window = visit(scheme=scheme, width=width)
    page = window.go(SPELLER)
    figure = offered(page).first
    figure.get_by_role("button", name="Try it").focus()
    page.keyboard.press("Enter")
    expect(figure).to_have_attribute("data-alive", "", timeout=60_000)
    expect(figure.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("secret")
    expect(figure.locator("thead th")).to_have_count(7)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    second = figure.locator(".answers button").nth(1)
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(figure.locator(".answers button").first).to_have_attribute("aria-pressed", "false")
    expect(figure.locator("caption")).to_contain_text(second.locator("b").inner_text())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, context=".mlblog-model")
    assert found.response["violations"] == []
    assert window.complaints == []
