"""Paths of records are made and taken apart, with odd overrides, seeds and places."""

from __future__ import annotations

import pytest

from mlblog.lab import Key, MemoryStore, Record
from mlblog.lab.record_path import RecordPath
from mlblog.lab.records.reading import Question

ODD = [
    ({}, "base", 0),
    ({"rate": 0.5}, "rate=0.5", 4_294_967_295),
    ({"shift": -3}, "shift=-3", 12),
    ({"small": 1e-05}, "small=1e-05", 1),
    ({"file": "a.json"}, "file=a.json", 10),
    ({"model": "seed-7.json"}, "model=seed-7.json", 7),
    ({"folder": "data/words"}, "x-", 3),
    ({"up": "../../etc"}, "x-", 3),
    ({"sizes": [1, 2]}, "x-", 3),
    ({"text": "1"}, "x-", 3),
]


@pytest.mark.parametrize(("overrides", "folder", "seed"), ODD)
@pytest.mark.parametrize("before", ["", "docs/results/", "/home/a-b/seed-1.json/small/"])
def test_what_a_path_is_made_of_is_found_in_it(
    overrides: dict[str, object], folder: str, seed: int, before: str
) -> None:
    path = Key("solver_2", "small", overrides, seed).path  # type: ignore[arg-type]
    assert path.split("/")[:2] + path.split("/")[3:] == ["solver_2", "small", f"seed-{seed}.json"]
    found = RecordPath.ending(f"{before}{path}")
    assert found == path
    assert found is not None
    assert (found.experiment, found.scale, found.seed) == ("solver_2", "small", seed)
    assert found.group.startswith(folder)
    assert found.stem == path[: -len(".json")]


@pytest.mark.parametrize(
    "path",
    [
        "",
        "seed-0.json",
        "small/base/seed-0.json",
        "solver//base/seed-0.json",
        "solver/small/base/seed-.json",
        "solver/small/base/seed--1.json",
        "solver/small/base/seed-0.json.bak",
        "solver/small/base/seed-0-1f.safetensors",
        "solver/small/base/seed-0.json\n",
        "solver/small/base/my-seed-0.json",
        "solver/small/base/seed-\u0663.json",
    ],
)
def test_other_paths_are_not_records(path: str) -> None:
    assert RecordPath.ending(path) is None
    with pytest.raises(ValueError, match="not the path of a record"):
        RecordPath(path)


def test_a_longer_path_is_not_taken_for_the_path_below_the_store() -> None:
    with pytest.raises(ValueError, match="not the path of a record"):
        RecordPath("results/solver/small/base/seed-0.json")


def test_a_store_names_its_records_in_the_order_of_their_text() -> None:
    store = MemoryStore()
    for seed in (2, 10, 0):
        store.put(Record("solver", "small", {"x": -1.5}, {}, seed, {"v": 1.0}, {}, {}, {}, {}))
    names = store.names()
    assert names == [f"solver/small/x=-1.5/seed-{seed}.json" for seed in (0, 10, 2)]
    assert [name.seed for name in names] == [0, 10, 2]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("records:solver/small/rate=0.5", ("solver", "small", "rate=0.5")),
        ("records:solver/*/base", ("solver", None, "base")),
        ("records:a/full/x-3f", ("a", "full", "x-3f")),
    ],
)
def test_questions_are_read_back_as_they_are_written(text: str, parts: tuple[str, str | None, str]) -> None:
    assert Question.parse(text) == parts
    assert str(Question(*parts)) == text


def test_other_names_of_a_manifest_are_not_questions() -> None:
    for name in ("toy.losses.loss", "data:solver/small/base", "records:solver", "records:a/b/c/d"):
        assert Question.parse(name) is None
