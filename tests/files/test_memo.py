"""What a memo gives back is what was put last under the same digest, whole, or nothing."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlblog.files.made_by import made_by, version
from mlblog.files.memo import Memo

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
texts = st.text(st.characters(exclude_categories=[]))  # lone surrogates, too
values = st.recursive(scalars | texts, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=9)
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@in_one_folder
@given(texts, values)
def test_a_value_comes_back_under_its_digest_and_under_no_other(tmp_path: Path, valid: str, value: object) -> None:
    memo = Memo(tmp_path / "below" / "kept.json")
    memo.put(valid, value)
    assert Memo(tmp_path / "below" / "kept.json").get(valid) == value
    assert memo.get(f"{valid}\n") is None
    assert memo.get("another") is None or valid == "another"


@in_one_folder
@given(st.data())
def test_a_file_that_is_torn_or_altered_is_as_if_absent(tmp_path: Path, data: st.DataObject) -> None:
    file = tmp_path / "kept.json"
    Memo(file).put("a", {"numbers": [1, 2, 3], "text": "x" * 40})
    whole = file.read_bytes()
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    at, other = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 255))
    altered = whole[:at] + bytes([other]) + whole[at + 1 :]
    for content in (cut, cut + bytes(len(whole) - len(cut)), altered, data.draw(st.binary()), whole + b" "):
        file.write_bytes(content)
        assert Memo(file).get("a") is None or content == whole


def test_a_value_is_made_once_for_each_digest(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> int:
        made.append(len(made))
        return made[-1]

    memo = Memo(tmp_path / "kept.json")
    assert [memo.value(valid, make) for valid in "aabba"] == [0, 0, 1, 1, 2]
    (tmp_path / "kept.json").unlink()
    assert memo.value("a", make) == 3


def test_without_a_file_nothing_is_kept() -> None:
    memo = Memo(None)
    memo.put("a", 1)
    assert memo.get("a") is None


def test_a_place_that_cannot_be_written_keeps_nothing_and_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder.json").mkdir()
    for place in (tmp_path / "file" / "kept.json", tmp_path / "folder.json"):
        Memo(place).put("a", 1)
        assert Memo(place).get("a") is None


def test_what_is_not_json_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        Memo(tmp_path / "kept.json").put("a", {1, 2})


def test_of_writers_at_the_same_time_one_wins_as_a_whole(tmp_path: Path) -> None:
    file = tmp_path / "kept.json"
    sizes = {"a": 3, "b": 70_000, "c": 1_000}
    done = threading.Event()

    def write(valid: str) -> None:
        while not done.is_set():
            Memo(file).put(valid, [valid] * sizes[valid])

    writers = [threading.Thread(target=write, args=(valid,)) for valid in sizes]
    for writer in writers:
        writer.start()
    seen: list[str] = []
    try:
        while len(seen) < 200:
            for valid, size in sizes.items():
                if (found := Memo(file).get(valid)) is not None:
                    assert found == [valid] * size
                    seen.append(valid)
    finally:
        done.set()
        for writer in writers:
            writer.join()
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]


def test_what_makes_a_value_is_python_sources_and_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, other = tmp_path / "a.py", tmp_path / "b.py"
    source.write_text("1")
    other.write_text("2")
    found = [
        made_by(),
        made_by(str(source)),
        made_by(str(other)),
        made_by(str(source), str(other)),
        made_by(str(source), libraries=("numpy",)),
        made_by(libraries=("numpy",)),
        made_by(libraries=("no-such-library",)),
    ]
    monkeypatch.setattr(sys, "version", "4.0")
    made_by.cache_clear()
    found.append(made_by())
    source.write_text("3")
    found.append(made_by(str(source)))
    made_by.cache_clear()
    assert len(set(found)) == len(found)


def test_a_library_that_is_not_installed_has_no_version() -> None:
    import numpy

    assert version("numpy") == numpy.__version__
    assert version("no-such-library") is None
