"""What a machine lacks is named, with what to do about it."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from filelock import FileLock

from mlblog import doctor
from mlblog.cli import main
from mlblog.lab import Project

Make = Callable[[dict[str, str]], Project]


@pytest.mark.parametrize(
    ("finding", "state", "words"),
    [
        (doctor.python((3, 11, 5)), "fine", "3.11.5"),
        (doctor.python((3, 14, 0)), "fine", "3.14.0"),
        (doctor.python((3, 11, 4)), "missing", "needs Python 3.11.5"),
        (doctor.click("8.2.1"), "fine", "8.2.1"),
        (doctor.click("8.3.0"), "missing", "pip install 'click!=8.3.0,!=8.3.1'"),
        (doctor.click("8.3.1"), "missing", "misses edits"),
        (doctor.torch(None, 0), "missing", "pip install 'mlblog[torch]'"),
        (doctor.torch("2.6.0+cpu", 0), "note", "no GPU"),
        (doctor.torch("2.6.0+cpu", 2), "missing", "install the CUDA build"),
        (doctor.torch("2.6.0+cu126", 2), "fine", "2 GPUs"),
        (doctor.site(lambda name: "1.6.1"), "fine", "MkDocs 1.6.1"),
        (doctor.site(lambda name: None if name == "jupytext" else "1.6.1"), "missing", "no jupytext"),
        (doctor.site(lambda name: "2.0.0"), "missing", "'mkdocs>=1.6.1,<2'"),
    ],
)
def test_each_check(finding: doctor.Finding, state: str, words: str) -> None:
    assert finding.state == state
    assert words in f"{finding.told} {finding.cure}"
    assert bool(finding.cure) == (state != "fine")


def test_browser_that_is_named_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CHROMIUM", raising=False)
    assert doctor.chromium().state == "note"
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "chromium"))
    assert doctor.chromium().state == "missing"
    (tmp_path / "chromium").touch()
    assert doctor.chromium().state == "fine"


def test_git_is_followed_from_nothing_to_a_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "global"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    assert "is not in a repository" in doctor.git(tmp_path).told
    git("init", "-q")
    assert "no user.name and no user.email" in doctor.git(tmp_path).told
    git("config", "user.name", "A")
    assert doctor.git(tmp_path).cure == 'git config --global user.email "…"'
    git("config", "user.email", "a@example.org")
    assert doctor.git(tmp_path).told == "no commit yet"
    git("commit", "-q", "--allow-empty", "-m", "x")
    assert doctor.git(tmp_path) == doctor.Finding("git", "fine", "A <a@example.org>")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert doctor.git(tmp_path).told == "not installed"


def test_lock_that_is_held_is_told_and_one_that_lies_about_is_not(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/records.lock").touch()
    assert list(doctor.locks(tmp_path)) == []
    with FileLock(tmp_path / "locks/records.lock"):
        (held,) = doctor.locks(tmp_path)
        assert (held.state, held.told) == ("note", "records.lock is held")
        (old,) = doctor.locks(tmp_path, now=lambda: time.time() + 3 * 3600)
        assert "held for 3.0 hours" in old.told
    assert list(doctor.locks(tmp_path)) == []


def test_space_counts_what_is_used(tmp_path: Path) -> None:
    (tmp_path / ".mlblog").mkdir()
    (tmp_path / ".mlblog/cache").write_bytes(b"x" * 3 * 2**20)
    assert "3 MiB used in .mlblog" in doctor.space(tmp_path / ".mlblog").told
    assert "used" not in doctor.space(tmp_path / "none/.mlblog").told


def test_command_fails_where_something_is_missing(make_project: Make, tmp_path: Path) -> None:
    make_project({})
    result = CliRunner().invoke(main, ["doctor", "--json"])
    found = {one["name"]: one for one in json.loads(result.stdout)}
    assert set(found) >= {"project", "python", "click", "torch", "site", "fonts", "chromium", "git", "space"}
    assert result.exit_code == (1 if any(one["state"] == "missing" for one in found.values()) else 0)
    assert found["project"]["state"] == "fine"
    table = CliRunner().invoke(main, ["doctor"]).stdout
    assert all(one["do"] in table for one in found.values())


def test_outside_of_a_blog_it_says_how_to_begin_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLBLOG_ROOT", raising=False)
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    assert "MISSING  project" in result.stdout
    assert "mlblog init DIR" in result.stdout
    assert result.stdout.splitlines()[-1].endswith(" missing")
