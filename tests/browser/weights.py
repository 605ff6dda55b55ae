"""What a page weighs before anyone scrolls, as a host that compresses text sends it."""

from __future__ import annotations

import gzip
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Response
from stage import Visit

#: Files that are compressed already.
COMPRESSED = (".woff2", ".png", ".webp", ".avif", ".jpg")


@dataclass(frozen=True)
class Weight:
    """Bytes by address of what a page asked for."""

    files: dict[str, int]

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(self.files.values())

    def __str__(self) -> str:
        """The sum, the number of requests, and what is heaviest."""
        heavy = sorted(self.files.items(), key=lambda one: -one[1])[:6]
        return f"{self.total / 1000:.0f} kB in {len(self.files)}: " + ", ".join(
            f"{name} {size}" for name, size in heavy
        )


def weigh(window: Browser, address: str, path: str, scheme: str = "light") -> Weight:
    """The weight of a page that is opened for the first time and not scrolled."""
    return weigh_all(window, address, [path], scheme)[path]


def weigh_all(window: Browser, address: str, paths: Iterable[str], scheme: str = "light") -> dict[str, Weight]:
    """The weight of each of some pages. All are open at once and share the wait until they ask for no more."""
    view: Any = {"viewport": {"width": 1280, "height": 900}, "color_scheme": scheme}
    with ExitStack() as stack:
        visits: dict[str, tuple[Visit, list[Response]]] = {}
        for path in paths:
            visit = Visit(stack.enter_context(window.new_context(**view)), address)
            visits[path] = visit, heard_by(visit)
            _on_a_quick_line(visit)
            visit.go(path)
        for visit, _ in visits.values():
            visit.page.wait_for_load_state("networkidle", timeout=120_000)  # a busy machine opens slowly
        return {
            path: Weight({response.url.removeprefix(address): size(response) for response in heard})
            for path, (_, heard) in visits.items()
        }


def _on_a_quick_line(visit: Visit) -> None:
    """Let the browser take its connection for a quick one: on others, or unknown ones, it fetches more in advance."""
    line = {"offline": False, "latency": 20, "downloadThroughput": -1, "uploadThroughput": -1, "connectionType": "wifi"}
    visit.page.context.new_cdp_session(visit.page).send("Network.emulateNetworkConditions", line)


def heard_by(visit: Visit) -> list[Response]:
    """The answers that a page gets from now on."""
    heard: list[Response] = []
    visit.page.on("response", lambda response: heard.append(response))
    return heard


def size(response: Response) -> int:
    """Bytes of an answer, compressed."""
    body = response.body()
    return len(body) if response.url.endswith(COMPRESSED) else len(gzip.compress(body, 6))
