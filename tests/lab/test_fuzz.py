"""Thousands of damaged and forged packs and records: each is refused with our own error or taken as it is, and nothing
is ever written outside the store.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forging import bundle, forge, parts, with_index

from mlblog.errors import MlblogError, RecordError
from mlblog.files.canonical import digest
from mlblog.lab import FileStore, Lab, Project
from mlblog.lab.records.pack import pack, unpack
from mlblog.lab.records.record import Key, Record
from mlblog.lab.report import status_json, status_table

TRIAL = """
from mlblog.lab import Run, experiment

@experiment(smoke=dict(x=1), small=dict(x=2))
def trial(run: Run, *, x: float, name: str = "n", seed: int) -> None:
    run.save(x=x)
"""
ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**32, 2**64, 10**400, -0.0, 1e308, 5e-324, "", "a", "..", "/", "../../x",
    "a/b", "\0", "\ud800", "é", "x" * 300, "--help", "-", "NaN", "1", "true", [], [[]], [[[1]]], {}, {"a": 1},
    [None] * 50, "trial", "smoke", "full", "CON", "\n", "\u202e", "a\\b", "${HOME}", "%s", "~root", ".git", "x,y=1",
]  # fmt: skip
DTYPES = ["F64", "F32", "F16", "BF16", "I64", "U8", "BOOL", "F8_E4M3", "C64", "O", "", "<f8", "F4", "E8M0"]


def record(seed: int, **overrides: Any) -> Record:
    arrays = {"a": np.arange(6.0).reshape(2, 3), "flags": np.array([True, False])} if seed % 2 else {}
    environment = {"commit": "", "dirty": False, "device": "cpu: x", "torch": "2.13.0", "seconds": 0.5, "measured": []}
    return Record(
        "trial", "smoke", overrides, {"x": 1, "name": "n", **overrides}, seed, {"x": 0.5, "list": [1, "b"]}, arrays,
        {"toy.f": "00"}, {"words": "11"}, environment,
    )  # fmt: skip


def bytes_changed(draw: random.Random, content: bytes) -> bytes:
    """Flip, cut, insert, repeat or splice a few times."""
    for _ in range(draw.choice([1, 1, 1, 2, 5])):
        at, to = sorted(draw.randrange(len(content) + 1) for _ in range(2))
        kind = draw.randrange(6)
        if kind == 0 and at < len(content):
            content = content[:at] + bytes([content[at] ^ (1 << draw.randrange(8))]) + content[at + 1 :]
        elif kind == 1:
            content = content[:at]
        elif kind == 2:
            content = content[:at] + draw.randbytes(draw.choice([1, 8, 100])) + content[at:]
        elif kind == 3:
            content = content[:at] + content[to:]
        elif kind == 4:
            content = content[:to] + content[at:]
        else:
            content = content[:at] + draw.choice([b'"', b"{", b"[", b"\0", b"9" * 30, b"NaN", b"\xff"]) + content[at:]
    return content


def json_changed(draw: random.Random, value: Any) -> Any:
    """Return JSON with one odd thing somewhere in it."""
    if draw.random() < 0.25 or not isinstance(value, dict | list) or not value:
        deep = draw.choice(ODD)
        for _ in range(draw.choice([0, 0, 0, 0, 3, 400])):
            deep = [deep]
        return deep
    value = value.copy()
    where = draw.choice(list(value)) if isinstance(value, dict) else draw.randrange(len(value))
    kind = draw.randrange(8)
    if kind == 0:
        del value[where]
    elif kind == 1 and isinstance(value, dict):
        value[str(draw.choice(ODD))] = value[where]
    else:
        value[where] = json_changed(draw, value[where])
    return value


def arrays_changed(draw: random.Random, content: bytes) -> bytes:
    """Return a safetensors file with another header, or other bytes."""
    if not content or draw.random() < 0.3:
        return bytes_changed(draw, content or b"\x02" + b"\0" * 7 + b"{}")
    size = int.from_bytes(content[:8], "little")
    head = json.loads(content[8 : 8 + size])
    name = draw.choice(list(head))
    part = dict(head[name])
    kind = draw.randrange(5)
    if kind == 0:
        part["dtype"] = draw.choice(DTYPES)
    elif kind == 1:
        part["shape"] = draw.choice([[], [0], [0, 2**62], [2**63, 0], [6], [3, 2], [-1], [2**32, 2**32], [1.5], "x"])
    elif kind == 2:
        part["data_offsets"] = draw.choice([[0, 0], [0, 2**63], [48, 0], [1, 49], [0], [-1, 48], []])
    elif kind == 3:
        head = json_changed(draw, head)
    if kind != 3:
        head[draw.choice([name, name, "", "../x", "\0", "__metadata__", "series/x"])] = part
    text = json.dumps(head).encode()
    return len(text).to_bytes(8, "little") + text + content[8 + size :]


def forged(draw: random.Random, text: bytes, arrays: bytes) -> tuple[bytes, bytes]:
    """Return a record with something odd in it, its digests mended."""
    if draw.random() < 0.4:
        arrays = arrays_changed(draw, arrays)
        text = forge(text, arrays=digest("arrays", arrays) if arrays else "")
        return text, arrays
    body = json_changed(draw, json.loads(text))
    try:
        return forge(json.dumps({"id": "", **body} if isinstance(body, dict) else {"id": ""}).encode()), arrays
    except (ValueError, RecursionError):  # it has no canonical form, so no id can fit it
        return json.dumps(body).encode(), arrays


def pack_changed(draw: random.Random, content: bytes, other: bytes) -> bytes:
    """Return one more bad pack."""
    records = parts(content)
    kind = draw.choice([0, 1, 2, 3, 4, 4, 4, 4])
    if kind == 0:
        return bytes_changed(draw, content)
    if kind == 1:
        at, to = draw.randrange(len(content)), draw.randrange(len(other))
        return content[:at] + other[to:]
    if kind == 2:
        sizes = [[len(text), len(arrays)] for text, arrays in records]
        return with_index(content, json.dumps(json_changed(draw, sizes)).encode())
    number = draw.randrange(len(records))
    if kind == 3:
        records[number] = (bytes_changed(draw, records[number][0]), records[number][1])
    else:
        records[number] = forged(draw, *records[number])
    return bundle(records)


def fuzz_packs(folder: Path, count: int, seed: int) -> dict[str, int]:
    """Unpack `count` bad packs, and put what is taken into a store; return how many were refused and taken."""
    draw, path = random.Random(seed), folder / "bad.pack"
    store = FileStore(folder / "project" / "results", lock=folder / "project" / "lock")
    seeds = []
    for records in ([record(0), record(1)], [record(3, x=2, name="last")], [record(n, x=n) for n in range(3)]):
        pack(records, path)
        seeds.append(path.read_bytes())
    counted = {"refused": 0, "taken": 0}
    for number in range(count):
        path.write_bytes(pack_changed(draw, draw.choice(seeds), draw.choice(seeds)))
        try:
            found = unpack(path)
        except RecordError as error:
            if not str(error).startswith(f"{path}: "):
                raise AssertionError(f"pack {number} of seed {seed} is not named") from error
            counted["refused"] += 1
            continue
        except Exception as error:
            raise AssertionError(f"pack {number} of seed {seed}") from error
        for one in found:
            name = store.put(one)
            assert store.read(name).files == one.files
        counted["taken"] += 1
    assert {entry.name for entry in folder.iterdir()} == {"bad.pack", "project"}
    assert {entry.name for entry in (folder / "project").iterdir()} <= {"results", "lock"}
    for file in store.folder.rglob("*"):
        assert not file.is_symlink()
        assert file.resolve().is_relative_to(store.folder.resolve())
    for name in store.names():
        store.read(name)
    return counted


def fuzz_records(project: Project, count: int, seed: int) -> dict[str, int]:
    """Read `count` bad records where a store keeps them, and say how they stand; return how many were how."""
    draw, lab = random.Random(seed), Lab(project)
    counted: dict[str, int] = {}
    keys = [Key("trial", "smoke", {}, 0), Key("trial", "smoke", {}, 1)]
    for number in range(count):
        key = keys[number % 2]
        lab.store.put(record(key.seed))
        path = project.results / f"{key.stem}.json"
        if draw.random() < 0.3:
            path.write_bytes(bytes_changed(draw, path.read_bytes()))
        else:
            path.write_bytes(forged(draw, path.read_bytes(), b"")[0])
        try:
            (state,) = lab.states([key])
            json.dumps(status_json([state]), allow_nan=False)
            status_table([state])
            found = state.name
            if state.record:
                len(state.record.arrays)
        except MlblogError:
            found = "refused"
        except Exception as error:
            raise AssertionError(f"record {number} of seed {seed}: {path.read_bytes()[:300]!r}") from error
        counted[found] = counted.get(found, 0) + 1
    return counted


@pytest.fixture
def trial(make_project: Callable[[dict[str, str]], Project]) -> Project:
    return make_project({"toy/experiments/trial.py": TRIAL})


def test_bad_packs_do_no_harm(tmp_path: Path) -> None:
    counted = fuzz_packs(tmp_path, 400, seed=7)
    assert min(counted.values()) > 10, counted


def test_bad_records_are_told_of(trial: Project) -> None:
    counted = fuzz_records(trial, 150, seed=8)
    assert counted["broken"] > 10, counted
    assert counted["stale"] > 10, counted


@pytest.mark.parametrize("field", ["seconds", "device", "torch", "measured", "commit", "dirty", "accepted", "threads"])
def test_odd_environments_are_shown_all_the_same(trial: Project, field: str) -> None:
    """Nothing in an environment is relied on: it is for people."""
    lab = Lab(trial)
    path = trial.results / "trial/smoke/base/seed-0.json"
    lab.store.put(record(0))
    text = path.read_bytes()
    for odd in ODD:
        if isinstance(odd, dict) or odd == "\ud800":
            continue
        path.write_bytes(forge(text, environment={**json.loads(text)["environment"], field: odd}))
        states = lab.states([Key("trial", "smoke", {}, 0)])
        assert states[0].name == "stale", odd
        assert status_table(states).endswith("by their last records") or field == "seconds"
        json.dumps(status_json(states), allow_nan=False)


@pytest.mark.audit
def test_many_bad_packs_do_no_harm(tmp_path: Path) -> None:
    counted = fuzz_packs(tmp_path, 10_000, seed=11)
    print(f"\n10,000 bad packs: {counted}")


@pytest.mark.audit
def test_many_bad_records_are_told_of(trial: Project) -> None:
    counted = fuzz_records(trial, 3_000, seed=12)
    print(f"\n3,000 bad records: {counted}")
