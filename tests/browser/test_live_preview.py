"""Live preview as its author sees it: a post is saved, and the page in the browser changes by itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from stage import chromium, launched

POST = """---
title: Live
date: 2026-11-21
---

Before.

```python
print(6 * 7)
```
"""


@pytest.fixture(scope="module")
def blog(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("live")
    for name, text in {
        "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
        "mkdocs.yml": "site_name: t\ntheme: {name: material, font: false}\nplugins: [search, mlblog, blog: "
        '{post_url_format: "{slug}"}]\n',
        "docs/index.md": "# Home\n",
        "docs/blog/index.md": "# Blog\n",
        "toy/__init__.py": "",
        "toy/experiments/__init__.py": "",
        "posts_src/live.md": POST,
    }.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.fixture(scope="module")
def address(blog: Path) -> Iterator[str]:
    """`mkdocs serve` of the blog, ended as Ctrl-C ends it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [sys.executable, "-m", "mkdocs", "serve", "--livereload", "-a", f"127.0.0.1:{port}"]
    with (blog / "serve.log").open("w") as log:
        process = subprocess.Popen(command, cwd=blog, env=environment, stdout=log, stderr=log, start_new_session=True)
    deadline = time.monotonic() + 90
    while "Serving on" not in (blog / "serve.log").read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError((blog / "serve.log").read_text())
        time.sleep(0.1)
    yield f"http://127.0.0.1:{port}"
    os.killpg(process.pid, signal.SIGINT)
    process.wait(20)


@pytest.fixture(scope="module")
def page(address: str) -> Iterator[Page]:
    executable = chromium()
    if executable is None:
        pytest.skip("no chromium on the PATH; install it or name one in $CHROMIUM")
    with launched(executable) as browser:
        page = browser.new_page()
        page.goto(f"{address}/blog/live/")
        yield page


def wait_for(page: Page, text: str) -> None:
    page.wait_for_function("text => document.body?.innerText.includes(text)", arg=text, timeout=30_000)


def test_a_save_shows_in_the_page_without_a_reload_by_hand(blog: Path, page: Page) -> None:
    post = blog / "posts_src/live.md"
    wait_for(page, "42")
    post.write_text(POST.replace("Before.", "After."))
    wait_for(page, "After.")
    post.write_text(POST.replace("6 * 7", "6 * 7 * 11"))
    wait_for(page, "462")


def test_an_error_shows_in_the_page_and_goes_with_its_cause(blog: Path, page: Page) -> None:
    post = blog / "posts_src/live.md"
    post.write_text(POST.replace("6 * 7", "6 / 0"))
    wait_for(page, "posts_src/live.md:9: ZeroDivisionError")
    post.write_text(POST.replace("6 * 7", "6 * 7 * 13"))
    wait_for(page, "546")
    assert "ZeroDivisionError" not in page.inner_text("body")
