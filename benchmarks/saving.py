"""How long an author waits, for benchmarks/press.py: from saving a file to its new page being served."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median

#: What serves a site of ours, and what serves plain pages.
MKDOCS = (sys.executable, "-m", "mkdocs", "serve", "--livereload", "-q")
ZENSICAL = (sys.executable, "-m", "mlblog", "serve", "--host", "zensical")


def latency(
    command: tuple[str, ...], root: Path, path: str, edit: Callable[[], str], repeats: int, before: str
) -> float:
    """Median seconds from the end of an edit to its page, after a first one that counts for nothing.

    Args:
        command: serves `root`.
        root: the site.
        path: of the page.
        edit: saves something, and returns the text that the page is to show then.
        repeats: how often.
        before: what the page shows at the start.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}{path}"
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1", "MPLBACKEND": "agg", "MLBLOG_EXPERIMENTS": "never"}
    process = subprocess.Popen(
        (*command, "-a", f"127.0.0.1:{port}"), cwd=root, env=environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    try:
        wait_for(url, before)
        times = []
        for _ in range(repeats + 1):
            time.sleep(3)  # an author looks at the page; what is as it was two seconds ago is trusted
            expected, start = edit(), time.perf_counter()
            wait_for(url, expected)
            times.append(time.perf_counter() - start)
        return median(times[1:])
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def replaced(path: Path, pattern: str, step: int) -> str:
    """Raise the number that `pattern` finds in a file by `step`; return what the pattern finds now."""
    text = path.read_text(encoding="utf-8")
    found = re.search(pattern, text)
    assert found is not None
    new = found[0].replace(found[1], str(int(found[1]) + step))
    path.write_text(text.replace(found[0], new), encoding="utf-8")
    return new


def wait_for(url: str, text: str, limit: float = 300) -> None:
    """Poll a page until it holds a text."""
    end = time.monotonic() + limit
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=limit) as answer:
                if text in answer.read().decode():
                    return
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.02)
    raise SystemExit(f"{url} did not show {text} within {limit:.0f} s")
