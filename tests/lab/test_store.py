"""The laws of a store, for each store; and what files add: no half records, no lies by path, one writer at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlblog.errors import MissingRecord, RecordError, StoreBusy
from mlblog.lab.records import store as store_module
from mlblog.lab.records.record import Key, Record
from mlblog.lab.records.store import FileStore, MemoryStore, Store


def record(
    seed: int = 0, value: float = 0.0, *, size: int = 3, scale: str = "small", heads: int | None = None
) -> Record:
    overrides = {} if heads is None else {"heads": heads}
    arrays = {"a": np.full(size, value)} if size else {}
    return Record("solver", scale, overrides, {}, seed, {"v": value}, arrays, {}, {}, {})


@pytest.fixture(params=["memory", "files"])
def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Store]:
    count = iter(range(10_000))

    def make() -> Store:
        if request.param == "memory":
            return MemoryStore()
        folder = tmp_path / f"store-{next(count)}"
        return FileStore(folder / "results", lock=folder / "lock")

    return make


puts = st.lists(st.builds(record, st.integers(0, 2), st.integers(0, 5).map(float), size=st.integers(0, 2),
                          heads=st.sampled_from([None, 1, 2])), max_size=6)  # fmt: skip


@given(puts)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_store_is_a_dictionary_by_key(new_store: Callable[[], Store], written: list[Record]) -> None:
    store, expected = new_store(), {}
    for one in written:
        store.put(one)
        expected[one.key.stem] = one
    assert store.names() == sorted(f"{stem}.json" for stem in expected)
    for stem, one in expected.items():
        assert store.get(one.key).files == store.read(f"{stem}.json").files == one.files


def test_missing_record_is_said_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(MissingRecord, match=r"^docs/results/solver/small/base/seed-4\.json: .*mlblog run solver"):
        FileStore(tmp_path, lock=tmp_path / "l", label="docs/results").get(Key("solver", "small", {}, 4))


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    store = FileStore(tmp_path / "docs" / "results", lock=tmp_path / "lock", label="docs/results")
    store.put(record(0, 1.0))
    return store


def test_replacing_a_record_leaves_no_old_arrays(files: FileStore) -> None:
    files.put(record(0, 2.0))
    assert len(list(files.folder.rglob("*.safetensors"))) == 1
    files.put(record(0, 3.0, size=0))
    assert [path.name for path in files.folder.rglob("seed*")] == ["seed-0.json"]


@pytest.mark.parametrize("damage", ["truncate", "zero", "remove", "other"])
def test_damaged_arrays_are_named_by_their_record(files: FileStore, damage: str) -> None:
    (arrays,) = files.folder.rglob("*.safetensors")
    content = arrays.read_bytes()
    if damage == "remove":
        arrays.unlink()
    else:
        arrays.write_bytes({"truncate": content[:-1], "zero": b"", "other": content[::-1]}[damage])
    with pytest.raises(RecordError, match=r"^docs/results/solver/small/base/seed-0\.json: the \.safetensors file"):
        files.get(record(0).key)


def test_record_moved_to_another_path_is_refused(files: FileStore) -> None:
    (path,) = files.folder.rglob("*.json")
    for file in path.parent.iterdir():
        file.rename(file.with_name(file.name.replace("seed-0", "seed-7")))
    with pytest.raises(RecordError, match="move it to solver/small/base/seed-0"):
        files.read("solver/small/base/seed-7.json")


def test_foreign_files_are_no_records(files: FileStore) -> None:
    (files.folder / "solver" / "small" / "base" / "seed-x.json").write_text("{}", encoding="utf-8")
    (files.folder / "solver" / "notes" / "base").mkdir(parents=True)
    (files.folder / "solver" / "notes" / "base" / "seed-1.json").write_text("{}", encoding="utf-8")
    assert files.names() == ["solver/small/base/seed-0.json"]


def test_second_writer_waits_and_then_says_who_is_busy(files: FileStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "LOCK_SECONDS", 0.1)
    other = FileStore(files.folder, lock=files.folder.parents[1] / "lock", label="docs/results")
    with files.locked(), pytest.raises(StoreBusy, match=r"docs/results: another mlblog process"):
        other.put(record(1))


WRITER = """
import sys
from pathlib import Path
import numpy as np
from mlblog.lab.records.record import Record
from mlblog.lab.records.store import FileStore
store = FileStore(Path(sys.argv[1]), lock=Path(sys.argv[2]))
print("ready", flush=True)
for value in range(10**6):
    store.put(Record("solver", "small", {}, {}, 0, {"v": value}, {"a": np.full(50_000, value)}, {}, {}, {}))
"""


def test_writer_killed_at_any_moment_leaves_a_whole_record(tmp_path: Path) -> None:
    """Ten kills at moments spread over a few writes; whatever is there must read back, and agree with itself."""
    store = FileStore(tmp_path / "results", lock=tmp_path / "lock")
    seen = 0
    for attempt in range(10):
        command = [sys.executable, "-c", WRITER, str(store.folder), str(tmp_path / "lock")]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(0.003 * attempt + 0.01)
            os.kill(process.pid, signal.SIGKILL)
        for name in store.names():
            found = store.read(name)
            np.testing.assert_array_equal(found.arrays["a"], np.full(50_000, found.values["v"]))
            seen += 1
    assert seen, "no kill came after a first write: the moments test nothing"
    store.put(record(0, 5.0))
    assert sorted(path.suffix for path in store.folder.rglob("*") if path.is_file()) == [".json", ".safetensors"]


def test_link_in_the_store_is_refused(files: FileStore, tmp_path: Path) -> None:
    folder = files.folder / "solver" / "small" / "base"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    for act in (lambda: files.get(record(0).key), lambda: files.put(record(0, 3.0))):
        with pytest.raises(RecordError, match="base is a link"):
            act()


def test_what_cannot_be_written_is_named(files: FileStore) -> None:
    (files.folder / "solver" / "small" / "base" / "seed-3.json").mkdir()
    with pytest.raises(RecordError, match=r"^docs/results/solver/small/base/seed-3\.json: cannot be written"):
        files.put(record(3))


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "folder"])
def test_what_is_no_file_is_named_and_never_waited_for(files: FileStore, make: Callable[[Path], None]) -> None:
    make(files.folder / "solver/small/base/seed-5.json")
    with pytest.raises(RecordError, match=r"^docs/results/solver/small/base/seed-5\.json: not a regular file"):
        files.read("solver/small/base/seed-5.json")
    (arrays,) = files.folder.rglob("*.safetensors")
    arrays.unlink()
    make(arrays)
    with pytest.raises(RecordError, match=r"seed-0\.json: the \.safetensors file beside it is missing"):
        files.get(record(0).key)
