"""The tests, tried on mutants of library and experiments; and what tries them, tried on a package of its own."""

from __future__ import annotations

import ast
from pathlib import Path

import killing
import pytest
from chosen import chosen, every, leaking, listed
from survivors import report, tried

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.audit
def test_of_many_mutants_nearly_all_are_killed_and_the_others_are_listed() -> None:
    mutants = chosen(ROOT, 400, seed=1)
    assert len(mutants) >= 400
    reasons, drawn = listed(), {one.name for one in mutants}
    mutants += [one for one in every(ROOT) if one.name in reasons and one.name not in drawn]
    kept = ROOT / ".mlblog" / "mutants.jsonl"
    kept.parent.mkdir(exist_ok=True)
    lines = tried(ROOT, mutants, kept, parts=2)
    for line in lines:
        if line["by"] and line["name"] in reasons:
            print(f"listed, but killed by {line['by']}: {line['name']}")
    assert report([line for line in lines if line["name"] in drawn]) >= 0.95
    assert not [line["name"] for line in lines if not line["by"] and line["name"] not in reasons]


def test_what_is_listed_is_still_there() -> None:
    names = {one.name for one in every(ROOT)}
    assert not set(listed()) - names, "gone or renamed: list what is there now, or nothing"
    assert all(len(reason) > 15 for reason in listed().values())


def test_the_same_seed_chooses_the_same_mutants_and_all_leaks() -> None:
    one, other = (chosen(ROOT, 60, seed=seed) for seed in (1, 2))
    assert [m.name for m in one] == [m.name for m in chosen(ROOT, 60, seed=1)]
    assert len(one) == len(other)
    assert {m.name for m in one if leaking(m.mutant)} == {m.name for m in other if leaking(m.mutant)}
    assert len({m.name for m in one} & {m.name for m in other} - {m.name for m in one if leaking(m.mutant)}) < 6
    assert len({m.name for m in one}) == len(one)
    for known in one:
        for name, content in known.mutant.files().items():
            assert content is not None
            assert ast.parse(content)
            assert content != (ROOT / name).read_bytes()


TOY = '''\
def half(x: float, *, up: bool = False) -> float:
    """Half of x, rounded up if `up`."""
    whole = x // 2
    return whole + (x % 2 > 0 and up)


def unseen(x: int) -> int:
    return x + 1
'''
TEST = """\
from mlblog.classical.toy import half, unseen

def test_half() -> None:
    assert half(4) == 2

def test_slow() -> None:
    assert half(3) == 1
"""


@pytest.mark.audit
def test_mutants_are_killed_by_the_tests_that_reach_them(tmp_path: Path) -> None:
    """Of a package of two functions, one of them tested in part and one that no test runs; nothing is tried twice."""
    root = tmp_path / "project"
    for name, text in {
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "--strict-markers"\n',
        "mlblog/__init__.py": "", "mlblog/classical/__init__.py": "", "mlblog/classical/toy.py": TOY,
        "tests/classical/test_toy.py": TEST,
    }.items():  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for part in ("data", "figures", "losses", "models", "numerics", "training", "experiments"):
        (root / "mlblog" / part).mkdir()
        (root / "tests" / part).mkdir()
    for part in ("library", "edges"):
        (root / "tests" / part).mkdir()
    mutants = list(every(root))
    lines = {line["name"]: line for line in tried(root, mutants, tmp_path / "kept.jsonl", parts=1)}
    by = {name.partition(" in ")[0].partition(": ")[2]: line for name, line in lines.items() if "half" in name}
    assert "test_toy.py" in by["return nothing: 'return whole + (x % 2 > 0 and up)'"]["by"]
    assert by["half ignores up"]["by"] == ""
    assert all(line["by"] == "" and line["tests"] == 2 for name, line in lines.items() if "unseen" in name)
    assert report([*lines.values()]) < 1
    assert tried(root, mutants, tmp_path / "kept.jsonl", parts=1) == [lines[one.name] for one in mutants]


def test_a_mutants_tests_are_the_quickest_that_run_its_function_its_own_part_first() -> None:
    (known,) = [one for one in chosen(ROOT, 1, seed=1) if not leaking(one.mutant)]
    here = f"{known.mutant.file} {known.mutant.owner}"
    near, far = Path(known.mutant.file).parent.as_posix().replace("mlblog", "tests"), "tests/edges"
    reach = {
        f"{near}/slow": (50.0, [here]), f"{near}/quick": (0.2, [here, "b c"]), f"{near}/other": (0.1, ["b c"]),
        f"{near}/slower": (270.0, [here]), f"{far}/quicker": (0.1, [here]),
    }  # fmt: skip
    assert killing.tests_of(known, reach) == [f"{near}/quick", f"{near}/slow", f"{far}/quicker"]
