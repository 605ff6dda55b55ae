"""The fingerprint changes when, and only when, something that the experiment reaches has changed.

Each row is a small package, an edit to it, and whether the experiment depends on what was edited. The oracle is the
table itself: what Python does when the package runs, decided by hand.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from fingerprint_rows import ROWS

from mlblog.lab.fingerprint import Code

EXPERIMENT = """
from mlblog.lab import experiment
{imports}

@experiment(smoke=dict(n=1), seeds=1)
def find(run, *, n: int = 3, seed: int) -> None:
    '''Find it.'''
    {body}
"""


def written(root: Path, imports: str, body: str, files: dict[str, str]) -> None:
    package = {"__init__": "", "experiments/__init__": "", **files}
    package["experiments/e"] = EXPERIMENT.format(imports=imports, body=body)
    for name, text in package.items():
        path = root / "toy" / (name if "." in name else f"{name}.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def manifest(root: Path) -> dict[str, str]:
    return Code(root, ["toy"]).manifest("toy.experiments.e.find")


@pytest.mark.parametrize("row", ROWS)
def test_fingerprint_follows_what_the_experiment_reaches(row: str, tmp_path: Path) -> None:
    imports, body, files, (name, old, new), depends = ROWS[row]
    written(tmp_path, imports, body, files)
    before = manifest(tmp_path)
    path = tmp_path / "toy" / (name if "." in name else f"{name}.py")
    text = path.read_text(encoding="utf-8")
    assert old in text, "the row edits nothing"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert (manifest(tmp_path) != before) is depends


def test_manifest_names_functions_methods_constants_and_data(tmp_path: Path) -> None:
    written(
        tmp_path, "from toy.a import C", "run.save(x=C().m())",
        {"a": "K = 1\nclass C:\n    def m(self): return K, open('toy/d.csv')", "d.csv": "1"},
    )  # fmt: skip
    names = {name for name in manifest(tmp_path) if not name.startswith("mlblog.lab.determinism.")}
    assert names == {"toy.experiments.e.find", "toy.a.C", "toy.a.C.m", "toy.a.K", "data:toy/d.csv"}


def test_cache_gives_the_same_manifest_and_notices_edits(tmp_path: Path) -> None:
    written(tmp_path, "from toy.a import f", "run.save(x=f())", {"a": "def f(): return 1"})
    cache = tmp_path / "cache.json"

    def cached() -> dict[str, str]:
        code = Code(tmp_path, ["toy"], cache=cache)
        found = code.manifest("toy.experiments.e.find")
        code.save()
        return found

    first = cached()
    assert cached() == first == manifest(tmp_path)
    # the same size, and within one tick of the clock
    (tmp_path / "toy" / "a.py").write_text("def f(): return 2", encoding="utf-8")
    assert cached() == manifest(tmp_path) != first


def test_spoilt_cache_is_read_again(tmp_path: Path) -> None:
    written(tmp_path, "", "run.save(x=1)", {})
    cache = tmp_path / "cache.json"
    cache.write_text("{", encoding="utf-8")
    assert Code(tmp_path, ["toy"], cache=cache).manifest("toy.experiments.e.find") == manifest(tmp_path)


def test_cell_that_reads_records_does_not_depend_on_the_training_code(tmp_path: Path) -> None:
    written(
        tmp_path, "from toy.a import f", "run.save(x=f())",
        {"a": "def f(): return 1", "draw": "def bars(x): return x"},
    )  # fmt: skip
    cell = "from toy.experiments.e import find\nfrom toy.draw import bars\nbars(find.runs().mean('x'))"
    names = {"<cell>", "toy.draw.bars", "toy.experiments.e.find<declaration>"}
    assert set(Code(tmp_path, ["toy"]).manifest_of(cell)) == names


def test_a_data_file_that_vanishes_meanwhile_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/__init__.py").touch()
    (tmp_path / "toy/words.txt").write_text("a\n")
    code = Code(tmp_path, ["toy"])
    source = "from pathlib import Path\nPath('toy/words.txt').read_text()\n"
    _ = code._resolver._data.paths  # listed
    (tmp_path / "toy/words.txt").unlink()
    assert code.manifest_of(source) == {}
