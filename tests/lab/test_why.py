"""Why a record is stale: paths through methods and re-exports, diffs against the record's commit, and their limits."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from typing import Any

import pytest
from workbench import Bench


def reasons(bench: Bench, name: str) -> dict[str, dict[str, Any]]:
    explained = bench.json("why", name)
    return {why["name"]: why for why in explained[0]["why"]}


def test_path_goes_through_what_calls_it(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "DELTA = 2.0", "DELTA = 4.0")
    why = reasons(recorded, "with_huber")["toy.losses.DELTA"]
    assert why["path"] == ["toy.experiments.with_huber.with_huber", "toy.losses.huber", "toy.losses.DELTA"]
    assert [line for line in why["diff"].splitlines() if line[:2] in ("-D", "+D")] == ["-DELTA = 2.0", "+DELTA = 4.0"]
    assert why["kind"] == "changed"
    assert why["note"] == ""


def test_added_and_removed_code_is_named(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return bigger(x, -x)\n\ndef bigger(a, b):\n    return max(a, b)")
    found = reasons(recorded, "with_absolute")
    assert {name: why["kind"] for name, why in found.items()} == {
        "toy.losses.absolute": "changed",
        "toy.losses.bigger": "added",
    }
    assert "+    return max(a, b)" in found["toy.losses.bigger"]["diff"]

    recorded.edit("toy/losses.py", "DELTA * (abs(x) - DELTA / 2)", "2.0 * (abs(x) - 1.0)")
    recorded.edit("toy/losses.py", "if abs(x) <= DELTA", "if abs(x) <= 2.0")
    assert list(reasons(recorded, "with_huber")) == ["toy.losses.huber"], "DELTA is as it was, and is used no more"
    recorded.edit("toy/losses.py", "DELTA = 2.0", "")
    found = reasons(recorded, "with_huber")
    assert found["toy.losses.DELTA"]["kind"] == "removed"
    assert found["toy.losses.DELTA"]["path"] == []


def test_other_meaning_of_the_same_name_shows_the_import(recorded: Bench) -> None:
    recorded.edit("toy/experiments/with_none.py", "import numpy as np", "import numpy.ma as np")
    recorded.git("checkout", "-q", "toy")
    recorded.edit("toy/losses.py", "DELTA = 2.0", "from math import tau as DELTA")
    found = reasons(recorded, "with_huber")
    assert "+from math import tau as DELTA" in found["toy.losses.huber"]["diff"]


def test_parameter_says_what_it_was(recorded: Bench) -> None:
    recorded.edit("toy/experiments/with_two.py", "slope: float = 1.0", "slope: float = 2.0")
    ((why,),) = [explained["why"] for explained in recorded.json("why", "with_two")]
    assert (why["kind"], why["name"], why["detail"]) == ("parameter", "slope", "was 1.0, is 2.0")
    assert "slope was 1.0, is 2.0" in recorded("why", "with_two").stdout


def test_run_on_uncommitted_changes_says_so(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1")
    assert recorded("run", "with_absolute", "--scale", "smoke", "--executor", "inline").exit_code == 0
    recorded.edit("toy/losses.py", "return abs(x) + 1", "return abs(x) + 2")
    why = reasons(recorded, "with_absolute")["toy.losses.absolute"]
    assert why["note"] == "it ran on uncommitted changes: the diff is against the commit with these changes"


def test_missing_and_gone_need_no_diff(recorded: Bench) -> None:
    path = recorded.project.results / "with_none/smoke/base/seed-0.json"
    text = path.read_bytes()
    path.unlink()
    assert "with_none small seed 0: missing" in recorded("why", "with_none", "--scale", "small").stdout
    path.write_bytes(text)
    assert recorded("why", "with_none").exit_code == 0


def test_module_that_is_not_python_is_named_by_its_line(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x")
    for command in (("status",), ("why", "with_huber"), ("gc",)):
        result = recorded(*command)
        if command != ("gc",):
            assert result.exit_code == 2
            assert result.stderr.startswith("mlblog: toy/losses.py:8: not Python:")
        else:
            assert result.exit_code == 0


def test_commit_that_is_an_option_is_no_commit(recorded: Bench) -> None:
    from workbench import write_mutated

    recorded.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1")
    for path in recorded.project.results.rglob("with_absolute/**/*.json"):
        write_mutated(path, lambda body: body["environment"].update(commit="--since=yesterday"))
    why = reasons(recorded, "with_absolute")["toy.losses.absolute"]
    assert (why["diff"], why["note"]) == (
        "", "no diff: the record was made at commit '--since=yest', which is missing here: fetch the branch"
    )  # fmt: skip


def _archived(bench: Bench) -> None:
    shutil.rmtree(bench.project.root / ".git")


def _begun_again(bench: Bench) -> None:
    _archived(bench)
    bench.git("init", "-q")
    bench.commit()


def _shallow(bench: Bench) -> None:
    bench.commit()
    bench.commit()
    head = bench.git("rev-parse", "HEAD")
    (bench.project.root / ".git/shallow").write_text(f"{head}\n", encoding="utf-8")
    bench.git("reflog", "expire", "--expire=all", "--all")
    bench.git("gc", "-q", "--prune=now")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (_archived, "there is no readable git repository here"),
        (_begun_again, "fetch the branch"),
        (_shallow, "this clone is shallow; fetch the rest: git fetch --unshallow"),
    ],
)
def test_without_the_commit_reasons_are_listed_and_the_diff_is_not(
    recorded: Bench, change: Callable[[Bench], None], told: str
) -> None:
    change(recorded)
    recorded.edit("toy/losses.py", "x * x / 2", "x * x / 3")
    shown = recorded("why", "with_huber")
    assert shown.exit_code == 1
    assert "toy.losses.huber changed" in shown.stdout
    assert "reached by toy.experiments.with_huber.with_huber -> toy.losses.huber" in shown.stdout
    assert "(no diff: the record was made at commit '" in shown.stdout
    assert told in shown.stdout
    assert str(recorded.project.root) not in shown.output
