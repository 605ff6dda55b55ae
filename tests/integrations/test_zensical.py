"""Zensical as a host: what it builds, and its live preview as authors meet it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import FILES, HEAD, READS, Serving, environment, processes_in, write

GOOD = HEAD.format("Good", 1) + "Before.\n\n```python\nfrom toy.tools import answer\n\nanswer()\n```\n"
DRAFT = HEAD.format("Draft", 2).replace("date:", "draft: true\ndate:") + "Not yet.\n"
WRONG = HEAD.format("Wrong", 3) + "```python\n1 / 0\n```\n"
ANSWER = "20261121"
COMMAND = ("mlblog", "serve", "--host", "zensical")
POST, TOOLS = "posts_src/good.md", "toy/tools.py"
CATEGORIES = FILES["mkdocs.yml"].replace('{slug}"', '{slug}", categories_allowed: [Rand]')
SITE = FILES | {POST: GOOD, "posts_src/draft.md": DRAFT, "mkdocs.yml": CATEGORIES, "docs/about.md": "# About\n\nWe.\n"}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("blog").resolve()
    write(root, SITE)
    return root


@pytest.fixture(scope="module")
def serving(site: Path) -> Iterator[Serving]:
    serving = Serving(site, COMMAND)
    try:
        serving.wait_for(ANSWER, seconds=60)
        yield serving
    finally:
        serving.end()


@pytest.fixture(autouse=True)
def mended(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test that edits the site everything is as it was."""
    yield
    if "serving" in request.fixturenames:
        site, serving = request.getfixturevalue("site"), request.getfixturevalue("serving")
        write(site, {name: text for name, text in SITE.items() if (site / name).read_text() != text})
        deadline = time.monotonic() + 25
        while "mlblog-error" in (page := serving.get("/blog/good/")[1]) or ANSWER not in page:
            assert time.monotonic() < deadline, serving.said
            time.sleep(0.1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("answer()\n", "answer() / 0\n"), "posts_src/good.md:11: ZeroDivisionError"),
        ("---\ntitle: G", "posts_src/good.md:1: the front matter is not closed"),
        (GOOD.replace("[Rand]", "[Odd]"), "posts_src/good.md:4: unknown category"),
    ],
    ids=["error", "half a head", "category"],
)
def test_what_is_wrong_with_a_post_is_shown_in_its_place(site: Path, serving: Serving, text: str, says: str) -> None:
    write(site, {POST: text})
    assert says in serving.wait_for("mlblog-error")


def test_a_module_and_a_page_are_followed(site: Path, serving: Serving) -> None:
    write(site, {TOOLS: FILES[TOOLS].replace(ANSWER, "314159265")})
    serving.wait_for("314159265")
    write(site, {"docs/about.md": "# About\n\nWe, and others.\n"})
    serving.wait_for("and others", "/about/")


def test_posts_come_and_go(site: Path, serving: Serving) -> None:
    write(site, {"posts_src/other.md": HEAD.format("Other", 4) + "```python\n6 * 7000\n```\n"})
    serving.wait_for("42000", "/blog/other/")
    (site / "posts_src/other.md").unlink()
    serving.wait_until_gone("/blog/other/")


def test_drafts_are_shown_and_weekly_goals(site: Path, serving: Serving) -> None:
    assert "Not yet." in serving.get("/blog/draft/")[1]
    write(site, {"posts_src/goals/2026-W47.md": "# Papers\n\n- [ ] Read 3/5\n"})
    serving.wait_for("Read", "/goals/2026-W47/")
    (site / "posts_src/goals/2026-W47.md").unlink()
    serving.wait_until_gone("/goals/2026-W47/")


def test_what_nobody_has_recorded_is_previewed(site: Path, serving: Serving) -> None:
    write(site, {"posts_src/reads.md": READS})
    assert "Preview from a smoke run" in serving.wait_for("mean 0.286", "/blog/reads/")
    (site / "posts_src/reads.md").unlink()
    serving.wait_until_gone("/blog/reads/")


def test_a_module_that_is_not_python_leaves_the_pages_and_says_so_on_them(site: Path, serving: Serving) -> None:
    write(site, {TOOLS: "def answer(:\n"})
    page = serving.wait_for("mlblog-error")
    assert f"{TOOLS}:1: not Python" in page
    assert ANSWER in page
    assert "not Python" in serving.wait_for("mlblog-error", "/about/")


