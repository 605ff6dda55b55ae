"""One built site and one browser for all browser tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from stage import Visit, build, chromium, launched, served


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


# Per module, not per session: while Playwright runs, the thread has an event loop, and no other
# test could start one.
@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    executable = chromium()
    if executable is None:
        pytest.skip("no chromium on the PATH; install it or name one in $CHROMIUM")
    with launched(executable) as browser:
        yield browser


@pytest.fixture
def visit(window: Browser, address: str) -> Iterator[Callable[..., Visit]]:
    """A function that opens a window on the site: `visit(scheme="dark", width=390)`."""
    opened = []

    def open_window(scheme: str = "light", width: int = 1280) -> Visit:
        context = window.new_context(color_scheme=scheme, viewport={"width": width, "height": 900})
        opened.append(context)
        return Visit(context, address)

    yield open_window
    for context in opened:
        context.close()
