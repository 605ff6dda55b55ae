"""Networks that readers try: what loads when, whether the page computes what PyTorch did, and what it does with it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, Route, expect
from stage import ROOT, Visit, posts

from mlblog.lab.project import Project
from mlblog.lab.records.model import Model
from mlblog.lab.records.store import FileStore

Open = Callable[..., Visit]
WITH = "mlblog-interactive mlblog-model"
PARTS = re.compile(r"/assets/engine/|-model-")


@pytest.fixture(scope="module")
def recorded() -> list[Model]:
    """Every model of every record."""
    project = Project.find(ROOT)
    store = FileStore(project.results, lock=project.work / "results.lock")
    found = []
    for name in store.names():
        record = store.read(name)
        names = [one.removeprefix("model/") for one in record.arrays if re.fullmatch("model/[^/]+", one)]
        found += [record.model(one) for one in names]
    return found


@pytest.fixture(scope="module")
def published(site: Path) -> list[str]:
    """The posts with a network."""
    found = [path for path in posts(site) if WITH in (site / path.strip("/") / "index.html").read_text("utf-8")]
    assert found
    return found


def offered(page: Page) -> Locator:
    """The figures with a network, near."""
    figures = page.locator(".mlblog-model")
    figures.first.scroll_into_view_if_needed()
    expect(page.get_by_role("button", name="Try it").first).to_be_visible()
    return figures


def started(page: Page) -> Locator:
    figure = offered(page).first
    figure.get_by_role("button", name="Try it").click()
    expect(figure).to_have_attribute("data-alive", "", timeout=60_000)
    return figure


def ran(figure: Locator, inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What the page's engine computes."""
    found = figure.evaluate(
        """async (figure, inputs) => Object.fromEntries(Object.entries(await figure.run(inputs)).map(
            ([name, { dims, data }]) => [name, { dims, data: [...data].map(String) }]))""",
        {name: array.tolist() for name, array in inputs.items()},
    )
    return {name: np.array([float(value) for value in one["data"]]).reshape(one["dims"]) for name, one in found.items()}


def test_every_network_computes_in_the_page_what_pytorch_recorded(
    visit: Open, site: Path, published: list[str], recorded: list[Model]
) -> None:
    for path in published:
        page = visit().go(path)
        for figure in offered(page).all():
            href = figure.locator("a[href$='-graph.onnx']").get_attribute("href")
            graph = (site / path.strip("/") / str(href)).resolve().read_bytes()
            [model] = [one for one in recorded if one.onnx == graph]
            figure.get_by_role("button", name="Try it").click()
            expect(figure).to_have_attribute("data-alive", "", timeout=60_000)
            found = ran(figure, dict(model.inputs))
            assert found.keys() == model.outputs.keys()
            for name, wanted in model.outputs.items():
                np.testing.assert_allclose(found[name], wanted, atol=1e-4)


def test_nothing_loads_before_the_reader_asks_and_nothing_from_elsewhere(visit: Open, published: list[str]) -> None:
    window = visit()
    asked: dict[str, int] = {}
    window.page.on("response", lambda answer: asked.update({answer.url: len(answer.body())}))
    page = window.go(published[0])
    said = offered(page).first.get_by_role("status").inner_text()
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if PARTS.search(url)]
    started(page)
    page.wait_for_load_state("networkidle")
    loaded = sum(size for url, size in asked.items() if PARTS.search(url))
    assert f"{loaded / 1e6:.1f} MB" in said
    assert window.foreign == []
    assert window.complaints == []


def altered(part: str, content: str) -> Callable[[Page], None]:
    def alter(page: Page) -> None:
        def answer(route: Route) -> None:
            body = route.fetch().text()
            route.fulfill(body=re.sub(content, "0.25", body, count=1), content_type="application/json")

        page.route(re.compile(part), answer)

    return alter


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (altered("example.json$", r"(?<=\"data\": \[)-?\d+\.\d+"), "computes something else than when it was recorded"),
        (lambda page: page.route(re.compile("graph.onnx$"), lambda route: route.fulfill(status=404)), "did not load"),
        (lambda page: page.route(re.compile("ort.wasm"), lambda route: route.fulfill(status=404)), "did not load"),
    ],
)
def test_a_network_that_does_not_run_as_recorded_is_not_shown(
    visit: Open, published: list[str], spoil: Callable[[Page], None], told: str
) -> None:
    page = visit().go(published[0])
    spoil(page)
    figure = offered(page).first
    figure.get_by_role("button", name="Try it").click()
    expect(figure.get_by_role("status")).to_contain_text(told, timeout=60_000)
    assert figure.get_attribute("data-alive") is None
    expect(figure.locator("img").first).to_be_visible()
    expect(figure.get_by_role("button", name="Try it")).to_be_enabled()


@pytest.mark.parametrize("name", ["WebAssembly", "DecompressionStream"])
def test_a_browser_that_cannot_run_it_says_so(visit: Open, published: list[str], name: str) -> None:
    window = visit()
    window.page.add_init_script(f"delete globalThis.{name}")
    figure = offered(window.go(published[0])).first
    expect(figure.get_by_role("status")).to_have_text(f"This browser has no {name}, which running the network needs.")
    expect(figure.get_by_role("button", name="Try it")).to_be_disabled()


def test_it_is_a_picture_without_scripts_and_on_paper(visit: Open, published: list[str]) -> None:
    page = visit(java_script_enabled=False).page
    page.goto(visit().address + published[0])
    expect(page.locator(".mlblog-model img").first).to_be_visible()
    expect(page.locator(".mlblog-model a.mlblog-part").first).to_be_hidden()
    page = visit().go(published[0])
    figure = started(page)
    page.emulate_media(media="print")
    expect(figure.locator("img").first).to_be_visible()
    expect(figure.locator(".mlblog-trial")).to_be_hidden()


# the speller of the anagrams


@pytest.fixture
def speller(visit: Open, site: Path) -> Iterator[Locator]:
    window = visit()
    yield started(window.go(speller_path(site)))
    assert window.complaints == []


def speller_path(site: Path) -> str:
    return next(path for path in posts(site) if list((site / path.strip("/")).glob("**/speller-model-graph.onnx")))


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
    assert len(found) == 5 if len(wanted) >= 5 else len(wanted)
    for word, said in found.items():
        assert float(said.replace("<", "").removesuffix(" %")) / 100 == pytest.approx(wanted[word], abs=6e-3)
    best = max(wanted, key=lambda word: wanted[word])
    assert next(iter(found)) == best


def test_the_order_of_the_letters_does_not_matter(speller: Locator) -> None:
    box = speller.get_by_role("textbox")
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
def test_it_is_worked_by_keyboard_in_both_schemes_and_on_a_phone(
    visit: Open, site: Path, scheme: str, width: int
) -> None:
    window = visit(scheme=scheme, width=width)
    page = window.go(speller_path(site))
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
