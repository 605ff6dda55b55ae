"""What macOS lacks, or does otherwise, as far as Linux can show it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mlblog.lab.observing import asking
from mlblog.press.kernel import snapshot, workers


def test_an_open_file_is_named_without_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = os.fsencode(tmp_path / "data.txt")
    (tmp_path / "data.txt").touch()

    def links(path: str) -> str:
        raise FileNotFoundError(path)

    def asked(descriptor: int, command: int, room: bytes) -> bytes:
        assert command == 50
        return named.ljust(len(room), b"\0")

    monkeypatch.setattr(os, "readlink", links)
    with open(tmp_path / "data.txt") as file:
        assert asking.name_of(file.fileno()) is None
        monkeypatch.setattr(asking, "_GET_PATH", 50)  # F_GETPATH
        monkeypatch.setattr(fcntl, "fcntl", asked)
        assert asking.name_of(file.fileno()) == os.fsdecode(named)


def test_a_path_below_an_open_folder_is_found_without_proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data.txt").touch()
    listed = os.listdir

    def elsewhere(path: str) -> list[str]:
        if path == "/proc/self/fd":
            raise FileNotFoundError(path)
        return listed(path)

    monkeypatch.setattr(os, "listdir", elsewhere)
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        assert asking.below_descriptor("data.txt") == str(tmp_path / "data.txt")
    finally:
        os.close(folder)


def test_the_end_of_a_fork_is_seen_without_waitid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "waitid")
    assert snapshot._has_children()  # perhaps: no snapshot is made
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert child.stdin is not None
    assert workers._is_running(child.pid)
    child.stdin.close()
    end = time.monotonic() + 20
    while workers._is_running(child.pid):
        assert time.monotonic() < end
    with pytest.raises(ChildProcessError):
        workers._is_running(child.pid)
    child.wait()
