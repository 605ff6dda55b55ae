"""One build of the site for all browser tests of a session, one browser for each file of them."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock
from playwright.sync_api import Browser
from stage import Visit, build, chromium, launched, served

Open = Callable[..., Visit]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; $MLBLOG_SITE names one that is built already. Workers of one session share it."""
    if named := os.environ.get("MLBLOG_SITE"):
        return Path(named)
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    folder = shared / "mlblog-site"
    with FileLock(shared / "mlblog-site.lock"):
        if not (folder / "sitemap.xml").is_file():
            build(folder)
    return folder


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


# Not for the whole session: while Playwright runs, the thread has an event loop, and no other test
# could start one.
@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    executable = chromium()
    if executable is None:
        pytest.skip("no chromium on the PATH; install it or name one in $CHROMIUM")
    with launched(executable) as browser:
        yield browser


@pytest.fixture
def visit(window: Browser, address: str) -> Iterator[Open]:
    """A function that opens a window on the site: `visit(scheme="dark", width=390)`."""
    opened = []

    def open_window(scheme: str = "light", width: int = 1280, **options: Any) -> Visit:
        view = {"width": width, "height": 900}
        context = window.new_context(color_scheme=scheme, viewport=view, **options)  # type: ignore[arg-type]
        opened.append(context)
        return Visit(context, address)

    yield open_window
    for context in opened:
        context.close()
