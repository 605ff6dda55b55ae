"""Code of a commit that holds an mlblog of its own is run by that one, whatever has moved since."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from workbench import Bench

import mlblog
from mlblog.errors import RunError
from mlblog.lab import Key
from mlblog.lab.accepting.checkouts import Pasts

KEY = Key("with_absolute", "small", {"slope": 2.0}, 1)


@pytest.fixture
def older(bench: Bench) -> Bench:
    """A commit with an mlblog whose worker knows nothing of ours, and whose executors lie elsewhere."""
    home = bench.project.root / "mlblog"
    shutil.copytree(
        Path(mlblog.__file__).parent, home, ignore=shutil.ignore_patterns("__pycache__", "scaffold", "data")
    )
    (home / "lab/worker.py").write_text("raise IndexError('another worker')\n", encoding="utf-8")
    shutil.move(home / "lab/running/executors", home / "lab/executors")
    for path in home.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("mlblog.lab.running.executors", "mlblog.lab.executors"), encoding="utf-8")
    bench.commit()
    return bench


def test_old_code_is_run_by_the_mlblog_of_its_commit(older: Bench) -> None:
    commit = older.git("rev-parse", "HEAD")
    shutil.rmtree(older.project.root / "mlblog")
    with Pasts(older.project) as pasts:
        past = pasts.at(commit)
        assert past.holds_mlblog
        record = past.run(KEY, "cpu")
    assert (record.key, record.values["loss"]) == (KEY, abs(5.0 + 0.5))
    assert record.arrays["curve"].tolist() == [0.0, 2.0, 4.0, 6.0]


def test_old_code_that_fails_says_why(older: Bench) -> None:
    older.edit("toy/losses.py", "return abs(x)", "return undefined")
    commit = older.commit()
    with Pasts(older.project) as pasts, pytest.raises(RunError, match="NameError"):
        pasts.at(commit).run(KEY, "cpu")
