"""Networks that readers try: what loads when, and whether the page computes what PyTorch did."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, Route, expect
from stage import ROOT, Visit, posts
from tried import offered, ran, started

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
