"""A record comes back as it was written, and nothing in it can be changed unseen."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlblog.errors import RecordError
from mlblog.lab.records.record import Key, Record

names = st.text("abcdefgh_", min_size=1, max_size=6)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.dictionaries(names, scalars | st.lists(scalars, max_size=3), max_size=3)
arrays = hnp.arrays(
    st.sampled_from([np.float64, np.float32, np.int64, np.uint8, np.bool_]), hnp.array_shapes(max_side=4)
)
made = st.builds(
    Record,
    experiment=names,
    scale=st.sampled_from(["smoke", "small", "full"]),
    overrides=values,
    params=values,
    seed=st.integers(0, 2**32 - 1),
    values=values,
    arrays=st.dictionaries(names, arrays, max_size=3),
    manifest=st.dictionaries(names, names, max_size=3),
    data=st.dictionaries(names, names, max_size=3),
    environment=values,
)


def record(**changes: object) -> Record:
    fields: dict[str, object] = {
        "experiment": "solver", "scale": "small", "overrides": {}, "params": {"n": 3}, "seed": 1,
        "values": {"exact": 0.5}, "arrays": {"by_length": np.arange(5.0)}, "manifest": {"pkg.f": "00"},
        "data": {}, "environment": {"seconds": 2.0},
    }  # fmt: skip
    return Record(**{**fields, **changes})  # type: ignore[arg-type]


@given(made)
def test_round_trip(written: Record) -> None:
    text, content = written.files
    read = Record.from_files(text, lambda _: content, "here.json")
    assert read.files == (text, content)
    assert (read.key, read.values, read.params) == (written.key, written.values, written.params)
    assert read.arrays.keys() == written.arrays.keys()
    for name, array in written.arrays.items():
        assert read.arrays[name].dtype == array.dtype
        np.testing.assert_array_equal(read.arrays[name], array)


@given(st.data())
def test_any_changed_byte_is_noticed(data: st.DataObject) -> None:
    text, content = record().files
    which = data.draw(st.sampled_from(["text", "arrays"]))
    original = text if which == "text" else content
    position = data.draw(st.integers(0, len(original) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b != original[position]))
    damaged = original[:position] + bytes([byte]) + original[position + 1 :]
    if which == "text" and _same_json(damaged, original):
        return  # white space between tokens carries nothing
    with pytest.raises(RecordError, match=r"^here\.json: "):
        Record.from_files(
            *((damaged, lambda _: content) if which == "text" else (text, lambda _: damaged)), "here.json"
        )


def _same_json(first: bytes, second: bytes) -> bool:
    try:
        return bool(json.loads(first) == json.loads(second))
    except ValueError:
        return False


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"schema": 2}, "schema 2; this mlblog reads schema 1"),
        ({"schema": None}, "schema None"),
        ({"values": {"exact": 0.9}}, "edited or damaged"),
        ({"environment": {"seconds": 1.0}}, "edited or damaged"),
        ({"seed": -1}, "`seed`"),
        ({"seed": True}, "`seed`"),
        ({"scale": "huge"}, "`scale`"),
        ({"experiment": "../etc"}, "`experiment`"),
        ({"overrides": {"../x": 1}}, "`overrides`"),
        ({"values": {"exact": {}}}, "`values`"),
        ({"manifest": {"f": 1}}, "`manifest`"),
        ({"arrays": 3}, "`arrays`"),
        ({"arrays": "../../elsewhere/x"}, "`arrays`"),
        ({"schema": True}, "schema True"),
        ({"experiment": "a" * 101}, "`experiment`"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_wrong_with_a_record_is_said(change: dict[str, object], message: str) -> None:
    text, content = record().files
    changed = json.dumps(json.loads(text) | change).encode()
    with pytest.raises(RecordError, match=message):
        Record.from_files(changed, lambda _: content, "here.json")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"3", b"\xff", b'{"schema": NaN}', b"[" * 100_000])
def test_what_is_not_a_record_is_refused(text: bytes) -> None:
    with pytest.raises(RecordError, match=r"^here\.json: "):
        Record.from_files(text, lambda _: b"", "here.json")


@pytest.mark.parametrize("style", ["merge", "diff3"])
def test_record_in_conflict_says_how_to_resolve_it(tmp_path: Path, style: str) -> None:
    def git(*arguments: str) -> int:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", f"merge.conflictStyle={style}")
        return subprocess.run(["git", "-C", str(tmp_path), *who, *arguments], capture_output=True).returncode

    file = tmp_path / "here.json"
    git("init", "-q", "-b", "main")
    for branch, value in (("main", 0.1), ("side", 0.2), ("main", 0.3)):
        if branch == "side" or value == 0.3:
            git("checkout", "-q", *(["-b"] if branch == "side" else []), branch)
        file.write_bytes(record(values={"exact": value}).files[0])
        git("add", ".")
        assert git("commit", "-q", "-m", "x") == 0
    assert git("merge", "-q", "side") == 1
    with pytest.raises(RecordError, match=r"^here\.json: .*merge conflict markers\. Choose one side, with git"):
        Record.from_files(file.read_bytes(), lambda _: b"", "here.json")
    assert git("checkout", "--theirs", "here.json") == 0
    content = record(values={"exact": 0.2}).files[1]
    assert Record.from_files(file.read_bytes(), lambda _: content, "here.json").values == {"exact": 0.2}


def test_lists_that_are_too_deep_are_refused() -> None:
    text, content = record().files
    deep = text.replace(b'"exact": 0.5', b'"exact": ' + b"[" * 480 + b"]" * 480)
    assert deep != text
    with pytest.raises(RecordError, match=r"^here\.json: .*recursion"):
        Record.from_files(deep, lambda _: content, "here.json")


def test_number_that_is_not_finite_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        _ = record(values={"loss": float("nan")}).files


@pytest.mark.parametrize(
    ("overrides", "folder"),
    [
        ({}, "base"),
        ({"memory": "last", "heads": 1}, "heads=1,memory=last"),
        ({"rate": 3e-4, "ties": False}, "rate=0.0003,ties=false"),
    ],
)
def test_path_says_which_run(overrides: dict[str, object], folder: str) -> None:
    assert Key("solver", "small", overrides, 2).stem == f"solver/small/{folder}/seed-2"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"x": 1}, {"x": "1"}),
        ({"x": True}, {"x": "true"}),
        ({"x": True}, {"x": 1}),
        ({"x": 1}, {"x": 1.0}),
        ({"x": None}, {"x": "null"}),
        ({"x": "a,y=b"}, {"x": "a", "y": "b"}),
        ({"x": [1]}, {"x": "[1]"}),
        ({"x": "a"}, {"x": ""}),
    ],
)
def test_different_runs_have_different_paths(first: dict[str, object], second: dict[str, object]) -> None:
    one, other = Key("solver", "small", first, 0), Key("solver", "small", second, 0)  # type: ignore[arg-type]
    assert one.stem != other.stem
    assert one != other
    assert one == Key("solver", "small", dict(first), 0)  # type: ignore[arg-type]


@given(values, values)
def test_paths_tell_overrides_apart(first: dict[str, object], second: dict[str, object]) -> None:
    same = json.dumps(first, sort_keys=True) == json.dumps(second, sort_keys=True)
    one, other = Key("solver", "small", first, 0), Key("solver", "small", second, 0)  # type: ignore[arg-type]
    assert (one.stem == other.stem) is (one == other) is same


@pytest.mark.parametrize("value", ["a/b", "..", "a b", "x" * 200, [1, 2], "ü", "a\nb"])
def test_override_that_makes_no_sound_path_is_named_by_digest(value: object) -> None:
    group = Key("solver", "small", {"x": value}, 0).group  # type: ignore[dict-item]
    assert group.startswith("x-")
    assert group.removeprefix("x-").isalnum()
    assert group != Key("solver", "small", {"x": "other/"}, 0).group
