"""Commands that only look work where nothing can be written: their cache is a help and no need."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from workbench import Bench

LOOKING = (("status",), ("status", "--json"), ("check",), ("why", "with_huber"), ("gc",), ("goals", "status"))


def _file_for_folder(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.project.work.write_text("", encoding="utf-8")


def _dangling_link(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.project.work.symlink_to("/nonexistent/folder")


def _fails(number: int) -> Callable[[Bench, pytest.MonkeyPatch], None]:
    def change(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any, **__: Any) -> NoReturn:
            raise OSError(number, os.strerror(number))

        for owner, name in ((tempfile, "mkstemp"), (os, "mkdir"), (os, "replace")):
            monkeypatch.setattr(owner, name, refuse)

    return change


def answers(bench: Bench) -> list[tuple[int, str, str]]:
    found = (bench(*command) for command in LOOKING)
    return [(result.exit_code, result.stdout, result.stderr) for result in found]


@pytest.mark.parametrize(
    "change", [_file_for_folder, _dangling_link, _fails(errno.EROFS), _fails(errno.ENOSPC), _fails(errno.EACCES)]
)
def test_answers_are_those_of_a_checkout_that_can_be_written(
    recorded: Bench, monkeypatch: pytest.MonkeyPatch, change: Callable[[Bench, pytest.MonkeyPatch], None]
) -> None:
    (recorded.project.posts / "goals").mkdir(parents=True)
    (recorded.project.posts / "goals/2026-W47.md").write_text("- [x] `with_huber`\n", encoding="utf-8")
    recorded.edit("toy/losses.py", "x * x / 2", "x * x / 3")
    shutil.rmtree(recorded.project.work)
    expected = answers(recorded)
    assert [code for code, *_ in expected] == [1, 1, 1, 1, 0, 1]
    shutil.rmtree(recorded.project.work)
    change(recorded, monkeypatch)
    assert answers(recorded) == expected


@pytest.mark.parametrize("command", [("goals", "tick", "walk"), ("goals", "start"), ("pack", "x.pack"), ("compile",)])
def test_what_has_to_write_says_that_it_cannot(
    recorded: Bench, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    (recorded.project.posts / "goals").mkdir(parents=True)
    (recorded.project.posts / "goals/2020-W50.md").write_text("- [ ] walk\n", encoding="utf-8")
    _fails(errno.ENOSPC)(recorded, monkeypatch)
    result = recorded(*command)
    assert result.exit_code == 1
    assert result.stderr.endswith("No space left on device; the command stopped\n")


def test_on_a_file_system_that_is_read_only(recorded: Bench, mlblog: Callable[..., Any]) -> None:
    shutil.rmtree(recorded.project.work)
    root = str(recorded.project.root)
    try:
        subprocess.run(["mount", "--bind", root, root], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no right to mount here")
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", root], check=True, capture_output=True)
        with pytest.raises(OSError, match="Read-only"):
            Path(root, "x").touch()
        found = [mlblog(*command) for command in (("status",), ("check",), ("why", "with_huber"), ("gc",))]
    finally:
        subprocess.run(["umount", "--lazy", root], check=True, capture_output=True)
    assert [(done.returncode, done.stderr) for done in found] == [(0, "")] * 4
