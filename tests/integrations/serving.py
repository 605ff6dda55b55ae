"""A small blog on disk, and `mkdocs serve` of it as its author meets it: files are saved, pages are asked for."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

HEAD = "---\ntitle: {}\ndate: 2026-11-2{}\ncategories: [Rand]\n---\n"
FILES = {
    "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
    "mkdocs.yml": (
        "site_name: t\nsite_url: http://127.0.0.1:8000/\ntheme: {name: material, font: false}\n"
        'plugins: [search, mlblog, blog: {post_url_format: "{slug}"}]\n'
        "markdown_extensions: [admonition]\n"
    ),
    "docs/index.md": "# Home\n",
    "toy/__init__.py": "",
    "toy/experiments/__init__.py": "",
    "toy/tools.py": "def answer():\n    return 20261121\n",
    "toy/experiments/coin.py": (
        "from mlblog.lab import Run, experiment\n\n\n@experiment(smoke=dict(n=2), small=dict(n=3), seeds=1)\n"
        "def coin(run: Run, *, n: int, seed: int) -> None:\n    run.save(mean=n / 7)\n"
    ),
}
READS = HEAD.format("Reads", 2) + (
    "```python\nfrom toy.experiments.coin import coin\n\nprint('mean', round(coin.runs().mean('mean'), 3))\n```\n"
)


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write files below `folder`."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def environment() -> dict[str, str]:
    """The variables of this process without those that steer a build, and no GPU."""
    kept = {k: v for k, v in os.environ.items() if k not in ("MLBLOG_EXPERIMENTS", "MLBLOG_ROOT")}
    return kept | {"NO_MKDOCS_2_WARNING": "1", "CUDA_VISIBLE_DEVICES": ""}


MKDOCS = ("mkdocs", "serve", "--livereload")


class Serving:
    """`mkdocs serve` of a site, or what else serves it."""

    def __init__(self, site: Path, command: Sequence[str] = MKDOCS) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = site.parent / f"{site.name}.log"
        whole = [sys.executable, "-m", *command, "-a", f"127.0.0.1:{self.port}"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                whole, cwd=site, env=environment(), stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
            )

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of a page; status 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, ""
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return 0, ""

    def wait_for(self, text: str, path: str = "/blog/good/", *, seconds: float = 60) -> str:
        """The page at `path`, as soon as it has `text` in it."""
        deadline = time.monotonic() + seconds
        page = ""
        while time.monotonic() < deadline:
            _, page = self.get(path)
            if text in page:
                return page
            assert self.process.poll() is None, f"it has ended:\n{self.said}"
            time.sleep(0.1)
        raise AssertionError(f"{text!r} was not served:\n{self.said}\n{page}")

    def wait_until_gone(self, path: str) -> None:
        """Until there is no page at `path`."""
        deadline = time.monotonic() + 60
        while self.get(path)[0] != 404:
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)

    def wait_until_said(self, text: str, since: int = 0) -> str:
        """What it has written to the terminal after the first `since` characters, as soon as `text` is in it."""
        deadline = time.monotonic() + 60
        while text not in self.said[since:]:
            assert time.monotonic() < deadline, f"{text!r} was not said:\n{self.said}"
            assert self.process.poll() is None, f"it has ended:\n{self.said}"
            time.sleep(0.05)
        return self.said[since:]

    def interrupt(self) -> None:
        """What Ctrl-C does."""
        os.killpg(self.process.pid, signal.SIGINT)

    def end(self) -> None:
        """What Ctrl-C does, pressed twice: the first may go to a cell."""
        deadline = time.monotonic() + 20
        while self.process.poll() is None and time.monotonic() < deadline:
            self.interrupt()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"it did not end:\n{self.said}")

    @property
    def said(self) -> str:
        """What it has written to the terminal."""
        return self.log.read_text()

    @property
    def builds(self) -> int:
        """How many builds have begun."""
        return self.said.count("Building documentation...")


def processes_in(folder: Path) -> list[str]:
    """Processes that work in `folder`."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if (entry / "cwd").resolve(strict=True) == folder:
                found.append(entry.name)
        except OSError:
            continue  # it ended while we looked
    return found
