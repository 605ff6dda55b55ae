"""When two codes are one by what is known without a run, and which results count as the same bits."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from workbench import Bench, write_mutated

from mlblog.lab import Record, determinism
from mlblog.lab.accepting.checkouts import Pasts
from mlblog.lab.accepting.same import differences, same_code
from mlblog.lab.records.arrays import Arrays

CODE = "toy.losses.absolute"
OWN = "mlblog.lab.determinism.deterministic"
RECORD = "docs/results/with_two/smoke/base/seed-0.json"
ACCEPTED = "2026-11-21T17:00:00+00:00 {head}"

Change = Callable[[dict[str, Any]], Any]


def claim(bench: Bench) -> str:
    lab = bench.lab
    record = lab.store.read(RECORD.removeprefix("docs/results/"))
    with Pasts(lab.project) as pasts:
        return same_code(lab, record, lab.reasons(record), pasts)


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda body: body["manifest"].update({CODE: "0" * 32}), True),  # another way of taking digests
        (lambda body: body["manifest"].pop(CODE), True),
        # names that are counted no more: of the commit, or of a file that git ignored and that is gone
        (lambda body: body["manifest"].update({"toy.losses.huber": "0" * 32}), True),
        (lambda body: body["manifest"].update({"toy.losses.<import>": "0" * 32}), True),
        (lambda body: body["manifest"].update({"toy.losses.gone": "0" * 32}), False),
        (lambda body: body["manifest"].update({"toy.local.ONE": "0" * 32}), False),
        (lambda body: body["manifest"].update({"toy.local.<import>": "0" * 32}), False),
        (lambda body: body["manifest"].update({"elsewhere.ONE": "0" * 32}), False),
        (lambda body: body["manifest"].update({OWN: "0" * 32}), False),  # the commit does not hold that file
        (lambda body: body["manifest"].update({"data:toy/kept.txt": "0" * 32}), True),
        (lambda body: body["manifest"].update({"data:toy/ignored.txt": "0" * 32}), False),
        (lambda body: body["manifest"].update({"data:toy/nowhere.txt": "0" * 32}), False),
        (lambda body: body["manifest"].update({"data:docs/results/notes.txt": "0" * 32}), False),
        (lambda body: body["manifest"].update({"outside:0/of-another-machine": "0" * 32}), True),
        (lambda body: body["manifest"].update({"records:with_none": "0" * 32}), False),
        (lambda body: body["params"].pop("slope"), False),
    ],
)
def test_commit_has_the_code_of_now_where_it_can_tell(bench: Bench, change: Change, same: bool) -> None:
    root = bench.project.root
    (root / ".gitignore").write_text("ignored.txt\n.mlblog/\n__pycache__/\n", encoding="utf-8")
    (root / "docs/results").mkdir(parents=True)
    for name in ("toy/kept.txt", "toy/ignored.txt", "docs/results/notes.txt"):
        (root / name).write_text("x\n", encoding="utf-8")
    commit = bench.commit()
    assert bench("run", "with_two", "--scale", "smoke", "--executor", "inline").exit_code == 0
    write_mutated(root / RECORD, change)
    assert claim(bench) == (f"same code as commit {commit[:12]}" if same else "")


def test_other_code_is_not_the_same(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(-x)")
    assert claim(recorded) == ""


def test_data_of_a_commit_must_be_that_of_now(bench: Bench) -> None:
    (bench.project.root / "toy/kept.txt").write_text("x\n", encoding="utf-8")
    bench.commit()
    assert bench("run", "with_two", "--scale", "smoke", "--executor", "inline").exit_code == 0
    write_mutated(bench.project.root / RECORD, lambda body: body["manifest"].update({"data:toy/kept.txt": "0" * 32}))
    (bench.project.root / "toy/kept.txt").write_text("y\n", encoding="utf-8")
    assert claim(bench) == ""


@pytest.mark.parametrize(
    ("suffix", "same"), [("", True), (": same code as commit 0", True), (" with uncommitted changes", False)]
)
def test_accepted_record_is_compared_with_the_commit_at_which_it_was(recorded: Bench, suffix: str, same: bool) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(-x)")
    head = recorded.commit()

    def adopt(body: dict[str, Any]) -> None:
        body["environment"]["accepted"] = [ACCEPTED.format(head=head[:12]) + suffix]
        body["manifest"][CODE] = "0" * 32

    write_mutated(recorded.project.root / RECORD, adopt)
    assert claim(recorded) == (f"same code as commit {head[:12]}" if same else "")


@pytest.mark.parametrize("kept", [True, False])
def test_code_of_an_accepted_record_was_put_back(bench: Bench, kept: bool) -> None:
    """Then it is as if nothing had been accepted, if the commit holds all that the record rests on."""
    if kept:
        (bench.project.root / "mlblog/lab").mkdir(parents=True)
        shutil.copy(Path(determinism.__file__), bench.project.root / "mlblog/lab/determinism.py")
    made = bench.commit()
    assert bench("run", "with_two", "--scale", "smoke", "--executor", "inline").exit_code == 0

    def adopt(body: dict[str, Any]) -> None:
        body["environment"]["accepted"] = [ACCEPTED.format(head="0" * 12)]  # a commit that was rebased away
        body["manifest"][CODE] = "0" * 32

    write_mutated(bench.project.root / RECORD, adopt)
    assert claim(bench) == (f"same code as commit {made[:12]}" if kept else "")


def left(
    values: dict[str, Any] | None = None,
    arrays: dict[str, Any] | None = None,
    measured: tuple[str, ...] = (),
    data: dict[str, str] | None = None,
) -> Record:
    environment = {"measured": list(measured)}
    return Record("e", "smoke", {}, {}, 0, values or {}, Arrays.of(arrays or {}), {}, data or {}, environment)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (left({"a": 1.0, "b": "x"}), left({"b": "x", "a": 1.0}), []),
        (left({"a": 1.0}), left({"a": 1}), ["a"]),
        (left({"a": 0.0}), left({"a": -0.0}), ["a"]),
        (left({"a": [1, 0.0]}), left({"a": [True, 0.0]}), ["a"]),
        (left({"a": [0.0]}), left({"a": [-0.0]}), ["a"]),
        (left({"a": 1}), left({"b": 1}), ["a", "b"]),
        (left({"a": 1}), left({}, {"a": np.ones(())}), ["a"]),
        (left({}, {"a": np.zeros(3)}), left({}, {"a": np.zeros(3)}), []),
        (left({}, {"a": np.zeros(3)}), left({}, {"a": -np.zeros(3)}), ["a"]),
        (left({}, {"a": np.zeros(3)}), left({}, {"a": np.zeros((3, 1))}), ["a"]),
        (left({}, {"a": np.zeros(3)}), left({}, {"a": np.zeros(3, np.int64)}), ["a"]),
        (left({"a": 1, "t": 2.0}, measured=("t",)), left({"a": 1, "t": 3.0}, measured=("t",)), []),
        # what was saved and is measured now would be compared no more
        (left({"a": 1}), left({"a": 2}, measured=("a",)), ["a"]),
        (left({"a": 1}, measured=("a",)), left({"a": 1}), ["a"]),
        (left({"a": 1}, data={"w": "0"}), left({"a": 1}, data={"w": "1"}), ["data:w"]),
    ],
)
def test_same_bits(old: Record, new: Record, found: list[str]) -> None:
    assert differences(old, new) == found
    assert differences(replace(new), replace(old)) == found
