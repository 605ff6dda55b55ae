"""Live preview as authors meet it: one `mkdocs serve`, and everything that they may do to its files."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving import FILES, HEAD, READS, Serving, environment, processes_in, write

GOOD = HEAD.format("Good", 1) + "Before.\n\n```python\nfrom toy.tools import answer\n\nanswer()\n```\n"
SLOW = "\n```python\nimport time\n\ntime.sleep(0.1)\n```\n"  # long enough for the state before the next cell to be kept
DRAFT = HEAD.format("Draft", 2).replace("date:", "draft: true\ndate:") + "Not yet.\n"
ANSWER = "20261121"  # no other number on a page
POST, TOOLS, COIN = "posts_src/good.md", "toy/tools.py", "toy/experiments/coin.py"
CATEGORIES = FILES["mkdocs.yml"].replace('{slug}"', '{slug}", categories_allowed: [Rand]')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("blog").resolve()
    write(root, FILES | {POST: GOOD, "posts_src/draft.md": DRAFT, "mkdocs.yml": CATEGORIES})
    return root


@pytest.fixture(scope="module")
def serving(site: Path) -> Iterator[Serving]:
    serving = Serving(site)
    serving.wait_for(ANSWER)
    yield serving
    serving.end()


@pytest.fixture(scope="module")
def usual(serving: Serving) -> str:
    """The page while nothing is wrong."""
    return page_of(serving)


def page_of(serving: Serving) -> str:
    return re.sub(r"livereload\([^)]*\)", "", serving.wait_for("Before."))  # the moment of the build


@pytest.fixture(autouse=True)
def mended(site: Path, serving: Serving, usual: str) -> Iterator[None]:
    """After each test everything is as it was, and shown so."""
    yield
    were = {POST: GOOD, TOOLS: FILES[TOOLS], COIN: FILES[COIN]}
    write(site, {name: text for name, text in were.items() if _text(site / name) != text})
    deadline = time.monotonic() + 25
    while page_of(serving) != usual:
        assert time.monotonic() < deadline, serving.said
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (GOOD.replace("answer()\n", "answer(\n"), "posts_src/good.md:11: SyntaxError"),
        (GOOD.replace("answer()\n", "answer() / 0\n"), "posts_src/good.md:11: ZeroDivisionError"),
        ("---\ntitle: G", "posts_src/good.md:1: the front matter is not closed"),
        (GOOD.removesuffix("```\n"), "posts_src/good.md:8: this fence is not closed"),
        (GOOD.replace("[Rand]", "[Odd]"), "posts_src/good.md:4: unknown category"),
        (GOOD.replace("\ndate:", "\nauthors: [nobody]\ndate:"), "posts_src/good.md:3: unknown author"),
        (GOOD.replace("After.", "Of $\\nonsuch$.").replace("Before.", "![a](b.png)"), "posts_src/good.md:6: picture"),
    ],
    ids=["syntax", "error", "half a head", "half a fence", "category", "author", "picture"],
)
def test_what_is_wrong_with_a_post_is_shown_in_its_place(site: Path, serving: Serving, text: str, says: str) -> None:
    write(site, {POST: text})
    assert says in serving.wait_for("mlblog-error")


def test_a_save_is_one_build_and_then_there_is_rest(site: Path, serving: Serving) -> None:
    before = serving.builds
    write(site, {TOOLS: FILES[TOOLS].replace(ANSWER, "314159265")})
    serving.wait_for("314159265")
    assert serving.builds == before + 1
    time.sleep(1.5)  # a build that a build caused would have begun by now
    assert serving.builds == before + 1
    assert "coin: missing" in serving.said  # what is due is said, and not run
    assert not (site / "docs/results").exists()


def test_posts_are_renamed_and_deleted(site: Path, serving: Serving) -> None:
    os.rename(site / POST, site / "posts_src/other.md")
    serving.wait_for(ANSWER, "/blog/other/")
    assert serving.get("/blog/good/")[0] == 404
    (site / "posts_src/other.md").unlink()
    serving.wait_until_gone("/blog/other/")


@pytest.mark.parametrize("name", [TOOLS, COIN])
def test_a_module_that_is_not_python_leaves_the_pages_and_says_so_on_them(
    site: Path, serving: Serving, name: str
) -> None:
    write(site, {name: "def answer(:\n"})
    page = serving.wait_for("mlblog-error")
    assert f"{name}:1: not Python" in page
    assert ANSWER in page
    write(site, {name: FILES[name], POST: GOOD.replace("answer()\n", "-answer()\n")})
    assert "mlblog-error" not in serving.wait_for("-20261121")


def test_goals_and_papers_that_cannot_be_read_are_told_of(site: Path, serving: Serving) -> None:
    before = len(serving.said)
    write(site, {"posts_src/goals/2026-W47.md": "# Papers\n\n- [?] Read\n"})
    serving.wait_until_said("ERROR   -  mlblog: posts_src/goals/2026-W47.md:3: ", before)
    write(site, {"posts_src/goals/2026-W47.md": "# Papers\n\n- [ ] Read 3/5\n"})
    serving.wait_for("Read", "/goals/2026-W47/")
    write(site, {"toy/papers/references.bib": "@article{a, title = {"})
    assert "toy/papers/references.bib:1: " in serving.wait_for("mlblog-error")
    (site / "toy/papers/references.bib").unlink()
    shutil.rmtree(site / "posts_src/goals")
    serving.wait_until_gone("/goals/2026-W47/")


def test_drafts_are_shown(serving: Serving) -> None:
    assert "Not yet." in serving.get("/blog/draft/")[1]


def test_a_record_that_is_missing_comes_and_changes(site: Path, serving: Serving, tmp_path: Path) -> None:
    write(site, {"posts_src/reads.md": READS})
    assert "Preview from a smoke run" in serving.wait_for("mean 0.286", "/blog/reads/")
    recorded = tmp_path / "elsewhere"
    for name in ("pyproject.toml", "toy"):
        (shutil.copytree if (site / name).is_dir() else shutil.copy)(site / name, _there(recorded) / name)
    command = [sys.executable, "-m", "mlblog", "run", "coin", "--scale", "small"]
    subprocess.run(command, cwd=recorded, env=environment(), check=True, capture_output=True, timeout=60)
    shutil.copytree(recorded / "docs/results", site / "docs/results")
    assert "Preview" not in serving.wait_for("mean 0.429", "/blog/reads/")
    (record,) = (site / "docs/results").rglob("seed-0.json")
    text = record.read_text()
    record.write_text(text.replace("0.42857", "0.52857"))
    assert "seed-0.json" in serving.wait_for("mlblog-error", "/blog/reads/")
    record.write_text(text)
    serving.wait_for("mean 0.429", "/blog/reads/")
    shutil.rmtree(site / "docs/results")
    serving.wait_for("mean 0.286", "/blog/reads/")
    (site / "posts_src/reads.md").unlink()


def test_a_build_beside_it_publishes_no_preview_and_disturbs_nothing(
    site: Path, serving: Serving, tmp_path: Path
) -> None:
    before = serving.builds
    write(site, {"posts_src/wrong.md": HEAD.format("Wrong", 3) + "```python\n1 / 0\n```\n"})
    serving.wait_for("ZeroDivisionError", "/blog/wrong/")
    command = [sys.executable, "-m", "mkdocs", "build", "--site-dir", str(tmp_path / "built")]
    done = subprocess.run(command, cwd=site, env=environment(), capture_output=True, text=True, timeout=60)
    assert "posts_src/wrong.md:7: ZeroDivisionError" in done.stderr
    assert ANSWER in (tmp_path / "built/blog/good/index.html").read_text()
    assert not (tmp_path / "built/blog/wrong").exists()
    assert not (tmp_path / "built/blog/draft").exists()
    (site / "posts_src/wrong.md").unlink()
    serving.wait_until_gone("/blog/wrong/")
    assert serving.builds == before + 2


def test_a_cell_that_takes_long_is_named_while_it_runs(site: Path, serving: Serving) -> None:
    before = len(serving.said)
    write(site, {POST: GOOD + "\n```python\nimport time\n\ntime.sleep(2.5)\n```\n"})
    serving.wait_until_said("posts_src/good.md:14: cell 2 of 2, 1 s\n", before)
    serving.wait_for("sleep")
    assert serving.said[before:].count("cell 2 of 2") == 1


def test_the_configuration_may_be_half_saved(site: Path, serving: Serving) -> None:
    before = len(serving.said)
    write(site, {"mkdocs.yml": "site_name: [t\n"})
    serving.wait_until_said("pages are unchanged", before)
    assert ANSWER in serving.wait_for("Before.")
    write(site, {"mkdocs.yml": CATEGORIES})


def test_a_broken_module_at_the_start_and_no_process_at_the_end(tmp_path: Path) -> None:
    site = (tmp_path / "site").resolve()
    write(site, FILES | {POST: GOOD, TOOLS: "def answer(:\n"})
    serving = Serving(site)
    serving.wait_for("toy/tools.py:1: not Python", "/")
    write(site, {TOOLS: FILES[TOOLS], POST: GOOD + SLOW + "\n```python\nwhile True:\n    pass\n```\n"})
    serving.wait_until_said("cell 3 of 3")
    assert len(processes_in(site)) >= 4  # it, what posts are forked from, one that sleeps before a cell, its child
    serving.end()
    deadline = time.monotonic() + 20
    while processes_in(site) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_in(site) == []


def _there(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""
