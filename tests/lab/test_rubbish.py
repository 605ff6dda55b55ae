"""What can be deleted is shown first, and a good record is never among it."""

from __future__ import annotations

import pytest
from workbench import Bench

from mlblog.lab.records import store


def test_nothing_is_rubbish_after_a_run(recorded: Bench) -> None:
    result = recorded("gc")
    assert (result.exit_code, result.stdout) == (0, "nothing to delete\n")


def litter(bench: Bench) -> set[str]:
    """Leave one of everything that can be deleted; return the files."""
    results, work = bench.project.results, bench.project.work
    (results / "gone/smoke/base").mkdir(parents=True)
    (results / "with_none/full/base").mkdir(parents=True)
    (work / "checkpoints/gone/smoke/base").mkdir(parents=True)
    (work / "logs/with_none").mkdir(parents=True)
    base = results / "with_none/smoke/base"
    files = {
        results / "gone/smoke/base/seed-0.json": b"{}",
        results / "gone/smoke/base/seed-0-0123456789ab.safetensors": b"",
        results / "with_none/full/base/seed-0.json": b"{}",
        base / ".tmp-x": b"half",
        base / "seed-0-0123456789ab.safetensors": b"old",
        base / "seed-7-0123456789ab.safetensors": b"orphan",
        work / "checkpoints/gone/smoke/base/seed-0.safetensors": b"c",
        work / "logs/with_none/x.log": b"l",
    }
    for path, content in files.items():
        path.write_bytes(content)
    return {bench.project.relative(path) for path in files}


def test_rubbish_is_shown_and_kept_until_it_is_to_be_deleted(recorded: Bench) -> None:
    good = recorded.files("docs/results")
    shelf = recorded.files(".mlblog/records")
    left = litter(recorded)
    before = recorded.files(".")

    shown = recorded("gc")
    assert shown.exit_code == 0
    assert {line.partition("bytes  ")[2].partition(": ")[0] for line in shown.stdout.splitlines()[:-1]} == left
    assert shown.stdout.splitlines()[-1].endswith("can be deleted: mlblog gc --delete")
    assert "there is no experiment gone" in shown.stdout
    assert "with_none has no scale full" in shown.stdout
    assert {name: content for name, content in recorded.files(".").items() if name in left} == {
        name: content for name, content in before.items() if name in left
    }

    deleted = recorded("gc", "--delete")
    assert deleted.stdout.splitlines()[-1].endswith("bytes: deleted")
    assert recorded.files("docs/results") == good
    assert recorded.files(".mlblog/records") == shelf
    assert recorded("status").exit_code == 0
    assert recorded("gc").stdout == "nothing to delete\n"


def test_sweeps_and_stale_and_broken_records_are_no_rubbish(recorded: Bench) -> None:
    assert recorded("run", "with_two", "--scale", "smoke", "--set", "x=7", "--executor", "inline").exit_code == 0
    recorded.edit("toy/losses.py", "return abs(x)", "return -x")
    base = recorded.project.results / "with_none/smoke/base"
    for broken in (b"{", b"[]", b'{"arrays": 3}', b'{"arrays": null}'):
        (base / "seed-0.json").write_bytes(broken)
        before = recorded.files()
        assert recorded("gc", "--delete").exit_code == 0
        assert recorded.files() == before


def test_nothing_is_deleted_while_another_process_writes(recorded: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What looks like a leftover may be what a writer is about to rename."""
    monkeypatch.setattr(store, "LOCK_SECONDS", 0.1)
    left = litter(recorded)
    with recorded.lab.store.locked():  # type: ignore[attr-defined]
        result = recorded("gc", "--delete")
    assert result.exit_code == 1
    assert "another mlblog process has held the lock" in result.stderr
    assert all((recorded.project.root / name).exists() for name in left)


def test_records_beyond_what_is_declared_are_noted_kept_up_and_deleted_by_name(recorded: Bench) -> None:
    """Fewer seeds than are recorded, a variant that was dropped, a point of a sweep."""
    for name in ("with_two", "with_none"):
        assert recorded("run", name, "--scale", "smoke", "--set", "x=7", "--executor", "inline").exit_code == 0
    recorded.edit("toy/experiments/with_squared.py", "seeds=3", "seeds=1")
    recorded.edit("toy/experiments/with_none.py", "seeds=1", "seeds=1, variants=[dict(x=7)]")
    left = {
        "with_squared": ["smoke/base/seed-1", "smoke/base/seed-2"],
        "with_two": ["smoke/x=7/seed-0"],
    }
    notes = [
        f"note: {name}: {f'{len(paths)} records' if len(paths) > 1 else '1 record'} beyond those declared, kept up"
        f" to date like the others: {', '.join(paths)}; to list or delete them: mlblog gc --beyond {name}"
        for name, paths in left.items()
    ]
    for command in (("status",), ("check",), ("gc",)):
        result = recorded(*command)
        assert (result.exit_code, [line for line in result.stdout.splitlines() if "beyond" in line]) == (0, notes)
    assert recorded("status", "with_absolute").stdout.count("beyond") == 0
    assert recorded("check", "--json").stdout == "[]\n"

    before = recorded.files()
    shown = recorded("gc", "--beyond", "with_squared")
    assert "seed-2.json: with_squared does not declare it" in shown.stdout
    assert recorded.files() == before
    recorded.edit("toy/losses.py", "def absolute", "def unused(): pass\n\ndef absolute")
    deleted = recorded("gc", "--beyond", "with_squared", "--delete")
    assert notes[1] in deleted.stdout
    gone = set(before) - set(recorded.files())
    assert {name for name in gone if name.endswith(".json")} == {
        f"with_squared/{path}.json" for path in left["with_squared"]
    }
    assert len(gone) == 4, "with their arrays"
    recorded.edit("toy/losses.py", "x * x\n", "x * x * 2\n")
    assert recorded("status", "with_two").stdout.count("toy.losses.squared changed") == 2, "a sweep is kept up"
    assert recorded("gc", "--beyond", "with_tow").exit_code == 2
