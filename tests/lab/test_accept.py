"""Records are kept under other code where it computes the same bits, and say what that was seen from."""

from __future__ import annotations

from pathlib import Path

import pytest
from accepted import REFACTORED, all_of, evidence, mutate, without_a_run
from workbench import Bench

from mlblog.errors import InputError
from mlblog.lab import Record
from mlblog.lab.accepting.accept import accept, adopted_manifest, steps
from mlblog.lab.accepting.checkouts import Pasts
from mlblog.lab.records.acceptance import acceptances
from mlblog.lab.running.environment import commit


def test_refactor_with_the_bits_recorded_is_adopted(small: Bench) -> None:
    before = {record.key: record for record in all_of(small, "with_absolute")}
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    result = small("accept", "with_absolute")
    device = before[next(iter(before))].environment["device"]
    seen = f"seed 0 at small, same bits as recorded, measured values aside ({device})"
    told = f"with_absolute: 2 accepted: {seen}"
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, told)
    assert "with_absolute small base, 2 records: one run, seed 0, about" in result.stdout.splitlines()[0]
    assert small("status", "with_absolute").exit_code == 0
    head = small.git("rev-parse", "HEAD")
    for now in all_of(small, "with_absolute"):
        then = before[now.key]
        assert (now.values, now.params, now.seed) == (then.values, then.params, then.seed)
        assert now.arrays["curve"].tobytes() == then.arrays["curve"].tobytes()
        (line,) = now.environment["accepted"]  # type: ignore[misc]
        moment, _, rest = str(line).partition(" ")
        assert moment.startswith("20")
        assert rest == f"{head[:12]} with uncommitted changes: {seen}"
        assert dict(now.environment) == {**then.environment, "accepted": [line]}
    assert small("status", "with_two").exit_code == 1, "it was not asked for"


@pytest.mark.parametrize(
    ("new", "named"),
    [
        ("return abs(x) * (1 + 2**-52)", "with_absolute small seed 0"),
        ("return abs(x) if x < 4 else abs(x) * 2", "with_absolute small seed 0"),  # smoke runs do not see this
    ],
)
def test_other_bits_are_refused_and_nothing_changes(small: Bench, new: str, named: str) -> None:
    small.edit("toy/losses.py", "return abs(x)", new)
    before = small.files()
    result = small("accept", "with_absolute")
    assert result.exit_code == 1
    assert "with_absolute: not accepted" in result.stderr
    assert f"gives different loss than commit {small.git('rev-parse', 'HEAD~1')[:12]} ({named})" in result.stderr
    assert small.files() == before


def test_where_the_machine_gives_other_bits_the_old_code_is_asked(small: Bench) -> None:
    mutate(small, "with_absolute", "values", loss=5.000000000000001)
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    assert small("accept", "with_absolute").exit_code == 0
    assert evidence(small, "with_absolute") == {
        f"seed 0 at small, same bits as commit {small.git('rev-parse', 'HEAD~1')[:12]}, measured values aside"
    }


@pytest.mark.parametrize(
    ("name", "arguments", "why"),
    [
        ("with_two", [], "since a run at this scale would cost as much as renewing"),
        ("with_absolute", ["--smoke"], "as requested"),
        ("with_absolute", ["cuda"], "since they were made on cuda: NVIDIA H100 and this machine has no GPU"),
    ],
)
def test_smoke_evidence_is_shown_wherever_records_are(small: Bench, name: str, arguments: list[str], why: str) -> None:
    if arguments == ["cuda"]:
        mutate(small, name, "environment", device="cuda: NVIDIA H100")
        arguments = []
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    result = small("accept", name, *arguments)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0].endswith(why)
    commit = small.git("rev-parse", "HEAD~1")[:12]
    assert evidence(small, name) == {f"smoke runs only: seed 0, same bits as commit {commit}, measured values aside"}
    records = all_of(small, name)
    day = acceptances(records[0])[0].date[:10]
    seeds = ", ".join(str(record.seed) for record in records)
    status = small("status", name)
    assert f"  {name} small base, seed {seeds}: accepted on smoke evidence, {day}" in status.stdout.splitlines()
    assert status.exit_code == 0
    assert [one["accepted"]["smoke_only"] for one in small.json("status", name)] == [True] * len(records)
    assert f"note: {records[0].path}: accepted on smoke evidence, {day}." in small("check").stdout
    assert not any("smoke evidence" in line for line in small.json("check")), "it is no failure"


def test_one_smoke_run_of_two_codes_sees_what_acts_there(small: Bench) -> None:
    small.edit("toy/losses.py", "return abs(x)", "return abs(x) + 1")
    before = small.files()
    result = small("accept", "with_two")
    assert (result.exit_code, small.files()) == (1, before)
    assert "gives different loss" in result.stderr


