"""Which commit a record names, and when it says that the code was another."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from workbench import Bench

from mlblog.lab.running.environment import commit


def write(bench: Bench, name: str, text: str = "x = 1\n") -> None:
    path = bench.project.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _staged(bench: Bench) -> None:
    write(bench, "notes.txt")
    bench.git("add", "notes.txt")


CHANGES: dict[str, tuple[Callable[[Bench], object], bool]] = {
    "nothing": (lambda bench: None, False),
    "a scratch file beside the packages": (lambda bench: write(bench, "scratch.txt"), False),
    "a scratch module beside the packages": (lambda bench: write(bench, "scratch.py"), False),
    "a draft": (lambda bench: write(bench, "posts_src/draft.md"), False),
    "a record": (lambda bench: write(bench, "docs/results/with_none/smoke/base/seed-9.json"), False),
    "a file that git ignores": (lambda bench: write(bench, "toy/__pycache__/x.pyc"), False),
    "a module in a package": (lambda bench: write(bench, "toy/more.py"), True),
    "a data file in a package": (lambda bench: write(bench, "toy/data/words.txt"), True),
    "a package in src": (lambda bench: write(bench, "src/toy/more.py"), True),
    "tracked code that was edited": (lambda bench: bench.edit("toy/losses.py", "DELTA = 2.0", "DELTA = 3.0"), True),
    "tracked code that was deleted": (lambda bench: (bench.project.root / "toy/losses.py").unlink(), True),
    "a file that was added to the index": (_staged, True),
}


@pytest.mark.parametrize("change", CHANGES)
def test_dirty_is_what_the_commit_does_not_hold_and_a_run_may_use(bench: Bench, change: str) -> None:
    act, dirty = CHANGES[change]
    act(bench)
    assert commit(bench.project.root) == (bench.git("rev-parse", "HEAD"), dirty)


def test_scratch_file_leaves_the_records_of_a_run_clean(bench: Bench) -> None:
    write(bench, "scratch.txt")
    assert bench("run", "with_none", "--scale", "smoke", "--executor", "inline").exit_code == 0
    assert bench.lab.store.read("with_none/smoke/base/seed-0.json").environment["dirty"] is False


def test_archive_inside_another_repository_names_no_commit_of_it(bench: Bench, tmp_path: Path) -> None:
    """Its files may all be ignored there: nothing would look changed."""
    write(bench, ".gitignore", "inner/\n")
    bench.commit()
    inner = tmp_path / "inner"
    inner.mkdir()
    shutil.copytree(bench.project.root / "toy", inner / "toy")
    shutil.copy(bench.project.root / "pyproject.toml", inner)
    assert commit(inner) == ("", True)


def test_package_that_git_ignores_is_held_by_no_commit(bench: Bench) -> None:
    write(bench, ".gitignore", "toy/\n")
    bench.git("rm", "-rq", "--cached", "toy")
    head = bench.commit()
    assert commit(bench.project.root) == (head, True)


def test_without_a_repository_nothing_vouches(bench: Bench) -> None:
    shutil.rmtree(bench.project.root / ".git")
    assert commit(bench.project.root) == ("", True)
