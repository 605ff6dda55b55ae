"""A new blog installs mlblog from where it was installed itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from mlblog import __version__
from mlblog.scaffold.source import source

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def told(url: str, **info: object) -> str:
    return json.dumps({"url": url, **info})


@pytest.mark.parametrize(
    ("direct_url", "requirement"),
    [
        ("", f"mlblog[torch,site]>={__version__}"),
        (
            told("https://example.org/a/mlblog.git", vcs_info={"vcs": "git", "commit_id": COMMIT}),
            f"mlblog[torch,site] @ git+https://example.org/a/mlblog.git@{COMMIT}",
        ),
        (
            told("https://example.org/mlblog-0.1.0-py3-none-any.whl", archive_info={}),
            "mlblog[torch,site] @ https://example.org/mlblog-0.1.0-py3-none-any.whl",
        ),
    ],
    ids=["an index", "git", "a wheel on the web"],
)
def test_what_is_at_hand_everywhere_is_named(direct_url: str, requirement: str) -> None:
    found = source(direct_url)
    assert (found.requirement, found.wheel, found.doubt) == (requirement, None, "")


def test_a_wheel_goes_with_the_blog(tmp_path: Path) -> None:
    wheel = tmp_path / "a b" / "mlblog-0.1.0-py3-none-any.whl"
    wheel.parent.mkdir()
    wheel.write_bytes(b"wheel")
    found = source(told(wheel.as_uri(), archive_info={}))
    assert found.requirement == "mlblog[torch,site] @ {root:uri}/vendor/mlblog-0.1.0-py3-none-any.whl"
    found.copy_into(tmp_path / "blog")
    assert (tmp_path / "blog/vendor/mlblog-0.1.0-py3-none-any.whl").read_bytes() == b"wheel"
    wheel.unlink()
    assert "no longer there" in source(told(wheel.as_uri(), archive_info={})).doubt


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    done = subprocess.run(["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_checkout_is_named_by_its_remote_if_that_has_the_commit(tmp_path: Path) -> None:
    checkout, remote = tmp_path / "checkout", tmp_path / "remote"
    checkout.mkdir()
    git(checkout, "init", "-q", "-b", "main")
    git(checkout, "commit", "-q", "--allow-empty", "-m", "a")
    here = told(checkout.as_uri(), dir_info={"editable": True})
    assert source(here).requirement == f"mlblog[torch,site] @ {checkout.as_uri()}"
    assert source(here).doubt == f"{checkout} is on this machine alone"
    git(tmp_path, "init", "-q", "--bare", str(remote))
    git(checkout, "remote", "add", "origin", str(remote))
    git(checkout, "push", "-q", "origin", "main")
    git(checkout, "remote", "set-url", "origin", "https://example.org/mlblog.git")
    head = git(checkout, "rev-parse", "HEAD")
    assert source(here).requirement == f"mlblog[torch,site] @ git+https://example.org/mlblog.git@{head}"
    assert source(here).doubt == ""
    git(checkout, "commit", "-q", "--allow-empty", "-m", "not pushed")
    assert source(here).doubt == f"{checkout} is on this machine alone"
