"""Sites built by MkDocs with Material and its blog plugin, from start to end."""

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
from collections.abc import Iterator
from pathlib import Path

import pytest

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
    "toy/tools.py": "def answer():\n    return 42\n",
    "toy/experiments/coin.py": (
        "from mlblog.lab import Run, experiment\n\n\n@experiment(smoke=dict(n=2), small=dict(n=3), seeds=1)\n"
        "def coin(run: Run, *, n: int, seed: int) -> None:\n    run.save(mean=n / 7)\n"
    ),
    "posts_src/good.md": HEAD.format("Good", 1) + (
        "Before.\n\n```python\nfrom toy.tools import answer\n\nanswer()\n```\n\n"
        '```python alt="A line"\nimport matplotlib.pyplot as plt\n\nplt.plot([1, 2])\n```\n\n<!-- more -->\n\nAfter.\n'
    ),
}  # fmt: skip


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("MLBLOG_EXPERIMENTS", "MLBLOG_ROOT")}
    return kept | {"NO_MKDOCS_2_WARNING": "1", "CUDA_VISIBLE_DEVICES": ""}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def build(site: Path, *options: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", *options], cwd=site, capture_output=True, text=True, timeout=120,
        env=environment() | extra,
    )  # fmt: skip


def test_a_post_becomes_a_post_of_the_blog(site: Path) -> None:
    done = build(site, "--strict")
    assert done.returncode == 0, done.stderr
    page = (site / "site/blog/good/index.html").read_text()
    assert "42" in page
    sources = re.findall(r'<img[^>]*src="([^"#]+)#only-(\w+)"', page)
    assert [scheme for _, scheme in sources] == ["light", "dark"]
    for source, _ in sources:
        assert (site / "site/blog/good" / source).is_file()
    index = (site / "site/blog/index.html").read_text()
    assert "After." not in index
    for source, _ in re.findall(r'<img[^>]*src="([^"#]+)#only-(\w+)"', index):
        assert (site / "site/blog" / source).resolve().is_file()
    assert "good" in (site / "site/blog/category/rand/index.html").read_text()
    assert not list((site / "docs").rglob("good*"))


def test_a_second_build_runs_nothing(site: Path) -> None:
    build(site)
    done = build(site)
    assert ": 0 ran, 1 as before" in done.stderr


def test_a_post_that_fails_fails_the_build_and_only_its_own_page(site: Path) -> None:
    (site / "posts_src/bad.md").write_text(HEAD.format("Bad", 2) + "```python\n1 / 0\n```\n")
    done = build(site)
    assert done.returncode == 1
    assert "posts_src/bad.md:7: ZeroDivisionError: division by zero" in done.stderr
    assert "Traceback" not in done.stderr
    assert (site / "site/blog/good/index.html").is_file()
    assert not (site / "site/blog/bad").exists()


@pytest.mark.parametrize(
    ("asked", "gpus", "records"),
    [("auto", "", 0), ("never", "", 0), ("always", "", 1), ("auto", "0", 1), ("never", "0", 0)],
)
def test_which_runs_a_build_makes(site: Path, asked: str, gpus: str, records: int) -> None:
    done = build(site, MLBLOG_EXPERIMENTS=asked, CUDA_VISIBLE_DEVICES=gpus, MLBLOG_DEVICE="cpu")
    assert done.returncode == 0, done.stderr
    assert len(list((site / "docs/results").rglob("seed-*.json"))) == records
    assert len(list((site / "site").rglob("seed-*.json"))) == records  # published by the same build


def test_a_result_links_to_its_record(site: Path) -> None:
    body = "```python\nfrom toy.experiments.coin import coin\n\ncoin.runs().mean('mean')\n```\n"
    (site / "posts_src/good.md").write_text(HEAD.format("Good", 1) + body)
    done = build(site, "--strict", MLBLOG_EXPERIMENTS="always")
    assert done.returncode == 0, done.stderr
    (link,) = set(re.findall(r'href="([^"]+seed-0.json)"', (site / "site/blog/good/index.html").read_text()))
    assert (site / "site/blog/good" / link).resolve().is_file()


def test_a_wrong_setting_is_refused(site: Path) -> None:
    done = build(site, MLBLOG_EXPERIMENTS="often")
    assert done.returncode == 1
    assert "MLBLOG_EXPERIMENTS=often: must be one of auto, always, never" in done.stderr


