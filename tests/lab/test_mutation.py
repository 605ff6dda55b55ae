"""Soundness and precision of the fingerprint, by mutating the library under the real experiments.

Sound: whenever a mutant changes what an experiment leaves, or makes it fail, its record is stale. Precise: a mutant in
a function that the experiment never calls leaves its record fresh.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from mutation import REFUSED

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


def trial(folder: Path, count: int, seed: int) -> list[dict[str, Any]]:
    """Try mutants in two processes; return the lines that both printed."""
    children = []
    for part in range(2):
        (folder / str(part)).mkdir()
        command = [HERE / "mutation.py", ROOT, folder / str(part), count, seed, part, 2]
        children.append(subprocess.Popen([sys.executable, *map(str, command)], stdout=subprocess.PIPE, text=True))
    printed = [child.communicate()[0] for child in children]
    assert [child.returncode for child in children] == [0, 0]
    return [json.loads(line) for text in printed for line in text.splitlines()]


def assess(lines: list[dict[str, Any]], count: int) -> dict[str, int]:
    """Assert that no mutant got past; return what was counted."""
    ran = {name: {tuple(pair) for pair in pairs} for name, pairs in lines[0]["ran"].items()}
    unchanged = [line["unchanged"] for line in lines if "unchanged" in line]
    assert all(not one["why"] and not one["changed"] for found in unchanged for one in found.values()), (
        "the experiments differ from run to run, or layout shows"
    )
    tries = [line for line in lines if "experiments" in line]
    assert len(tries) == count
    names = ("pairs", "fresh", "refused", "stale and run", "stale and changed", "idle", "idle and fresh")
    counted = dict.fromkeys(names, 0)
    missed = []
    for mutant in tries:
        for name, found in mutant["experiments"].items():
            counted["pairs"] += 1
            if not found["why"]:
                counted["fresh"] += 1
                if found["changed"]:
                    missed.append((name, mutant["file"], mutant["owner"], mutant["change"], found.get("failed")))
            elif "changed" in found:
                counted["stale and run"] += 1
                counted["stale and changed"] += found["changed"]
            if found["why"] and found["why"][0].startswith(REFUSED):
                counted["refused"] += 1  # a declaration that is wrong: neither fresh nor stale
            elif mutant["function"] and (mutant["file"], mutant["owner"]) not in ran[name]:
                counted["idle"] += 1
                counted["idle and fresh"] += not found["why"]
    assert not missed, f"changed values, or failed, and still fresh: {missed}"
    assert counted["fresh"] > count // 4, "too few mutants stayed fresh to test anything"
    assert counted["stale and changed"] > counted["stale and run"] // 4, "the mutants hardly change anything"
    share = counted["idle and fresh"] / counted["idle"]
    print(f"\n{count} mutants: {counted}; of those in functions that never ran, {share:.1%} left the record fresh")
    return counted


def test_no_mutant_changes_values_unseen(tmp_path: Path) -> None:
    assess(trial(tmp_path, 30, seed=20), 30)


@pytest.mark.audit
def test_no_mutant_of_many_changes_values_unseen(tmp_path: Path) -> None:
    counted = assess(trial(tmp_path, 600, seed=47), 600)
    assert counted["idle and fresh"] >= 0.95 * counted["idle"]