def test_a_slow_cell_holds_up_no_other_page_and_its_own_comes_when_it_has_ended(site: Path, serving: Serving) -> None:
    slow = HEAD.format("Slow", 5) + "```python\nimport time\n\ntime.sleep(7)\nprint('slow', 6 * 7000)\n```\n"
    write(site, {"posts_src/slow.md": slow, "docs/about.md": "# About\n\nMeanwhile.\n"})
    serving.wait_for("Meanwhile", "/about/")
    assert "still running" in serving.wait_for("mlblog-error", "/blog/slow/")
    serving.wait_for("slow 42000", "/blog/slow/")
    before = len(serving.said)
    write(site, {"posts_src/slow.md": slow.replace("(7)", "(600)")})
    serving.wait_for("mlblog-error", "/blog/slow/")
    serving.interrupt()
    serving.wait_until_said("interrupted the running cell", before)
    assert "KeyboardInterrupt" in serving.wait_for("KeyboardInterrupt", "/blog/slow/")
    (site / "posts_src/slow.md").unlink()
    serving.wait_until_gone("/blog/slow/")


def test_the_configuration_may_be_half_saved(site: Path, serving: Serving) -> None:
    before = len(serving.said)
    write(site, {"mkdocs.yml": "site_name: [t\n"})
    serving.wait_until_said("mkdocs.yml: cannot be read", before)
    assert ANSWER in serving.wait_for("Before.")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_however_it_ends(tmp_path: Path, how: signal.Signals) -> None:
    site = (tmp_path / "site").resolve()
    write(site, SITE)
    serving = Serving(site, COMMAND)
    there = [site, site / ".mlblog/zensical"]
    try:
        serving.wait_for(ANSWER, seconds=60)
        assert all(processes_in(folder) for folder in there)
        os.kill(serving.process.pid, how)
        assert serving.process.wait(20) == (0 if how != signal.SIGKILL else -how)
        deadline = time.monotonic() + 20
        while any(processes_in(folder) for folder in there):
            assert time.monotonic() < deadline, serving.said
            time.sleep(0.05)
        assert "Traceback" not in serving.said
    finally:
        serving.end()


def test_a_build_is_whole_but_for_what_failed_and_a_second_runs_nothing(tmp_path: Path) -> None:
    write(tmp_path, SITE | {"posts_src/wrong.md": WRONG})
    done = build(tmp_path)
    assert done.returncode == 1
    assert "posts_src/wrong.md:7: ZeroDivisionError" in done.stderr
    assert ANSWER in (tmp_path / "site/blog/good/index.html").read_text()
    assert not list((tmp_path / "site").rglob("*wrong*"))
    assert not list((tmp_path / "site").rglob("*draft*"))
    (tmp_path / "posts_src/wrong.md").unlink()
    (tmp_path / "site/blog/left.html").write_text("")
    done = build(tmp_path, "--strict")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(": 0 ran, [12] unchanged", done.stderr)
    assert not (tmp_path / "site/blog/left.html").exists()


def test_without_zensical_it_says_what_to_install(tmp_path: Path) -> None:
    write(tmp_path, SITE)
    without = "import sys; sys.modules['zensical'] = None; sys.argv[0] = 'mlblog'; from mlblog.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", without, "build", "--host", "zensical"],
        cwd=tmp_path, capture_output=True, text=True, env=environment(), timeout=60,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr == "mlblog: Zensical is not installed. Install it: pip install 'mlblog[zensical]'\n"


def test_mkdocs_is_the_host_if_none_is_named(tmp_path: Path) -> None:
    write(tmp_path, SITE)
    command = [sys.executable, "-m", "mlblog", "build", "--strict", "--site-dir", "elsewhere"]
    done = subprocess.run(command, cwd=tmp_path / "toy", capture_output=True, text=True, env=environment(), timeout=60)
    assert done.returncode == 0, done.stderr
    assert ANSWER in (tmp_path / "elsewhere/blog/good/index.html").read_text()


def build(site: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlblog", "build", "--host", "zensical", *options]
    return subprocess.run(command, cwd=site, capture_output=True, text=True, env=environment(), timeout=120)
