"""Packs carry records unchanged; one made to harm is refused, by name, and changes nothing anywhere."""

from __future__ import annotations

import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forging import MAGIC, bundle, forge, parts, with_index
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_record import made
from workbench import Bench

from mlblog.errors import RecordError
from mlblog.lab.records.pack import pack, unpack
from mlblog.lab.records.record import Record


@given(st.lists(made, min_size=1, max_size=4, unique_by=lambda record: record.key.stem))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None, max_examples=30
)
def test_round_trip(tmp_path: Path, written: list[Record]) -> None:
    path = tmp_path / "some.pack"
    assert pack(written, path) == len(written)
    read = unpack(path)
    assert sorted(record.files for record in read) == sorted(record.files for record in written)
    first = path.read_bytes()
    pack(reversed(read), path)
    assert path.read_bytes() == first, "the same records make the same file"


@pytest.fixture
def packed(recorded: Bench) -> Path:
    """All ten records in a file outside the project's results, and the store without them."""
    path = recorded.project.root / "all.pack"
    assert recorded("pack", "all.pack").stdout == "10 records in all.pack\n"
    for file in recorded.project.results.rglob("*"):
        if file.is_file():
            file.unlink()
    return path


def test_records_arrive_as_they_were(recorded: Bench) -> None:
    before = recorded.files()
    assert recorded("pack", "two.pack", "with_two", "with_none").stdout == "2 records in two.pack\n"
    for name in ("with_two", "with_none"):
        (recorded.project.results / name / "smoke/base/seed-0.json").unlink()
    result = recorded("unpack", "two.pack")
    assert (result.exit_code, result.stdout.splitlines()) == (
        0, ["with_none/smoke/base/seed-0.json", "with_two/smoke/base/seed-0.json"],
    )  # fmt: skip
    assert recorded.files() == before


def test_stale_records_are_left_out_and_kept_out(recorded: Bench) -> None:
    assert recorded("pack", "old.pack", "with_two").exit_code == 0
    recorded.edit("toy/losses.py", "return abs(x)", "return -x")
    before = recorded.files()
    refused = recorded("unpack", "old.pack")
    assert refused.exit_code == 2
    assert "old.pack: record 1: with_two smoke seed 0 was made by other code: toy.losses.absolute" in refused.stderr
    assert recorded.files() == before
    assert "nothing to pack" in recorded("pack", "new.pack", "with_two").stderr
    assert recorded("pack", "new.pack", "with_two", "with_none").stdout.endswith("; 1 stale ones left out\n")
    assert recorded("unpack", "old.pack", "--any").exit_code == 0


def _other_value(text: bytes) -> bytes:
    return forge(text, values={**json.loads(text)["values"], "loss": 11.5})


def _other_clock(text: bytes) -> bytes:
    return forge(text, values={**json.loads(text)["values"], "clock": 3.5})


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_other_value, "other values: loss 10.0 here, 11.5 in the pack"),
        (_other_clock, "the same values, from another run"),
        (lambda text: forge(text, environment={}), "other values: clock"),
    ],
)
def test_fresh_record_is_replaced_only_where_that_is_asked_for(
    recorded: Bench, change: Callable[[bytes], bytes], told: str
) -> None:
    assert recorded("pack", "two.pack", "with_two", "with_none").exit_code == 0
    file = recorded.project.root / "two.pack"
    found = dict(zip(("with_none", "with_two"), parts(file.read_bytes()), strict=True))
    (text, arrays), before = found["with_two"], recorded.files()
    if "clock" in told:
        text = _other_clock(text)  # which then nobody calls measured, neither there …
        base = recorded.project.results / "with_two/smoke/base/seed-0.json"
        base.write_bytes(forge(base.read_bytes(), environment={}))  # … nor here
        before = recorded.files()
    file.write_bytes(bundle([found["with_none"], (change(text), arrays)]))
    refused = recorded("unpack", "two.pack")
    assert (refused.exit_code, refused.stdout, recorded.files()) == (2, "", before)
    assert refused.stderr.startswith("mlblog: two.pack: these records are fresh here. Nothing was imported; --replace")
    assert f"\n  with_two smoke seed 0: {told}" in refused.stderr
    assert "with_none" not in refused.stderr

    taken = recorded("unpack", "two.pack", "--replace")
    lines = taken.stdout.splitlines()
    assert lines[0] == "with_none/smoke/base/seed-0.json: already here"
    assert lines[1].startswith(f"with_two/smoke/base/seed-0.json: replaced a fresh record; {told}")
    assert recorded.files()["with_two/smoke/base/seed-0.json"] == change(text)
    again = recorded("unpack", "two.pack")
    assert again.stdout.count(": already here\n") == 2


