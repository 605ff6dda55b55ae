"""Git is called in one way, and says in one way that it failed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from mlblog.errors import GitError, NoGit
from mlblog.files.git import Git, is_installed


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    root = tmp_path / "repository"
    root.mkdir()
    (root / "ä b.txt").write_text("one\n")
    for arguments in (
        ["init", "-q", "-b", "main"],
        ["config", "user.name", "t"],
        ["config", "user.email", "t@example.org"],
        ["add", "."],
        ["commit", "-qm", "First"],
    ):
        subprocess.run(["git", *arguments], cwd=root, check=True)
    return root


def test_what_git_prints_as_bytes_and_as_text(repository: Path) -> None:
    git = Git(repository)
    head = (repository / ".git/refs/heads/main").read_text().strip()
    assert git.run("rev-parse", "HEAD") == f"{head}\n".encode()
    assert git.text("rev-parse", "HEAD") == git.ask("rev-parse", "HEAD") == head
    assert git.text("ls-tree", "-z", "--name-only", "HEAD") == "ä b.txt\0"
    (repository / "ä b.txt").write_text("two\n")
    assert git.ask("status", "--porcelain", "-z") == " M ä b.txt\0"  # the space is part of it
    assert git.run("hash-object", "--stdin", given=b"one\n").decode() == git.run("rev-parse", "HEAD:ä b.txt").decode()


def test_a_name_that_is_not_utf8_is_as_python_has_it(repository: Path) -> None:
    name = os.fsdecode(b"\xff.txt")
    (repository / name).write_text("")
    assert Git(repository).text("ls-files", "--others", "-z") == f"{name}\0"


def test_variables_hold_for_one_caller(repository: Path, tmp_path: Path) -> None:
    beside = Git(repository, {"GIT_INDEX_FILE": str(tmp_path / "index")})
    assert beside.run("ls-files") == b""
    assert Git(repository).run("ls-files")
    assert beside.run("read-tree", "HEAD") == b""
    assert beside.run("ls-files") == Git(repository).run("ls-files")


def test_a_failure_has_gits_message_and_what_it_printed_before(repository: Path, tmp_path: Path) -> None:
    with pytest.raises(GitError, match="not a git repository") as failed:
        Git(tmp_path).run("status")
    assert not isinstance(failed.value, NoGit)
    with pytest.raises(GitError, match="no-such") as failed:
        Git(repository).run("rev-parse", "HEAD", "no-such", "--")
    assert len(failed.value.told.split(b"\n")[0]) == 40
    assert Git(tmp_path).ask("status") == ""
    assert Git(tmp_path / "missing").ask("status") == ""


def test_without_git(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_installed()
    monkeypatch.setenv("PATH", str(repository))
    assert not is_installed()
    with pytest.raises(NoGit, match="cannot be started"):
        Git(repository).run("status")
    assert Git(repository).ask("status") == ""


def test_looking_leaves_the_index_alone(repository: Path) -> None:
    index = repository / ".git/index"
    before = index.read_bytes()
    os.utime(repository / "ä b.txt", (1, 1))  # git would note the new time
    assert Git(repository).ask("status", "--porcelain") == ""
    assert index.read_bytes() == before
