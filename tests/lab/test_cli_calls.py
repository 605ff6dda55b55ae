"""Calls that would do nothing, or something else than was meant, are refused before anything runs."""

from __future__ import annotations

import pytest
from workbench import Bench


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["run", "with_none", "--address", "10.0.0.5:6379"],
            "--address requires --executor ray, but --executor is local",
        ),
        (["run", "--executor", "inline", "--address", "x:1"], "add --executor ray"),
        (["run", "--executor", "inline", "--workers", "2"], "--workers requires --executor local"),
        (["run", "--executor", "inline", "--timeout", "2"], "--timeout requires --executor local"),
        (["run", "--executor", "ray", "--workers", "2"], "--workers requires --executor local"),
        (["run", "--watch", "--scale", "smoke"], "--watch runs nothing; leave out --scale, or --watch"),
        (["run", "with_none", "--all", "--watch"], "leave out --all"),
        (["run", "--watch", "with_nothing"], "with_nothing"),
        (["run", "with_none", "--sweep", "x=1,,2"], "without empty values"),
        (["run", "with_none", "--sweep", "x=1, "], "without empty values"),
        (["run", "with_none", "--set", "x=much"], '"much" is not of the declared type; declared are 3.0, 5.0'),
        (["run", "with_none", "--set", "slope=true"], "true is not of the declared type; declared are 1.0"),
        (["run", "with_none", "--sweep", "x=1,[2]"], "[2] is not of the declared type"),
        (["run", "--set", "x=1", "--set", "x=2"], "--set x=1 and --set x=2 both set 'x'; name it once, with --sweep"),
        (["run", "--sweep", "x=1,2", "--set", "x=1"], "--set x=1 and --sweep x=1,2 both set 'x'"),
        (["run", "with_none", "--sweep", "x=1", "--sweep", "x=2"], "--sweep x=1 and --sweep x=2 both set 'x'"),
        (["run", "with_none", "--set", "x=1", "--set", "x=1"], "both set 'x'"),
        (["pack", "nowhere/x.pack"], "nowhere/x.pack: the folder nowhere does not exist"),
        (["unpack", "toy/losses.py"], "toy/losses.py: not a pack of records"),
        (["accept", "with_none"], "with_none: no record to accept; record it: mlblog run with_none"),
        (["goals", "status"], "no week is open; there is none; open one: mlblog goals start"),
        (["goals", "tick", "x"], "no week is open"),
    ],
)
def test_calls_that_cannot_be_meant(bench: Bench, arguments: list[str], message: str) -> None:
    result = bench(*arguments)
    assert message in result.stderr
    assert (result.exit_code, result.stdout) == (2, "")
    assert bench.files() == {}
    assert bench.git("status", "--porcelain") == ""


def test_accepting_what_is_fresh_runs_nothing_and_says_so(recorded: Bench) -> None:
    before = recorded.files()
    result = recorded("accept", "with_two")
    assert (result.exit_code, result.stdout) == (0, "with_two: nothing to accept: no record is stale\n")
    assert recorded.files() == before


def test_diff_against_a_commit_without_records_says_that_they_are_new(recorded: Bench) -> None:
    result = recorded("diff", "with_two", "--against", "HEAD~1")
    assert (result.exit_code, result.stdout) == (
        0,
        "with_two: no records at HEAD~1, so nothing to compare; 1 records are new\n",
    )
    assert recorded("run", "with_two", "--scale", "smoke", "--set", "x=2", "--executor", "inline").exit_code == 0
    rows = recorded("diff", "with_two").stdout.splitlines()
    assert [row.split()[-1] for row in rows if row.startswith("smoke/x=2")] == ["new", "new"]


def test_whole_number_is_a_number(bench: Bench) -> None:
    arguments = ("--scale", "smoke", "--set", "x=2", "--seeds", "1", "--executor", "inline")
    assert bench("run", "with_none", *arguments).stdout == "1 recorded, 0 failed, 0 were fresh\n"


def test_compile_names_its_folder_from_the_project(bench: Bench) -> None:
    assert bench("compile").stdout.endswith(": 0 ran, 0 unchanged in .mlblog/pages\n")