def test_stale_and_broken_records_are_replaced_as_that_is_what_a_pack_is_for(recorded: Bench) -> None:
    assert recorded("pack", "all.pack").exit_code == 0
    for path in recorded.project.results.rglob("with_two/**/*.json"):
        path.write_bytes(forge(path.read_bytes(), manifest={}))
    (recorded.project.results / "with_none/smoke/base/seed-0.json").write_text("{}", encoding="utf-8")
    result = recorded("unpack", "all.pack")
    assert (result.exit_code, result.stdout.count("already here"), "in place" in result.stdout) == (0, 8, False)


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir, lambda path: os.symlink("/dev/zero", path)])
def test_what_is_no_file_is_neither_read_nor_written(recorded: Bench, make: Callable[[Path], None]) -> None:
    path = recorded.project.root / "odd.pack"
    make(path)
    for command in ("unpack", "pack"):
        result = recorded(command, "odd.pack")
        assert (result.exit_code, result.stdout) == (2, "")
        assert "not a regular file" in result.stderr or "is a directory" in result.stderr
    assert not path.is_file()


def test_large_file_that_is_no_pack_is_refused_at_once(recorded: Bench) -> None:
    for head in (b"", MAGIC + (2).to_bytes(8, "little") + b"[]"):
        with (recorded.project.root / "huge.pack").open("wb") as file:
            file.write(head)
            file.truncate(2**40)
        result = recorded("unpack", "huge.pack")
        assert (result.exit_code, result.stdout) == (2, "")


def test_target_that_is_a_link_is_replaced_not_followed(recorded: Bench) -> None:
    outside = recorded.project.root / "outside"
    outside.write_text("precious", encoding="utf-8")
    (recorded.project.root / "link.pack").symlink_to(outside)
    assert recorded("pack", "link.pack", "with_two").exit_code == 0
    assert outside.read_text(encoding="utf-8") == "precious"
    assert unpack(recorded.project.root / "link.pack")


def _edit(**changes: Any) -> Callable[[bytes], bytes]:
    """Change fields of the first record, with an id that fits."""

    def change(content: bytes) -> bytes:
        (text, arrays), *rest = parts(content)
        return bundle([(forge(text, **changes), arrays), *rest])

    return change


def _arrays(new: bytes) -> Callable[[bytes], bytes]:
    """Give the first record these arrays, with digests that fit."""

    def change(content: bytes) -> bytes:
        from mlblog.files.canonical import digest

        (text, _), *rest = parts(content)
        return bundle([(forge(text, arrays=digest("arrays", new) if new else ""), new), *rest])

    return change


def _first(change: Callable[[bytes, bytes], tuple[bytes, bytes]]) -> Callable[[bytes], bytes]:
    return lambda content: bundle([change(*parts(content)[0]), *parts(content)[1:]])


class _Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path("harm").touch, ())


def _header(**fields: Any) -> bytes:
    head = json.dumps(fields).encode()
    return len(head).to_bytes(8, "little") + head + b"\0" * 16


