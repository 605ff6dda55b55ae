"""What a page weighs before anyone scrolls, as a host that compresses text sends it."""

from __future__ import annotations

import gzip
from dataclasses import dataclass

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
    heard: list[Response] = []
    with window.new_context(viewport={"width": 1280, "height": 900}, color_scheme=scheme) as context:  # type: ignore[arg-type]
        visit = Visit(context, address)
        visit.page.on("response", lambda response: heard.append(response))
        visit.go(path)
        visit.page.wait_for_load_state("networkidle")
        return Weight({response.url.removeprefix(address): _size(response) for response in heard})


def _size(response: Response) -> int:
    body = response.body()
    return len(body) if response.url.endswith(COMPRESSED) else len(gzip.compress(body, 6))
