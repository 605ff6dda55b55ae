"""A mark is the same while a file is left alone, and another after each change that a reader could notice."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mlblog.files.state import is_settled, mark, mark_of, marks

OLD = 10**18  # in 2001


def rewritten(file: Path) -> None:
    file.write_text("other")


def grown(file: Path) -> None:
    file.write_text("longer text")


def replaced(file: Path) -> None:
    (file.parent / "new").write_text("other")
    (file.parent / "new").rename(file)


def rewritten_with_its_old_time(file: Path) -> None:
    file.write_text("other")
    os.utime(file, ns=(OLD, OLD))


@pytest.mark.parametrize("change", [rewritten, grown, replaced, rewritten_with_its_old_time])
def test_a_change_gives_another_mark(tmp_path: Path, change: Callable[[Path], None]) -> None:
    file = tmp_path / "a.txt"
    file.write_text("first")
    os.utime(file, ns=(OLD, OLD))
    before = mark(file)
    file.read_text()
    assert mark(file) == before == mark_of(os.stat(file))
    time.sleep(0.02)  # a tick of the disk's clock
    change(file)
    assert mark(file) != before


def test_what_is_not_there_has_no_mark(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("")
    assert mark(tmp_path / "b") is None
    assert mark(tmp_path / "a" / "b") is None
    assert marks([tmp_path / "a", str(tmp_path / "b")]) == {str(tmp_path / "a"): mark(tmp_path / "a")}


def test_a_file_is_settled_two_seconds_after_its_last_change_whatever_its_time_says(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_text("first")
    os.utime(file, ns=(OLD, OLD))
    now, found = time.time_ns(), mark(file)
    assert found is not None
    assert not is_settled(found, now)
    assert not is_settled(found, now + 1_000_000_000)
    assert is_settled(found, now + 3_000_000_000)
    os.utime(file, ns=(now + 60 * 10**9,) * 2)  # a clock that is ahead
    ahead = mark(file)
    assert ahead is not None
    assert not is_settled(ahead, now + 3_000_000_000)
