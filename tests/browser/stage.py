"""A built site, a server for it and a browser that may talk to nothing else."""

from __future__ import annotations

import contextlib
import functools
import http.server
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

ROOT = Path(__file__).resolve().parents[2]

# The last five stop the browser from calling home by itself.
FLAGS = [
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
]


def chromium() -> str | None:
    """Path of the installed browser: $CHROMIUM, or the first of the usual names on the PATH.

    The headless shell draws pages as Chromium does, without its windows: a third of the CPU time.
    """
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def build(destination: Path) -> None:
    """Build the site into a folder, from the records as they are; a warning is an error."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(destination)]
    here = {name: value for name, value in os.environ.items() if name != "SITE_URL"}  # it is served at the root
    environment = here | {
        "MLBLOG_EXPERIMENTS": "never",
        "NO_MKDOCS_2_WARNING": "1",
        "DISABLE_MKDOCS_2_WARNING": "true",
    }
    built = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if built.returncode:
        raise RuntimeError(f"mkdocs build --strict failed:\n{built.stdout}{built.stderr}")


# a formula is drawn by a script; with the frame after the next all that scripts and fonts changed is laid out
_SETTLED = """document.fonts.ready.then(() =>
    new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true)))))"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def handle(self) -> None:
        """Answer, unless the browser leaves before the answer is whole."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a missing file shows in the page's own console."""


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder on a free local port; gives the address without a closing slash."""
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextlib.contextmanager
def launched(executable: str) -> Iterator[Browser]:
    """A headless browser, closed at the end."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@contextlib.contextmanager
def shown(site: Path | None) -> Iterator[tuple[Path, str, Browser]]:
    """For scripts: a site, built first if none is given, its address, and a browser.

    Raises:
        SystemExit: there is no browser.
    """
    executable = chromium()
    if executable is None:
        sys.exit("no chromium on the PATH; install it or name one in $CHROMIUM")
    with tempfile.TemporaryDirectory() as scratch:
        if site is None:
            site = Path(scratch)
            build(site)
        with served(site) as address, launched(executable) as browser:
            yield site, address, browser


class Visit:
    """One page in one browser context, with all that it complained about and asked of other hosts."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", lambda message: self._hear(message.type, message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self._watch)

    def go(self, path: str) -> Page:
        """Open a path of the site and wait until its scripts have run and fonts and formulas stand."""
        self.page.goto(self.address + path, wait_until="load", timeout=120_000)
        self.page.evaluate(_SETTLED)
        return self.page

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def _watch(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.foreign.append(request.url)


def pages(site: Path) -> list[str]:
    """Paths of all pages that the sitemap has."""
    found = re.findall(r"<loc>https?://[^/]+(/[^<]*)</loc>", (site / "sitemap.xml").read_text(encoding="utf-8"))
    return sorted(found)


def posts(site: Path) -> list[str]:
    """Paths of the posts: the pages right below blog/."""
    return [path for path in pages(site) if re.fullmatch(r"/blog/[^/]+/", path)]


def kinds(site: Path) -> list[str]:
    """Paths of pages, one of each kind, and the one that a wrong address leads to.

    Pages are of one kind if their paths differ in the last part alone; at the top each page is a kind of its own.
    """
    found: dict[str, str] = {}
    for path in pages(site):
        parts = path.strip("/").split("/")
        found.setdefault("/".join(parts[:-1]) if len(parts) > 1 else path, path)
    return [*sorted(found.values()), "/404.html"]
