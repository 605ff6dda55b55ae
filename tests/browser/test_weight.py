"""What a page weighs: HTML, styles, scripts and fonts, as a host that compresses text sends them."""

from __future__ import annotations

import gzip
from collections import Counter
from pathlib import Path

from playwright.sync_api import Browser, Response
from stage import Visit, posts

KINDS = ("document", "stylesheet", "script", "font")
LIMIT = 500_000


def weigh(window: Browser, address: str, path: str) -> Counter[str]:
    """Bytes of a page that is opened for the first time, by kind of file."""
    heard: list[Response] = []
    found: Counter[str] = Counter()
    with window.new_context(viewport={"width": 1280, "height": 900}) as context:
        visit = Visit(context, address)
        visit.page.on("response", lambda response: heard.append(response))
        visit.go(path)
        for response in heard:
            kind = response.request.resource_type
            if kind in KINDS:
                found[kind] += len(response.body() if kind == "font" else gzip.compress(response.body(), 6))
    return found


def test_a_post_weighs_at_most_500_kb_without_its_figures(window: Browser, address: str, site: Path) -> None:
    weights = {path: weigh(window, address, path) for path in posts(site)}
    heaviest = sorted(weights.items(), key=lambda one: -one[1].total())
    print(*(f"{path}: {weight.total() / 1000:.0f} kB, {dict(weight)}" for path, weight in heaviest[:3]), sep="\n")
    assert all(set(weight) == {*KINDS} for weight in weights.values())
    assert {path: weight.total() for path, weight in weights.items() if weight.total() > LIMIT} == {}


def test_a_page_without_formulas_fetches_no_katex(window: Browser, address: str) -> None:
    asked: list[str] = []
    with window.new_context() as context:
        visit = Visit(context, address)
        visit.page.on("request", lambda request: asked.append(request.url))
        visit.go("/about/")
    assert not [url for url in asked if url.endswith("katex.min.js")]
