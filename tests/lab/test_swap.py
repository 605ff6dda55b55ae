"""Files are changed all or none, even if Ctrl-C comes in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlblog.lab.renaming.swap import Swap


def tree(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mode) for path in files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old").mkdir()
    for name, content in (("a", b"1"), ("b", b"2"), ("old/c", b"3")):
        (tmp_path / name).write_bytes(content)
    (tmp_path / "a").chmod(0o600)
    return tmp_path


def change(doing: Swap, folder: Path) -> None:
    doing.write(folder / "a", b"one")
    doing.write(folder / "a", b"uno")
    doing.write(folder / "b", b"two")
    doing.move(folder / "old", folder / "far" / "new")


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError, SystemExit])
def test_error_at_the_end_puts_everything_back(folder: Path, error: type[BaseException]) -> None:
    before = tree(folder)

    def interrupted() -> None:
        with Swap() as doing:
            change(doing, folder)
            raise error

    with pytest.raises(error):
        interrupted()
    assert tree(folder) == before


def test_end_without_error_keeps_everything(folder: Path) -> None:
    with Swap() as doing:
        change(doing, folder)
    found = {name: content for name, (content, _) in tree(folder).items()}
    assert found == {"a": b"uno", "b": b"two", "far/new/c": b"3"}
    assert (folder / "a").stat().st_mode & 0o777 == 0o600
