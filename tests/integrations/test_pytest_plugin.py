"""pytest in a project: cells by their lines, experiments at smoke scale, and silence where there is no project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from toypost import HEAD

FILES = {
    "pyproject.toml": '[tool.mlblog]\npackages = ["toy"]\n',
    "toy/__init__.py": "",
    "toy/experiments/__init__.py": "",
    "toy/experiments/coin.py": (
        "from mlblog.lab import Run, experiment\n\n\n@experiment(smoke=dict(n=2), small=dict(n=3), seeds=1)\n"
        "def coin(run: Run, *, n: int, seed: int) -> None:\n    run.save(mean=n / 7)\n\n\n"
        "@experiment(smoke=dict(n=0), seeds=1)\n"
        "def broken(run: Run, *, n: int, seed: int) -> None:\n    run.save(mean=1 / n)\n"
    ),
    "posts_src/good.md": HEAD + "```python\nx = 1\n```\n\n`{python} x`\n\n```pycon\n>>> x\n1\n```\n",
    "posts_src/bad.md": HEAD + "```python\nx = 1\n```\n\n```python\nx\nx / 0\n```\n\n```python\nx\n```\n",
    "posts_src/headless.md": "Prose.\n",
    "posts_src/goals/2026-W47.md": "```python\nno post\n```\n",
}


#: Without all other installed plugins, which take long to load. The first test finds ours as users do.
ALONE = os.environ | {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTEST_PLUGINS": "mlblog.integrations.pytest,xdist.plugin",
}


def run(folder: Path, *arguments: str, environment: dict[str, str] | None = ALONE) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-v", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


@pytest.fixture
def blog(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_cells_are_tests_by_their_lines(blog: Path) -> None:
    (blog / "posts_src/headless.md").unlink()
    out = run(blog, "posts_src", environment=None).stdout
    for expected in (
        "posts_src/good.md::5 PASSED",
        "posts_src/good.md::9 PASSED",
        "posts_src/good.md::11 PASSED",
        "posts_src/bad.md::5 PASSED",
        "posts_src/bad.md::9 FAILED",
        "posts_src/bad.md::14 SKIPPED",
        "posts_src/bad.md:11: ZeroDivisionError: division by zero",
        'File "posts_src/bad.md", line 11, in <module>',
        "1 failed, 4 passed, 1 skipped",
    ):
        assert expected in out, out
    assert "2026-W47" not in out


def test_one_cell_can_be_chosen(blog: Path) -> None:
    assert "1 passed" in run(blog, "posts_src/good.md::9").stdout


def test_a_post_that_cannot_be_read_is_an_error_of_collection(blog: Path) -> None:
    done = run(blog, "posts_src/headless.md")
    assert done.returncode == 2
    assert "posts_src/headless.md:1: no front matter" in done.stdout
    assert "Traceback" not in done.stdout


def test_experiments_run_at_smoke_scale_and_leave_no_record(blog: Path) -> None:
    out = run(blog, "toy").stdout
    assert "toy/experiments/coin.py::coin[smoke] PASSED" in out
    assert "toy/experiments/coin.py::broken[smoke] FAILED" in out
    assert "ZeroDivisionError" in out
    assert not (blog / "docs" / "results").exists()


def test_elsewhere_it_does_nothing(blog: Path) -> None:
    (blog / "pyproject.toml").write_text("[tool.other]\n")
    assert "collected 0 items" in run(blog, "posts_src", "toy").stdout


def test_it_loads_little(blog: Path) -> None:
    code = (
        "import sys, mlblog.integrations.pytest\n"
        "print(sorted({'torch', 'IPython', 'matplotlib', 'mkdocs', 'numpy', 'jupytext'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.fixture
def sound(blog: Path) -> Path:
    (blog / "posts_src/headless.md").unlink()
    return blog


def test_unchanged_cells_are_skipped_on_request(sound: Path) -> None:
    (sound / "posts_src/bad.md").unlink()
    assert "3 passed" in run(sound, "--changed-only", "posts_src").stdout
    assert "3 skipped" in run(sound, "--changed-only", "posts_src").stdout
    assert "3 passed" in run(sound, "posts_src").stdout
    post = sound / "posts_src/good.md"
    post.write_text(post.read_text().replace(">>> x\n1", ">>> x + 1\n2"))
    out = run(sound, "--changed-only", "posts_src").stdout
    assert "posts_src/good.md::11 PASSED" in out
    assert "1 passed, 2 skipped" in out


def test_what_failed_is_never_unchanged(sound: Path) -> None:
    (sound / "posts_src/good.md").unlink()
    for _ in range(2):
        assert "1 failed, 1 passed, 1 skipped" in run(sound, "--changed-only", "posts_src").stdout


def test_last_failed_and_first_failure(sound: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-v", "posts_src"]
    subprocess.run(command, cwd=sound, env=ALONE, capture_output=True, timeout=120)
    again = subprocess.run([*command, "--lf"], cwd=sound, env=ALONE, capture_output=True, text=True, timeout=120).stdout
    assert "posts_src/bad.md::9 FAILED" in again
    assert "good.md" not in again
    assert "stopping after 1 failures" in run(sound, "-x", "posts_src").stdout


def test_posts_run_side_by_side(sound: Path) -> None:
    out = run(sound, "-n", "2", "--dist", "loadfile", "posts_src").stdout
    assert "1 failed, 4 passed, 1 skipped" in out


def test_items_of_one_post_may_run_in_several_processes(sound: Path) -> None:
    out = run(sound, "-n", "2", "--dist", "each", "posts_src").stdout  # both run all
    assert "2 failed, 8 passed, 2 skipped" in out
    assert "1 failed, 4 passed, 1 skipped" in run(sound, "-n", "2", "posts_src").stdout


def test_items_are_chosen_by_words(sound: Path) -> None:
    assert "3 passed, 3 deselected" in run(sound, "-k", "good", "posts_src").stdout
    assert "1 failed, 5 deselected" in run(sound, "-k", "bad and 9", "posts_src").stdout


def test_what_follows_the_first_failure_is_not_run(sound: Path) -> None:
    out = run(sound, "-x", "posts_src/bad.md", "posts_src/good.md").stdout
    assert "1 failed, 1 passed" in out
    assert "good.md::5" not in out


def test_cells_of_a_notebook_are_named_by_their_numbers(sound: Path) -> None:
    cells = [
        {"cell_type": "raw", "metadata": {}, "source": HEAD},
        {"cell_type": "code", "metadata": {}, "source": "x = 1", "outputs": [], "execution_count": None},
        {"cell_type": "markdown", "metadata": {}, "source": "a\n\n`{python} x` and `{python} x`"},
        {"cell_type": "code", "metadata": {}, "source": "y = 2\nx / 0", "outputs": [], "execution_count": None},
    ]
    book = {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    (sound / "posts_src/book.ipynb").write_text(json.dumps(book))
    out = run(sound, "posts_src/book.ipynb").stdout
    for expected in (
        "posts_src/book.ipynb::cell 2 PASSED",
        "posts_src/book.ipynb::cell 3, line 3 PASSED",
        "posts_src/book.ipynb::cell 3, line 3-2 PASSED",
        "posts_src/book.ipynb::cell 4 FAILED",
        "posts_src/book.ipynb:cell 4, line 2: ZeroDivisionError: division by zero",
        'File "posts_src/book.ipynb", cell 4, line 2, in <module>',
    ):
        assert expected in out, out
    assert "2 passed, 2 deselected" in run(sound, "-k", "line", "posts_src/book.ipynb").stdout


def test_the_debugger_stands_in_the_cell_that_failed(sound: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--pdb", "posts_src/bad.md"]
    done = subprocess.run(
        command,
        cwd=sound,
        env=ALONE,
        input="p x + 41\nw\nq\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "posts_src/bad.md(11)<module>()" in done.stdout, done.stdout
    assert "-> x / 0" in done.stdout
    assert "(Pdb) 42" in done.stdout
