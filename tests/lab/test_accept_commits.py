"""Old code comes from the commit that a record names, or the record is not accepted."""

from __future__ import annotations

import subprocess

import pytest
from accepted import REFACTORED, all_of, mutate, without_a_run
from workbench import Bench, write_mutated

from mlblog.lab.accepting.accept import accept, steps
from mlblog.lab.accepting.checkouts import Pasts
from mlblog.lab.records.acceptance import acceptances
from mlblog.lab.running.environment import commit


def test_code_in_no_commit_cannot_be_compared_with(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x + 1)")
    assert recorded("run", "with_absolute", "--scale", "smoke", "--executor", "inline").exit_code == 0
    recorded.edit("toy/losses.py", "return abs(x + 1)", "return abs(1 + x)")
    before = recorded.files()
    result = recorded("accept", "with_absolute")
    assert result.exit_code == 2
    assert "it was made by uncommitted code" in result.stderr
    assert recorded.files() == before


def test_commit_that_this_repository_does_not_have_is_named(recorded: Bench) -> None:
    mutate(recorded, "with_two", "environment", commit="0" * 40)
    recorded.edit("toy/losses.py", "return abs(x)", REFACTORED)
    result = recorded("accept", "with_two")
    assert result.exit_code == 2
    assert f"no commit '{'0' * 40}' here. Fetch it: git fetch origin {'0' * 40}" in result.stderr


def test_shallow_clone_is_told_how_to_get_the_commit(
    small: Bench, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    small.commit()
    clone = tmp_path_factory.mktemp("clone") / "blog"
    source = f"file://{small.project.root}"
    subprocess.run(["git", "clone", "-q", "--depth", "1", source, str(clone)], check=True, capture_output=True)
    monkeypatch.chdir(clone)
    result = small("accept", "with_two")
    assert result.exit_code == 2
    assert "This clone is shallow; fetch the rest: git fetch --unshallow" in result.stderr


def test_commit_without_the_experiment_is_named(small: Bench) -> None:
    (small.project.root / "toy/experiments/with_two.py").rename(small.project.root / "toy/experiments/moved.txt")
    commit = small.commit()
    (small.project.root / "toy/experiments/moved.txt").rename(small.project.root / "toy/experiments/with_two.py")
    mutate(small, "with_two", "environment", commit=commit)
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    result = small("accept", "with_two")
    assert result.exit_code == 2
    assert f"seed-0.json: commit {commit[:12]} has no experiment with_two" in result.stderr


def test_old_code_that_does_not_run_here_leaves_renewing(bench: Bench) -> None:
    (bench.project.root / ".gitignore").write_text("local.py\n.mlblog/\n__pycache__/\n", encoding="utf-8")
    (bench.project.root / "toy/local.py").write_text("ONE = 1\n", encoding="utf-8")
    bench.edit("toy/losses.py", "return abs(x)", "from toy.local import ONE\n    return abs(x) * ONE")
    bench.commit()
    assert bench("run", "with_two", "--scale", "small", "--executor", "inline").exit_code == 0
    bench.edit("toy/losses.py", "from toy.local import ONE\n    return abs(x) * ONE", REFACTORED)
    before = bench.files()
    result = bench("accept", "with_two")
    assert (result.exit_code, bench.files()) == (1, before)
    assert "no longer runs here (with_two smoke seed 0: ModuleNotFoundError" in result.stderr
    assert "run it again: mlblog run with_two" in result.stderr
    assert ".log" not in result.stderr


def test_code_that_was_committed_meanwhile_is_not_named_as_what_was_accepted(small: Bench) -> None:
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    head = small.commit()
    lab = small.lab
    since = commit(lab.project.root)
    with Pasts(lab.project) as pasts:
        planned = without_a_run(steps(lab, all_of(small, "with_two"), pasts))
        small.git("commit", "-q", "--allow-empty", "-m", "x")
        accept(lab, planned, since)
    (found,) = acceptances(all_of(small, "with_two")[0])
    assert (found.commit, found.dirty) == (head[:12], True)


def test_groups_of_other_commits_are_proved_apart(small: Bench) -> None:
    path = small.project.results / "with_absolute/small/base/seed-1.json"
    write_mutated(path, lambda body: body["environment"].update(commit=small.git("rev-parse", "HEAD")))
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    with Pasts(small.project) as pasts:
        planned = steps(small.lab, all_of(small, "with_absolute"), pasts)
    assert [[record.seed for record in step.records] for step in planned] == [[0], [1]]
    assert [bool(step.smoke) for step in planned] == [True, True]
