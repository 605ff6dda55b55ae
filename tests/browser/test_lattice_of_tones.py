"""The lattice of a label: its shares are the library's, its paths are counted, and what has no path is said."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from math import comb

import numpy as np
import pytest
import torch
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, expect
from stage import Visit
from tried import offered, ran, started

from mlblog.losses.ctc import occupancy

Open = Callable[..., Visit]
LATTICE = "/scribbles/ctc/"


@pytest.fixture(scope="module")
def lattice(window: Browser, address: str) -> Iterator[Locator]:
    with window.new_context(viewport={"width": 1280, "height": 900}) as context:
        visit = Visit(context, address)
        yield started(visit.go(LATTICE))
        assert visit.complaints == []


def sounds(figure: Locator) -> list[np.ndarray]:
    """The sounds that are offered, each (T, F)."""
    href = figure.locator("a[href$='-model-example.json']").get_attribute("href")
    found = figure.evaluate("async (_, href) => (await (await fetch(href)).json()).settings.sounds", href)
    return [np.array(one["sound"]) for one in found]


def log_probs(figure: Locator, sound: np.ndarray) -> np.ndarray:
    return ran(figure, {"sound": sound[None]})["log_probs"][0].astype(float)


def shown(figure: Locator, label: list[int]) -> np.ndarray:
    """The shades of the cells, (T, S)."""
    cells = figure.locator(".cell").evaluate_all("all => all.map(one => Number(one.getAttribute('fill-opacity')))")
    return np.array(cells).reshape(-1, 2 * len(label) + 1)


def said(figure: Locator) -> tuple[float, int, str]:
    """Probability, number of paths, and the share of the likeliest."""
    words = figure.locator(".of-label").inner_text().replace(" · 10", "e")
    words = words.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    found = re.search(r"probability (\S+), by ([\d,]+) paths?, of which the likeliest has (.*?)\. The", words)
    assert found, words
    return float(found[1]), int(found[2].replace(",", "")), found[3]


def every_path(label: list[int], frames: int) -> Iterator[tuple[int, ...]]:
    """By where each tone starts and ends."""
    for ends in itertools.combinations_with_replacement(range(frames + 1), 2 * len(label)):
        spans = [*zip(ends[::2], ends[1::2], strict=True)]
        apart = all(
            before[1] + (one == other) <= after[0]
            for before, after, one, other in zip(spans, spans[1:], label, label[1:], strict=False)
        )
        if apart and all(start < end for start, end in spans):
            path = [0] * frames
            for tone, (start, end) in zip(label, spans, strict=True):
                path[start:end] = [tone] * (end - start)
            yield tuple(path)


@pytest.mark.parametrize("label", [[4, 6], [3, 3], [5]])
def test_paths_are_all_there_are(lattice: Locator, label: list[int]) -> None:
    [number] = [n for n, one in enumerate(sounds(lattice)) if len(one) == 14][:1]
    lattice.get_by_role("combobox", name="Sound").select_option(str(number))
    lattice.get_by_role("textbox", name="Label").fill(" ".join(map(str, label)))
    expect(lattice.locator(".of-label")).to_contain_text(f"Label {' '.join(map(str, label))}:")
    read = log_probs(lattice, sounds(lattice)[number])
    paths = np.array([*every_path(label, 14)])
    nats = read[np.arange(14), paths].sum(axis=1)
    probability, count, share = said(lattice)
    assert count == len(paths)
    assert probability == pytest.approx(np.exp(nats).sum(), rel=0.06)
    exact = np.exp(nats.max()) / np.exp(nats).sum()
    assert float(share.removesuffix(" %")) / 100 == pytest.approx(exact, abs=6e-3)
    points = str(lattice.locator("polyline").get_attribute("points")).split()
    heights = [float(point.split(",")[1]) for point in points]
    states = [round((height - 18) / 15 - 0.5) for height in heights]
    assert tuple([0, *(symbol for tone in label for symbol in (tone, 0))][s] for s in states) == tuple(
        paths[nats.argmax()]
    )


@pytest.mark.parametrize("label", [[1, 2, 1], [6, 6, 2, 5], []])
def test_shades_are_the_soft_alignment_of_the_library(lattice: Locator, label: list[int]) -> None:
    lattice.get_by_role("combobox", name="Sound").select_option("0")
    lattice.get_by_role("textbox", name="Label").fill(",".join(map(str, label)))
    expect(lattice.locator(".of-label")).to_contain_text(f"Label {' '.join(map(str, label)) or 'without a tone'}:")
    read = log_probs(lattice, sounds(lattice)[0])
    cells = shown(lattice, label)
    assert len(cells) == len(read)
    symbols = np.array([0, *(symbol for tone in label for symbol in (tone, 0))])
    found = np.stack([cells[:, symbols == symbol].sum(axis=1) for symbol in range(7)], axis=1)
    given = torch.tensor([label], dtype=torch.int64), torch.tensor([len(read)]), torch.tensor([len(label)])
    wanted = occupancy(torch.from_numpy(read)[:, None], *given)[:, 0].numpy()
    np.testing.assert_allclose(found, wanted, atol=5e-3)
    doubled = sum(a == b for a, b in itertools.pairwise(label))
    assert said(lattice)[1] == comb(len(read) + len(label) - doubled, 2 * len(label))


def test_a_silenced_frame_is_silent_for_the_network(lattice: Locator) -> None:
    lattice.get_by_role("combobox", name="Sound").select_option("1")
    expect(lattice.locator("polyline")).to_be_attached()
    before = said(lattice)
    slider = lattice.get_by_role("slider", name="Frame")
    loud = int(np.abs(sounds(lattice)[1]).sum(axis=1).argmax())
    slider.fill(str(loud + 1))
    lattice.get_by_role("button", name="Silence this frame").click()
    expect(lattice.locator(".of-frame")).to_contain_text(f"Frame {loud + 1}: silenced.")
    expect(lattice.locator(".muted")).to_have_count(1)
    quiet = sounds(lattice)[1]
    quiet[loud] = 0
    label = [int(sign) for sign in lattice.get_by_role("textbox", name="Label").input_value().split()]
    given = torch.tensor([label]), torch.tensor([len(quiet)]), torch.tensor([len(label)])
    read = torch.from_numpy(log_probs(lattice, quiet))[:, None]
    nats = torch.nn.functional.ctc_loss(read, *given, reduction="none")
    assert said(lattice)[0] == pytest.approx(float((-nats).exp()), rel=0.06)
    lattice.get_by_role("button", name="Let this frame sound").click()
    expect(lattice.locator(".muted")).to_have_count(0)
    assert said(lattice) == before


def test_a_frame_of_a_sound_that_is_not_yet_heard_has_no_paths(visit: Open) -> None:
    """The slider moves to a frame beyond those of the sound before, while the network still runs on the new one."""
    window = visit()
    figure = started(window.go(LATTICE))
    frames = [len(one) for one in sounds(figure)]
    short, long = (str(frames.index(count)) for count in (min(frames), max(frames)))
    figure.get_by_role("combobox", name="Sound").select_option(short)
    expect(figure.locator("polyline")).to_be_attached()
    moved = """(figure, long) => {
        const [select, slider] = [figure.querySelector("select"), figure.querySelector("input[type=range]")];
        select.value = long;
        select.dispatchEvent(new Event("change"));
        slider.value = slider.max;
        slider.dispatchEvent(new Event("input"));
        return figure.querySelector(".of-frame").textContent;
    }"""
    told = figure.evaluate(moved, long)
    assert re.fullmatch(rf"Frame {max(frames)}: .*\.", told)
    assert "Paths" not in told
    expect(figure.locator(".of-frame")).to_contain_text(f"Frame {max(frames)}: ")
    expect(figure.locator(".of-frame")).to_contain_text("Paths are at")
    assert window.complaints == []


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("1 7", "the tones 1 to 6, not “7”"),
        ("a", "the tones 1 to 6, not “a”"),
        ("1234561234", "At most 9 tones are drawn here; these are 10."),
        ("111111111", "has no path: it needs 17 frames, with a blank between equal tones, and there are 14."),
    ],
)
def test_a_label_without_a_lattice_is_said_in_place(lattice: Locator, typed: str, told: str) -> None:
    [number] = [n for n, one in enumerate(sounds(lattice)) if len(one) == 14][:1]
    lattice.get_by_role("combobox", name="Sound").select_option(str(number))
    label = lattice.get_by_role("textbox", name="Label")
    label.fill(typed)
    expect(lattice.locator(".of-label[data-fault]")).to_contain_text(told)
    expect(label).to_have_attribute("aria-invalid", "true")
    expect(lattice.locator(".cell")).to_have_count(0)
    label.fill("1")
    expect(lattice.locator(".of-label")).to_contain_text("Label 1: probability")
    expect(lattice.locator(".cell")).to_have_count(3 * 14)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)])
def test_it_is_worked_by_keyboard_in_both_schemes_and_on_a_phone(visit: Open, scheme: str, width: int) -> None:
    window = visit(scheme=scheme, width=width)
    page = window.go(LATTICE)
    figure = offered(page).first
    figure.get_by_role("button", name="Try it").focus()
    page.keyboard.press("Enter")
    expect(figure).to_have_attribute("data-alive", "", timeout=60_000)
    expect(figure.get_by_role("combobox", name="Sound")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    page.keyboard.type(" 5")
    expect(figure.locator(".of-label")).to_contain_text(re.compile(r"Label [\d ]+ 5: probability"))
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(figure.locator(".of-frame")).to_contain_text("Frame 2: ")
    before = figure.locator(".here").get_attribute("x")
    box = figure.locator("svg").bounding_box()
    assert box is not None
    figure.locator("svg").click(position={"x": box["width"] * 0.7, "y": box["height"] / 2})
    assert figure.locator(".here").get_attribute("x") != before
    page.keyboard.press("Tab")
    page.get_by_role("button", name="Silence this frame").focus()
    page.keyboard.press("Enter")
    expect(figure.locator(".of-frame")).to_contain_text("silenced")
    tall = "one => parseFloat(getComputedStyle(one).fontSize) * one.getScreenCTM().a"
    assert min(figure.locator("svg text").evaluate_all(f"all => all.map({tall})")) >= 10
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(page, context=".mlblog-model")
    assert found.response["violations"] == []
    assert window.complaints == []