def test_new_parameter_with_the_old_behaviour_is_adopted(small: Bench) -> None:
    path = "toy/experiments/with_absolute.py"
    small.edit(path, "slope: float = 1.0,", "slope: float = 1.0, half: float = 0.5,")
    small.edit(path, "0.5 * seed", "half * seed")
    mutate(small, "with_absolute", "values", loss=5.000000000000001)  # so that the old code runs, too
    result = small("accept", "with_absolute")
    assert (result.exit_code, result.stderr.count("failed")) == (0, 0), result.output
    assert [record.params for record in all_of(small, "with_absolute")] == [{"half": 0.5, "slope": 1.0, "x": 5.0}] * 2
    assert small("status", "with_absolute").exit_code == 0


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "slope: float = 1.0",
            "slope: float = 2.0",
            "slope was 1.0, is 2.0: this changes the run, so it is not a refactoring",
        ),
        ("slope: float = 1.0", "sloping: float = 1.0", "slope was 1.0, is None: this changes the run"),
        ("small=dict(x=5.0)", "full=dict(x=5.0)", "no record to accept"),
        (
            "smoke=dict(x=3.0)",
            "smoke=dict(x=4.0)",
            "at smoke scale x was 3.0, is 4.0: runs of the old and new code are not",
        ),
        # at smoke scale it would not be the default that small runs get
        ("smoke=dict(x=3.0), small=dict(x=5.0", "smoke=dict(x=3.0), small=dict(x=5.0, k=2", "k was 2, is 1: runs of"),
    ],
)
def test_other_parameters_are_another_run(small: Bench, old: str, new: str, message: str) -> None:
    small.edit("toy/experiments/with_two.py", old, new)
    if "k=2" in new:
        small.edit("toy/experiments/with_two.py", "seed: int", "k: int = 1, seed: int")
    if "sloping" in new:
        text = (small.project.root / "toy/experiments/with_two.py").read_text(encoding="utf-8")
        body = text.replace("(slope)", "(sloping)").replace("* slope", "* sloping")
        (small.project.root / "toy/experiments/with_two.py").write_text(body, encoding="utf-8")
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    before = small.files()
    result = small("accept", "with_two")
    assert message in result.stderr
    assert (result.exit_code, small.files()) == (2, before)


def test_what_only_measures_cannot_be_compared(small: Bench) -> None:
    mutate(small, "with_two", "environment", measured=["clock", "curve", "loss"])
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    result = small("accept", "with_two")
    assert result.exit_code == 2
    assert "with_two/small/base/seed-0.json: it has measured values only" in result.stderr


def test_all_that_is_stale_is_accepted_experiment_by_experiment(small: Bench) -> None:
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    mutate(small, "with_two", "environment", dirty=True)
    result = small("accept", "--all")
    assert result.exit_code == 2
    assert result.stdout.splitlines()[-1] == "2 records accepted, 1 of 5 experiments refused"
    assert "with_two/small/base/seed-0.json: it was made by uncommitted code" in result.stderr
    assert small("status", "with_absolute").exit_code == 0
    assert small("status", "with_two").exit_code == 1


def test_nothing_stale_is_nothing_to_accept(recorded: Bench) -> None:
    before = recorded.files()
    assert recorded("accept", "with_none").stdout == "with_none: nothing to accept: no record is stale\n"
    assert recorded("accept", "--all").stdout == "nothing to accept: no record is stale\n"
    assert recorded.files() == before


def test_record_that_was_renewed_meanwhile_is_left_alone(small: Bench) -> None:
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    lab = small.lab
    with Pasts(lab.project) as pasts:
        planned = without_a_run(steps(lab, all_of(small, "with_two"), pasts))
        since = commit(lab.project.root)
        mutate(small, "with_two", "values", loss=7.0)
        before = small.files()
        with pytest.raises(InputError, match=r"seed-0\.json: it was re-recorded in the meantime"):
            accept(lab, planned, since)
    assert small.files() == before


def test_adopted_manifest_is_that_of_the_run_that_proved_it(small: Bench) -> None:
    first, second = all_of(small, "with_absolute")
    small.edit("toy/losses.py", "return abs(x)", REFACTORED)
    lab = small.lab
    now = lab.code.manifest("toy.experiments.with_absolute.with_absolute")
    run = Record(**{**vars(first), "manifest": {**now, "outside:x": "1"}})
    assert adopted_manifest(lab, first, run) == run.manifest
    assert adopted_manifest(lab, second, run) == run.manifest, (
        "what the other run has besides had changed or is in both"
    )
    assert adopted_manifest(lab, second, None) == now
    assert Path(first.path).name == "seed-0.json"