HOSTILE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "empty": (lambda c: b"", "not a pack of records"),
    "another magic": (lambda c: c.replace(b"pack 1", b"pack 2", 1), "not a pack of records"),
    "a zip": (lambda c: b"PK\x03\x04" + c, "not a pack of records"),
    "cut short": (lambda c: c[:-1], "the file is truncated"),
    "cut in the index": (lambda c: c[:40], "index is broken"),
    "something after the end": (lambda c: c + b"x", "bytes but its index says"),
    "an index of terabytes": (lambda c: MAGIC + (2**42).to_bytes(8, "little") + c, "its index claims"),
    "an index that is no list": (lambda c: with_index(c, b"3"), "index is broken"),
    "an index of objects": (lambda c: with_index(c, b'[{"a": 1, "b": 2}]'), "index is broken"),
    "an index with infinity": (lambda c: with_index(c, b"[[Infinity, 1]]"), "index is broken"),
    "an index with 1e999": (lambda c: with_index(c, b"[[1e999, 1]]"), "index is broken"),
    "an index with halves": (lambda c: with_index(c, b"[[0.5, 1]]"), "index is broken"),
    "an index too deep": (lambda c: with_index(c, b"[" * 100_000), "index is broken"),
    "a record of terabytes": (lambda c: with_index(c, b"[[10, 10000000000000]]"), "are not sizes of a record"),
    "a negative size": (lambda c: with_index(c, b"[[10, -10]]"), "are not sizes of a record"),
    "sizes that lie": (lambda c: with_index(c, json.dumps([[len(a) + 1, len(b) - 1] for a, b in parts(c)]).encode()),
                       "record 1: not JSON"),
    "a million records": (lambda c: with_index(c, json.dumps([[1, 0]] * 100_001).encode()), "claims 100001 records"),
    "a record twice": (lambda c: bundle([*parts(c), parts(c)[0]]), "record 11: duplicate record"),
    "a path for a name": (_edit(experiment="../../../outside/x"), "record 1: `experiment` is not a name"),
    "an absolute path": (_edit(experiment="/tmp/x"), "record 1: `experiment` is not a name"),
    "a name with a zero": (_edit(experiment="a\0b"), "record 1: `experiment` is not a name"),
    "a name too long": (_edit(experiment="a" * 5000), "record 1: `experiment` is not a name"),
    "a path for a parameter": (_edit(overrides={"../x": 1}), "record 1: `overrides`"),
    "a path for a scale": (_edit(scale="../full"), "record 1: `scale`"),
    "a path for a digest": (_edit(arrays="../../x"), "record 1: `arrays` is not a digest"),
    "another schema": (_edit(schema=2), "record 1: schema 2"),
    "a field more": (_edit(command="rm"), "record 1: missing or unknown fields: command"),
    "a seed too large": (_edit(seed=2**32), "record 1: `seed`"),
    "an object for a value": (_edit(values={"loss": {"$ref": "x"}}), "record 1: `values`"),
    "an edited value": (_first(lambda t, a: (t.replace(b'"slope": 1.0', b'"slope": 2.0'), a)), "record 1: .* edited"),
    "NaN": (_first(lambda t, a: (t.replace(b'"slope": 1.0', b'"slope": NaN'), a)), "record 1: not JSON: NaN"),
    "1e999": (_first(lambda t, a: (t.replace(b'"slope": 1.0', b'"slope": 1e999'), a)), "record 1: .*JSON compliant"),
    "half a surrogate": (_first(lambda t, a: (t.replace(b'"toy.', b'"\\ud800.', 1), a)), "record 1: .*surrogates"),
    "no arrays where some are named": (_first(lambda t, a: (t, b"")), "record 1: the .safetensors file"),
    "other arrays": (_first(lambda t, a: (t, a[:-1] + b"x")), "record 1: the .safetensors file"),
    "arrays that are not named": (_first(lambda t, a: (forge(t, arrays=""), a)), "record 1: arrays not listed"),
    "a pickle for arrays": (_arrays(pickle.dumps(_Harm())), "record 1: the arrays are not a safetensors file"),
    "a NumPy archive": (_arrays(b"PK\x03\x04" + b"\0" * 40), "record 1: the arrays are not"),
    "arrays of Python objects": (
        _arrays(_header(a={"dtype": "O", "shape": [2], "data_offsets": [0, 16]})), "record 1: the arrays are not",
    ),
    "arrays that overlap": (
        _arrays(_header(a={"dtype": "F64", "shape": [2], "data_offsets": [0, 16]},
                        b={"dtype": "F64", "shape": [1], "data_offsets": [8, 16]})), "record 1: the arrays are not",
    ),
    "arrays larger than the file": (
        _arrays(_header(a={"dtype": "F64", "shape": [2**40], "data_offsets": [0, 2**43]})), "record 1: the arrays are",
    ),
    "arrays of a type that NumPy lacks": (
        _arrays(_header(a={"dtype": "F8_E4M3", "shape": [16], "data_offsets": [0, 16]})), "record 1: the arrays are",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_pack_is_refused_by_name_and_changes_nothing(packed: Path, recorded: Bench, case: str) -> None:
    change, message = HOSTILE[case]
    packed.write_bytes(change(packed.read_bytes()))
    before = recorded.files(".")
    for option in ((), ("--any",)):
        result = recorded("unpack", "all.pack", *option)
        assert result.exit_code in (1, 2)
        assert result.stderr.startswith("mlblog: all.pack: ")
        with pytest.raises(RecordError, match=message):
            unpack(packed)
        assert {n: c for n, c in recorded.files(".").items() if not n.startswith(".mlblog/cache/")} == {
            n: c for n, c in before.items() if not n.startswith(".mlblog/cache/")
        }


@pytest.mark.parametrize("value", ["../../x", "a/b", "..", "x" * 300, "a\nb", "C:\\x", "~", "a\0b"])
def test_overrides_decide_on_no_path(packed: Path, recorded: Bench, value: str) -> None:
    """A string is a lawful override; where it would make an odd folder its digest does."""
    packed.write_bytes(_edit(overrides={"x": value})(packed.read_bytes()))
    outside = {name for name in recorded.files(".") if not name.startswith("docs/results/")}
    result = recorded("unpack", "all.pack", "--any")
    assert result.exit_code == 0
    group = result.stdout.splitlines()[0].split("/")
    assert group[2].startswith("x-")
    assert len(group) == 4
    new = {name for name in recorded.files(".") if not name.startswith(("docs/results/", ".mlblog/"))}
    assert new == {name for name in outside if not name.startswith(".mlblog/")}


def test_arrays_survive_with_shape_type_and_bits(tmp_path: Path) -> None:
    arrays = {"empty": np.zeros((0, 3)), "scalar": np.array(7), "odd": np.array([np.nan, -0.0, np.inf], np.float32)}
    record = Record("e", "full", {}, {}, 1, {}, arrays, {}, {}, {})
    pack([record], tmp_path / "p")
    (read,) = unpack(tmp_path / "p")
    for name, array in arrays.items():
        found = read.arrays[name]
        assert (found.dtype, found.shape, found.tobytes()) == (array.dtype, array.shape, array.tobytes())