def test_a_folder_that_is_no_project_is_refused(site: Path) -> None:
    (site / "pyproject.toml").unlink()
    done = build(site)
    assert done.returncode == 1
    assert "no project here or above" in done.stderr


class Serving:
    """`mkdocs serve` of a site."""

    def __init__(self, site: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = site / "serve.log"
        command = [sys.executable, "-m", "mkdocs", "serve", "--livereload", "-a", f"127.0.0.1:{self.port}"]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=site, env=environment(), stdout=subprocess.DEVNULL, stderr=log, start_new_session=True
            )

    def wait_for(self, text: str, path: str = "/blog/good/") -> str:
        deadline = time.monotonic() + 90
        page = ""
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=90) as answer:
                    page = answer.read().decode()
            except (urllib.error.URLError, ConnectionError):
                page = ""
            if text in page:
                return page
            time.sleep(0.1)
        raise AssertionError(f"{text!r} was not served:\n{self.log.read_text()}\n{page}")

    def end(self) -> None:
        """What Ctrl-C does."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGINT)
            self.process.wait(20)

    @property
    def builds(self) -> int:
        return self.log.read_text().count("Documentation built in")


@pytest.fixture
def serving(site: Path) -> Iterator[Serving]:
    serving = Serving(site)
    yield serving
    serving.end()


def test_serve_follows_posts_and_code_shows_errors_and_comes_to_rest(site: Path, serving: Serving) -> None:
    post, tools = site / "posts_src/good.md", site / "toy/tools.py"
    serving.wait_for("42")
    text = post.read_text()
    post.write_text(text.replace("Before.", "Earlier."))
    serving.wait_for("Earlier.")
    tools.write_text(tools.read_text().replace("42", "1764"))
    serving.wait_for("1764")
    post.write_text(text.replace("answer()\n", "answer() / 0\n"))
    assert "posts_src/good.md:11: ZeroDivisionError" in serving.wait_for("mlblog-error")
    post.write_text(text)
    serving.wait_for("Before.")
    time.sleep(3)  # a rebuild that a build caused would have begun by now
    builds = serving.builds
    assert builds <= 5
    time.sleep(2)
    assert serving.builds == builds
    assert not (site / "docs/results").exists()
    assert "coin: missing" in serving.log.read_text()  # what is due is said, and not run


def test_nothing_stays_when_serve_ends(site: Path, serving: Serving) -> None:
    serving.wait_for("42")
    serving.end()
    deadline = time.monotonic() + 10
    while (left := _servers_of(site)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def _servers_of(site: Path) -> list[str]:
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"mlblog.press.server" in (folder / "cmdline").read_bytes() and (folder / "cwd").resolve() == site:
                found.append(folder.name)
        except OSError:
            continue  # it ended while we looked
    return found


READS = HEAD.format("Reads", 2) + (
    "```python\nfrom toy.experiments.coin import coin\n\nprint('mean', round(coin.runs().mean('mean'), 3))\n```\n"
)


def test_a_run_that_fails_leaves_its_last_record_a_marked_page_and_a_failed_build(site: Path) -> None:
    (site / "posts_src" / "reads.md").write_text(READS)
    assert build(site, MLBLOG_EXPERIMENTS="always").returncode == 0
    experiment = site / "toy" / "experiments" / "coin.py"
    experiment.write_text(experiment.read_text().replace("run.save(mean=n / 7)", "run.save(mean=n / 0)"))
    done = build(site, MLBLOG_EXPERIMENTS="always")
    assert done.returncode != 0
    assert "0 posts were left out, 1 runs failed and left their last records" in done.stderr
    assert "coin small seed 0: ZeroDivisionError: division by zero" in done.stderr
    page = (site / "site" / "blog" / "reads" / "index.html").read_text()
    assert "mean 0.429" in page
    assert re.search(r"Stale.*toy\.experiments\.coin\.coin", page)


def test_serve_previews_from_smoke_what_nobody_has_recorded(site: Path, serving: Serving) -> None:
    serving.wait_for("42")
    (site / "posts_src" / "reads.md").write_text(READS)
    page = serving.wait_for("mean 0.286", "/blog/reads/")
    assert "Preview: from a smoke run" in page
    assert not (site / "docs" / "results").exists()
    assert build(site, MLBLOG_EXPERIMENTS="never").returncode != 0, "a build shows no previews"
