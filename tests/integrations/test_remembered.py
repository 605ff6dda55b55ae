"""What is remembered from build to build, and forgotten."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mlblog.files.remembered import Remembered
from mlblog.integrations.speedup.written import Written


def test_what_a_build_had_no_use_for_is_forgotten_and_the_rest_kept_for_the_next_process(tmp_path: Path) -> None:
    made: list[str] = []
    remembered = Remembered(tmp_path / "kept.json")
    for keys in ("ab", "bc"):
        for key in keys:
            assert remembered.get(key, lambda key=key: made.append(key) or [key]) == [key]  # type: ignore[misc]
        remembered.end_build()
    remembered.save()
    again = Remembered(tmp_path / "kept.json")
    for key in "abc":
        again.get(key, lambda key=key: made.append(key))  # type: ignore[misc]
    assert made == ["a", "b", "c", "a"]


@pytest.mark.parametrize("content", ["", "{", "[]", "\udcff"])
def test_a_damaged_file_is_no_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "kept.json").write_text(content, errors="surrogateescape")
    assert Remembered(tmp_path / "kept.json").get("a", lambda: 1) == 1


def test_a_file_that_somebody_else_changed_or_removed_is_written_again(tmp_path: Path) -> None:
    written, site, page = Written(), tmp_path / "site", tmp_path / "site/page.html"
    site.mkdir()
    wrote: list[bytes] = []

    def write(content: bytes, path: str) -> None:
        wrote.append(content)
        Path(path).write_bytes(content)

    def build(content: bytes) -> None:
        written.begin(str(site))
        written.write(write, content, str(page))
        written.end()

    for content in (b"a", b"a", b"b"):
        build(content)
    assert wrote == [b"a", b"b"]
    page.write_bytes(b"mine")
    build(b"b")
    page.unlink()
    build(b"b")
    assert page.read_bytes() == b"b"
    assert len(wrote) == 4


def test_what_was_written_past_the_host_stays_and_what_was_not_goes(tmp_path: Path) -> None:
    written, site = Written(), tmp_path / "site"
    (site / "old").mkdir(parents=True)
    (site / "old/page.html").write_text("left")
    (site / ".hidden").write_text("left")
    time.sleep(0.02)  # a tick of the disk's clock
    written.begin(str(site))
    (site / "feed.xml").write_text("by a plugin")
    written.end()
    assert sorted(path.name for path in site.iterdir()) == [".hidden", "feed.xml"]
