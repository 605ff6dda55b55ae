"""The command line, end to end on a toy project in a git repository: run, status, sweeps, exit codes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from workbench import Bench, write_mutated

NAMES = ["with_absolute", "with_huber", "with_none", "with_squared", "with_two"]
RUNS = 3 + 2 + 3 + 1 + 1


def states(bench: Bench) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for state in bench.json("status"):
        found.setdefault(state["experiment"], set()).add(state["state"])
    return found


def test_one_line_of_a_loss_makes_stale_what_uses_it_and_nothing_else(recorded: Bench) -> None:
    assert states(recorded) == {name: {"fresh"} for name in NAMES}
    recorded.edit("toy/losses.py", "x * x / 2", "x * x / 3")
    assert states(recorded) == {name: {"fresh"} for name in NAMES} | {"with_huber": {"stale"}}
    status = recorded("status")
    assert status.exit_code == 1
    assert "with_huber smoke base, seed 0, 1, 2: toy.losses.huber changed" in status.stdout
    due = rf"{RUNS - 3} fresh, 3 due; about \d+ ms sequentially, by their last records"
    assert re.search(due, status.stdout)

    why = recorded("why", "with_huber")
    assert why.exit_code == 1
    lines = [line.strip() for line in why.stdout.splitlines()]
    assert "toy.losses.huber changed" in lines
    assert "reached by toy.experiments.with_huber.with_huber -> toy.losses.huber" in lines
    assert "-    near = x * x / 2" in lines
    assert "+    near = x * x / 3" in lines
    for name in set(NAMES) - {"with_huber"}:
        fresh = recorded("why", name)
        assert (fresh.exit_code, fresh.stdout) == (0, f"{name}: every record is fresh\n")

    again = recorded("run", "--scale", "smoke", "--executor", "inline")
    assert again.stdout.splitlines()[-1] == f"3 recorded, 0 failed, {RUNS - 3} were fresh"
    assert states(recorded) == {name: {"fresh"} for name in NAMES}


def test_comment_layout_docstring_and_annotation_make_nothing_stale(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "# quadratic near nothing", "# a parabola, then two lines")
    recorded.edit("toy/losses.py", "def squared(x):\n", 'def squared(x: float) -> float:\n\n    """x²."""\n')
    assert states(recorded) == {name: {"fresh"} for name in NAMES}
    assert recorded("status").exit_code == 0


def test_other_torch_makes_nothing_stale_and_is_told(recorded: Bench) -> None:
    for path in recorded.project.results.rglob("with_huber/**/*.json"):
        write_mutated(path, lambda body: body["environment"].update(torch="2.11.0"))
    status = recorded("status", "with_huber")
    assert status.exit_code == 0
    assert "recorded with" in status.stdout.splitlines()[0]
    assert "torch 2.11.0" in status.stdout.splitlines()[1]


def test_missing_stale_and_broken_are_told_apart(recorded: Bench) -> None:
    results = recorded.project.results
    (results / "with_squared/smoke/base/seed-1.json").unlink()
    (results / "with_none/smoke/base/seed-0.json").write_text("{}", encoding="utf-8")
    recorded.edit("toy/losses.py", "return abs(x)", "return abs(-x)")
    assert states(recorded) == {
        "with_squared": {"fresh", "missing"},
        "with_none": {"broken"},
        "with_absolute": {"stale"},
        "with_two": {"stale"},
        "with_huber": {"fresh"},
    }
    table = recorded("status").stdout
    assert "missing (1)" in table
    assert "docs/results/with_none/smoke/base/seed-0.json: schema None" in table


def test_unknown_names_are_answered_with_near_ones(bench: Bench) -> None:
    for command in ("status", "why", "diff", "accept", "run"):
        result = bench(command, "with_hubert")
        assert result.exit_code == 2, command
        assert result.stderr == "mlblog: there is no experiment 'with_hubert'. Did you mean with_huber?\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "with_none", "--set", "depth=3"], "no parameter 'depth'; it has x, slope"),
        (["run", "with_none", "--set", "x"], "write an override as name=value"),
        (["run", "with_none", "--set", 'x={"a": 1}'], "a parameter must be a number, a string"),
        (["run", "with_none", "--sweep", "x="], "write a sweep as"),
        (["run", "--scale", "full"], "no experiment has the scale full"),
        (["run", "with_none", "--scale", "full"], "no experiment named has the scale full"),
        (["diff", "with_none", "--against", "nothing"], "no commit 'nothing'"),
        (["diff", "with_none", "--against", "--all"], "no commit '--all'"),
        (["unpack", "nowhere.pack"], "nowhere.pack: No such file"),
        (["pack", "x.pack"], "nothing to pack"),
        (["status", "--scale", "huge"], "'huge' is not one of"),
        (["nonsense"], "No such command"),
    ],
)
def test_wrong_calls_end_with_two_and_change_nothing(bench: Bench, arguments: list[str], message: str) -> None:
    result = bench(*arguments)
    assert message in result.stderr
    assert result.exit_code == 2
    assert bench.files() == {}
    assert bench.git("status", "--porcelain") == ""


def test_sweep_records_each_point(bench: Bench) -> None:
    arguments = ("run", "with_two", "--scale", "smoke", "--sweep", "x=1,2,4", "--seeds", "2", "--executor", "inline")
    result = bench(*arguments)
    assert (result.exit_code, result.stdout) == (0, "6 recorded, 0 failed, 0 were fresh\n")
    found = {name: bench.lab.store.read(name).values["loss"] for name in bench.lab.store.names()}
    assert found == {
        f"with_two/smoke/x={x}/seed-{seed}.json": x * x + 1 for x in (1, 2, 4) for seed in (0, 1)
    }  # fmt: skip
    assert bench(*arguments).stdout == "nothing to do: 6 records are fresh\n"


def test_point_that_is_named_twice_is_run_once(bench: Bench) -> None:
    result = bench("run", "with_none", "with_none", "--scale", "smoke", "--sweep", "x=1,1", "--executor", "inline")
    assert result.stdout == "1 recorded, 0 failed, 0 were fresh\n"


def test_failed_run_ends_with_one_and_keeps_the_last_good_record(recorded: Bench) -> None:
    before = recorded.files()
    recorded.edit("toy/losses.py", "near = x * x / 2", "near = x / 0")
    result = recorded("run", "with_huber", "--scale", "smoke", "--executor", "inline")
    assert (result.exit_code, result.stdout) == (1, "0 recorded, 3 failed, 0 were fresh\n")
    assert "mlblog: with_huber smoke seed 2: ZeroDivisionError: float division by zero" in result.stderr
    assert recorded.files() == before


def test_every_json_document_parses(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "x * x / 2", "x * x / 3")
    (why, *_) = recorded.json("why", "with_huber")
    assert why["state"] == "stale"
    assert len(recorded.json("why", "with_huber")) == 3
    assert len(recorded.json("status")) == RUNS
    assert {move["name"] for move in recorded.json("diff", "with_huber")} >= {"loss"}
    assert isinstance(recorded.json("check"), list)


def test_status_and_import_load_no_torch(recorded: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONPATH")  # where torch is not to be had nobody could load it
    script = """
