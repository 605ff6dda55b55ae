"""Letter sets that readers type: answers, their probabilities, what the rule forbids, and what is no set."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect
from stage import Visit
from tried import offered, ran, started

from mlblog.data.keys import END, encode_texts
from mlblog.models.spelling_keys import set_rule

Open = Callable[..., Visit]
KEYS = "/blog/annagram-two/"
LONGEST = 8


@pytest.fixture(scope="module")
def speller(window: Browser, address: str) -> Iterator[Locator]:
    with window.new_context(viewport={"width": 1280, "height": 900}) as context:
        visit = Visit(context, address)
        yield started(visit.go(KEYS))
        assert visit.complaints == []


def asked(figure: Locator, letters: str, ruled: bool) -> dict[str, str]:
    """The answers with what is said of them, likeliest first."""
    figure.get_by_role("checkbox", name="Enforce the rule").set_checked(ruled)
    figure.get_by_role("textbox").fill("")
    expect(figure.locator(".answers button")).to_have_count(0)
    figure.get_by_role("textbox").fill(letters)
    expect(figure.locator("caption")).to_contain_text("on the way")
    return dict(text.split(maxsplit=1) for text in figure.locator(".answers button").all_inner_texts())


def shares(figure: Locator, keys: list[int], answers: np.ndarray) -> np.ndarray:
    """Probabilities of the keys at each step of some answers, (B, T, N)."""
    found = ran(figure, {"keys": np.tile(keys, (len(answers), 1)), "answers": answers})["scores"]
    return np.exp(found) / np.exp(found).sum(axis=2, keepdims=True)


def exact(figure: Locator, letters: str) -> dict[str, float]:
    """The probability of every answer of at most five letters, one after the other and not by a beam."""
    keys = [*(ord(letter) - 97 for letter in letters), END]
    found = {}
    for length in range(6):
        words = ["".join(one) for one in itertools.product(letters, repeat=length)]
        answers = np.array([[*(ord(letter) - 97 for letter in word), END] for word in words])
        pointed = shares(figure, keys, answers)
        taken = (pointed * (answers[:, :, None] == np.array(keys))).sum(axis=2).prod(axis=1)
        found |= dict(zip(words, taken, strict=True))
    return found


@pytest.mark.parametrize("letters", ["ot", "den"])
@pytest.mark.parametrize("ruled", [False, True])
def test_the_answers_have_the_probabilities_of_the_strings(speller: Locator, letters: str, ruled: bool) -> None:
    found, wanted = asked(speller, letters, ruled), exact(speller, "".join(sorted(letters)))
    assert len(found) == 5
    for word, said in found.items():
        share = said.split(",")[0]
        missing = sorted(set(letters) - set(word))
        assert said.removeprefix(share) == (f", no {' '.join(missing)}" if missing else "")
        assert not (ruled and missing)
        if len(word) <= 5 and share != "<1 %":
            assert float(share.removesuffix(" %")) / 100 == pytest.approx(wanted[word], abs=6e-3)
    allowed = {word: share for word, share in wanted.items() if not ruled or set(word) == set(letters)}
    assert next(iter(found)) == max(allowed, key=lambda word: allowed[word])


@pytest.mark.parametrize("letters", ["kntig", "banana"])
def test_what_the_rule_forbids_is_struck_through_and_added_up(speller: Locator, letters: str) -> None:
    asked(speller, letters, ruled=False)
    keys = sorted(set(letters))
    expect(speller.locator("thead th")).to_have_text(["so far", *keys, "end", "against the rule"])
    rule = set_rule(encode_texts(["".join(keys)]), length=LONGEST + 1)
    for answer in speller.locator(".answers button").all():
        answer.click()
        rows = speller.locator("tbody tr")
        prefixes = [text.removeprefix("\u2013") for text in speller.locator("tbody th").all_inner_texts()]
        numbers = [*(ord(letter) - 97 for letter in keys), END]
        word = prefixes[-1]
        pointed = shares(speller, numbers, np.array([[*(ord(letter) - 97 for letter in word), END]]))[0]
        for row, prefix, here in zip(rows.all(), prefixes, pointed, strict=True):
            allowed = rule(encode_texts([prefix])[:, None, : len(prefix)])[0, 0].numpy()[numbers]
            struck = row.locator("td:not(.against)").evaluate_all(
                "all => all.map(one => one.className.includes('ruled'))"
            )
            assert struck == (~allowed).tolist()
            against = row.locator(".against").inner_text()
            value = here[~allowed].sum()
            if against in ("0", "<1 %"):
                assert value < 0.01
            else:
                assert float(against.removesuffix(" %")) / 100 == pytest.approx(value, abs=6e-3)


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("", "words of 2 to 8 different letters; these are 0"),
        ("aaa", "words of 2 to 8 different letters; this is 1"),
        ("background", "words of 2 to 8 different letters; these are 10"),
        ("größe", "the letters a to z, not “ö”"),
        ("a b", "not “space”"),
    ],
)
def test_what_is_no_set_is_said_in_place(speller: Locator, typed: str, told: str) -> None:
    box = speller.get_by_role("textbox")
    box.fill(typed)
    expect(speller.locator("output.told")).to_contain_text(told)
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(speller.locator(".answers button")).to_have_count(0)
    expect(speller.locator("table")).to_have_count(0)
    box.fill("KNIT")
    expect(speller.locator("output.told")).to_be_hidden()
    expect(speller.locator(".answers button")).to_have_count(5)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_it_is_worked_by_keyboard_in_both_schemes_and_on_a_phone(visit: Open, scheme: str, width: int) -> None:
    window = visit(scheme=scheme, width=width)
    page = window.go(KEYS)
    figure = offered(page).first
    figure.get_by_role("button", name="Try it").focus()
    page.keyboard.press("Enter")
    expect(figure).to_have_attribute("data-alive", "", timeout=60_000)
    expect(figure.get_by_role("textbox")).to_be_focused()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("letter")
    expect(figure.locator("thead th")).to_have_text(["so far", "e", "l", "r", "t", "end", "against the rule"])
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(figure.get_by_role("checkbox", name="Enforce the rule")).to_be_checked()
    expect(figure.locator(".answers button", has_text="no ")).to_have_count(0)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    second = figure.locator(".answers button").nth(1)
    expect(second).to_have_attribute("aria-pressed", "true")
    expect(figure.locator("caption")).to_contain_text(second.locator("b").inner_text())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, context=".mlblog-model")
    assert found.response["violations"] == []
    assert window.complaints == []
