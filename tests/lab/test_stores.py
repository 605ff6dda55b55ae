"""Previews fill gaps and nothing else, and only where they are asked for."""

from collections.abc import Callable

import pytest

from mlblog.errors import MissingRecord, RecordError
from mlblog.lab import Key, MemoryStore, Project, Record
from mlblog.lab.records.stores import Previewed, preview_store, project_store, shown_store


def record(scale: str, value: float, name: str = "coin", **overrides: int) -> Record:
    return Record(name, scale, overrides, {}, 0, {"v": value}, {}, {}, {}, {})


def test_a_preview_shows_only_where_nothing_is_recorded_at_any_scale() -> None:
    records, previews = MemoryStore(), MemoryStore()
    store = Previewed(records, previews)
    for one in (record("smoke", 1.0), record("smoke", 2.0, heads=1), record("smoke", 3.0, "dice")):
        previews.put(one)
    store.put(record("small", 9.0))
    assert records.names() == ["coin/small/base/seed-0.json"]
    shown = ["coin/small/base/seed-0.json", "coin/smoke/heads=1/seed-0.json", "dice/smoke/base/seed-0.json"]
    assert store.names() == shown
    assert [store.read(name).values["v"] for name in store.names()] == [9.0, 2.0, 3.0]
    assert store.get(Key("dice", "smoke", {}, 0)).values["v"] == 3.0
    with pytest.raises(MissingRecord):
        store.get(Key("coin", "smoke", {}, 0))
    store.put(record("full", 5.0, heads=1))
    assert "coin/smoke/heads=1/seed-0.json" not in store.names()


def test_previews_are_seen_only_where_asked_for(
    make_project: Callable[[dict[str, str]], Project],
) -> None:
    project = make_project({})
    preview_store(project).put(record("smoke", 1.0))
    assert shown_store(project).names() == []
    assert shown_store(project, previews=True).names() == ["coin/smoke/base/seed-0.json"]
    assert project_store(project).names() == []


def test_a_record_is_read_once_until_it_changes(make_project: Callable[[dict[str, str]], Project]) -> None:
    project = make_project({})
    store, name = shown_store(project), "coin/small/base/seed-0.json"
    project_store(project).put(record("small", 1.0))
    first = store.read(name)
    assert first.values["v"] == 1.0
    assert store.read(name) is first
    project_store(project).put(record("small", 2.0))  # as long as before
    assert store.read(name).values["v"] == 2.0
    (project.results / name).write_text("{")
    with pytest.raises(RecordError, match=r"docs/results/coin/small/base/seed-0\.json"):
        store.read(name)
    (project.results / name).unlink()
    with pytest.raises(RecordError, match="cannot be read"):
        store.read(name)
