"""Soundness and precision of the fingerprint, by mutating the library under the real experiments, and odd forms.

Sound: whenever a mutant changes what an experiment leaves, or makes it fail, its record is stale. Precise: a mutant of
what the experiment never runs, imports or opens leaves its record fresh.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from mutants.drawn import drawn, mutants
from mutants.table import Line, Pair, pairs, precision, table
from mutants.trial import CRASHED, REFUSED
from mutation import trial

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

KINDS = {
    "alias", "annotation", "data", "data folder", "docstring", "draw", "effect", "imports", "inside", "named", "order",
    "patch", "quiet", "stars", "swap bases", "swap decorators", "swap definitions", "swap entries", "swap use",
}  # fmt: skip


def assess(lines: list[Line], count: int) -> None:
    """Assert that no mutant got past, and that the records which stayed fresh say something."""
    unchanged = [line["unchanged"] for line in lines if "unchanged" in line]
    assert all(not one["why"] and not one["changed"] for found in unchanged for one in found.values()), (
        "the experiments differ from run to run, or layout shows"
    )
    assert sum("experiments" in line for line in lines) == count
    found = list(pairs(lines))
    print(f"\n{table(lines)}")
    assert not [str(pair) for pair in found if pair.why == [CRASHED]]
    missed = sorted(str(pair) for pair in found if pair.missed)
    assert not missed, "changed values, or failed, and still fresh:\n" + "\n".join(missed)
    assert sum(not pair.why for pair in found) > len(found) // 4, "too few records stayed fresh to test anything"
    looked = [pair for pair in found if pair.why and pair.changed is not None and pair.used]
    looked = [pair for pair in looked if pair.mutant["kind"] == "inside"]
    assert sum(bool(pair.changed) for pair in looked) > len(looked) // 4, "the mutants hardly change anything"


def idle_and_fresh(found: list[Pair]) -> float:
    """Return the share of fresh records where the mutant is in a function that never ran."""
    inside = [pair for pair in found if pair.mutant["kind"] == "inside" and pair.mutant["function"] and not pair.used]
    # a wrong declaration leaves a record neither fresh nor stale
    idle = [pair for pair in inside if not (pair.why and pair.why[0].startswith(REFUSED))]
    return sum(not pair.why for pair in idle) / len(idle)


@pytest.mark.audit
@pytest.mark.parametrize(("project", "count"), [("blog", 500), ("forms", 500)])
def test_no_mutant_of_many_changes_values_unseen(tmp_path: Path, project: str, count: int) -> None:
    lines = trial(ROOT, tmp_path, project, count, seed=47)
    assess(lines, count)
    found = list(pairs(lines))
    # forms are odd by design: many ask for modules by computed names, two start programs that may read anything
    assert precision(found) >= (0.97 if project == "blog" else 0.95)
    if project == "blog":
        assert idle_and_fresh(found) >= 0.95, "functions that never ran make records stale"


def test_mutants_of_every_kind_are_python_and_differ(tmp_path: Path) -> None:
    root = HERE / "forms"
    made = drawn(mutants(root, "forms", sorted((root / "forms").rglob("*.py"))), 400, seed=3)
    assert {mutant.kind for mutant in made} == KINDS
    for mutant in made:
        for name, content in mutant.files().items():
            before = (root / name).read_bytes() if (root / name).is_file() else None
            assert content != before, mutant
            if name.endswith(".py") and content is not None:
                ast.parse(content)


# a mutant, why its record is stale, whether values change and whether the edit is used: missed, stale for nothing
VERDICTS = {
    "seen": (["f changed"], True, True, False, False),
    "missed": ([], True, True, True, False),
    "nothing changed": ([], False, True, False, False),
    "stale for nothing": (["f changed"], False, False, False, True),
    "stale for what runs and gives the same": (["f changed"], False, True, False, False),
    "stale, and nobody looked": (["f changed"], None, False, False, False),
}


@pytest.mark.parametrize("row", VERDICTS)
def test_a_pair_is_missed_or_stale_for_nothing(row: str) -> None:
    why, changed, used, missed, for_nothing = VERDICTS[row]
    found = {"why": why, "used": used, **({} if changed is None else {"changed": changed})}
    line = {"kind": "alias", "file": "a.py", "change": "x", "complete": True, "experiments": {"find": found}}
    (pair,) = pairs([line])
    assert (pair.missed, pair.for_nothing) == (missed, for_nothing)
    assert precision([pair]) == (0 if for_nothing else 1)