import sys
import mlblog
assert "torch" not in sys.modules
sys.argv = ["mlblog", "status"]
try:
    from mlblog.cli import main
    main()
except SystemExit as end:
    assert not end.code, end.code
heavy = {"torch", "IPython", "matplotlib", "mkdocs", "ray"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], cwd=recorded.project.root, check=True, capture_output=True)


def test_no_project_is_said_with_two(tmp_path: Path, mlblog) -> None:  # type: ignore[no-untyped-def]
    done = mlblog("status")
    assert done.returncode == 2
    assert "not in a project" in done.stderr


def test_record_json_is_a_plain_file(recorded: Bench) -> None:
    body = json.loads((recorded.project.results / "with_two/smoke/base/seed-0.json").read_text(encoding="utf-8"))
    assert body["values"]["loss"] == 10.0
    assert body["environment"]["dirty"] is False
    assert body["environment"]["commit"] == recorded.git("rev-parse", "HEAD~1")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("small=dict(x=5.0)", "small=dict(y=5.0)", "small sets 'y', which is not a parameter"),
        ("smoke=dict(x=3.0), ", "", "no smoke scale"),
        ("seeds=2", "seeds=0", "seeds is 0"),
        ("seeds=2", "seeds=2, variants=[dict(z=1)]", "variant 0 sets 'z', which is not a parameter"),
        ("small=dict(x=5.0)", "small=dict()", "scale small does not set 'x', which has no default"),
        ("small=dict(x=5.0)", "small=dict(x={})", "scale small sets 'x' to a value that records cannot store"),
        ("small=dict(x=5.0)", "small=[5.0]", "scale small is not a dictionary of parameters"),
        ("seeds=2", "seeds=2, variants=3", "variants is 3; it must be a list of dictionaries"),
        ("seeds=2", "seeds=int('2')", "bound once to literals: int('2')"),
        (
            "slope: float",
            "scale: float",
            "py:6: with_absolute: parameter 'scale' clashes with an argument of .runs(scale=…)",
        ),
        ("slope: float", "run: float", "parameter 'run' clashes with an argument of .runs(run=…); rename it"),
        ("slope: float", "self: float", "parameter 'self' clashes with an argument of .runs(self=…); rename it"),
        ("slope: float", "größe: float", "parameter 'größe' needs a name of at most 100 letters, digits and"),
        ("def with_absolute(", "def with_größe(", "the experiment 'with_größe' needs a name of at most 100 letters"),
    ],
)
def test_wrong_declaration_makes_nothing_look_fresh(recorded: Bench, old: str, new: str, message: str) -> None:
    """The file could not be imported, so no run in it could be repeated."""
    recorded.edit("toy/experiments/with_absolute.py", old, new)
    result = recorded("status")
    assert result.exit_code == 2
    assert result.stderr.startswith("mlblog: toy/experiments/with_absolute.py:")
    assert message in result.stderr


def test_check_executes_nothing_and_fails_on_what_is_not_whole(recorded: Bench) -> None:
    recorded.edit("toy/losses.py", "DELTA = 2.0", "open('ran', 'w').close()\nDELTA = 2.0")
    for path in recorded.project.results.rglob("*.json"):
        write_mutated(path, lambda body: None)
    found = recorded.json("check")
    assert any("toy.losses.<import>" in line for line in found), "what importing the module does has changed"
    recorded.git("checkout", "-q", ".")
    whole = recorded("check")
    assert (whole.exit_code, whole.stdout) == (0, "all records are valid and fresh, and all posts can be read\n")

    recorded.edit("toy/losses.py", "x * x / 2", "x * x / 3")
    base = recorded.project.results / "with_squared/smoke/base"
    (base / "seed-2.json").unlink()
    next(base.glob("seed-1-*.safetensors")).write_bytes(b"")
    result = recorded("check")
    assert result.exit_code == 1
    stale = [line for line in result.stdout.splitlines() if "stale: toy.losses.huber changed" in line]
    assert len([line for line in stale if "with_huber" in line]) == len(stale) == 3
    assert "with_squared smoke seed 2: missing. Record it: mlblog run with_squared --scale smoke" in result.stdout
    assert "with_squared/smoke/base/seed-1.json: the .safetensors file beside it is missing" in result.stdout
    assert not (recorded.project.root / "ran").exists()
