"""`mlblog table`: rows, columns and order, against values worked out by hand and SciPy's intervals."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pytest
from scipy import stats
from workbench import Bench, write_mutated

from mlblog.lab.records.record import Record
from mlblog.lab.records.table import Columns, Estimate, rows
from mlblog.lab.terminal import shown, text


@pytest.fixture
def swept(recorded: Bench, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """`with_squared` at two scales, and at smoke scale with three values of x, two of them with two seeds."""
    monkeypatch.setenv("COLUMNS", "100")
    run = ("run", "with_squared", "--executor", "inline")
    assert recorded(*run, "--scale", "smoke", "--sweep", "x=10,2", "--seeds", "2").exit_code == 0
    assert recorded(*run, "--scale", "small").exit_code == 0
    return recorded


def cells(table: str) -> list[list[str]]:
    """Split the first block of a table at its wide gaps."""
    return [re.split(r"\s{2,}", line.strip()) for line in table.split("\n\n")[0].splitlines()]


def losses(x: float, seeds: int) -> np.ndarray:
    return np.array([(x + 0.5 * seed) ** 2 for seed in range(seeds)])


def test_row_a_variant_with_students_interval_and_n(swept: Bench) -> None:
    head, *body = cells(swept("table", "with_squared", "--columns", "scale,x,seeds,n,loss").stdout)
    assert head == ["scale", "x", "seeds", "n", "loss"]
    expected = []
    for scale, x, seeds in (("smoke", "2", 2), ("smoke", "3.0", 3), ("smoke", "10", 2), ("small", "5.0", 3)):
        sample = losses(float(x), seeds)
        low, high = stats.t.interval(0.95, seeds - 1, sample.mean(), stats.sem(sample))
        half = (high - low) / 2
        digits = 0 if half >= 10 else 1
        expected.append([scale, x, f"0-{seeds - 1}", str(seeds), f"{sample.mean():.{digits}f} ± {half:.{digits}f}"])
    assert body == expected


def test_row_a_seed_holds_the_value_itself(swept: Bench) -> None:
    done = swept("table", "with_squared", "--seeds", "--columns", "seed,x,loss", "--scale", "smoke", "--sort", "-loss")
    found = [(row[0], row[1], float(row[2])) for row in cells(done.stdout)[1:]]
    every = [
        (str(seed), x, losses(float(x), n)[seed]) for x, n in (("2", 2), ("3.0", 3), ("10", 2)) for seed in range(n)
    ]
    assert found == sorted(every, key=lambda row: -row[2])


def test_parameters_that_agree_are_left_out_unless_all_are_asked_for(swept: Bench) -> None:
    assert "slope" not in cells(swept("table", "with_squared").stdout)[0]
    head, *body = cells(swept("table", "with_squared", "--all").stdout)
    assert {row[head.index("slope")] for row in body} == {"1.0"}


def test_stale_rows_are_marked_in_every_format(swept: Bench) -> None:
    assert "state" not in swept("table", "with_squared").stdout
    swept.edit("toy/losses.py", "return x * x", "return x * x * 1")
    arguments = ("run", "with_squared", "--scale", "smoke", "--sweep", "x=2", "--seeds", "1", "--executor", "inline")
    assert swept(*arguments).exit_code == 0
    done = swept("table", "with_squared", "--columns", "scale,x")
    assert cells(done.stdout)[1:] == [
        ["smoke", "2", "stale 1 of 2"],
        ["smoke", "3.0", "stale"],
        ["smoke", "10", "stale"],
        ["small", "5.0", "stale"],
    ]
    assert "mlblog why with_squared" in done.stdout
    assert done.exit_code == 0
    assert [row["state"] for row in swept.json("table", "with_squared")][:2] == ["stale 1 of 2", "stale"]
    assert "stale 1 of 2" in swept("table", "with_squared", "--csv").stdout


def test_json_holds_everything_and_csv_all_digits(swept: Bench) -> None:
    document = swept.json("table", "with_squared", "--sort", "-x", "--scale", "smoke")
    assert [row["overrides"] for row in document] == [{"x": 10}, {}, {"x": 2}]
    sample = losses(3.0, 3)
    ends = stats.t.interval(0.95, 2, sample.mean(), stats.sem(sample))
    base = document[1]
    assert (base["params"], base["seeds"], base["state"]) == ({"x": 3.0, "slope": 1.0}, [0, 1, 2], "fresh")
    assert base["values"]["loss"]["mean"] == pytest.approx(sample.mean(), rel=1e-14)
    assert base["values"]["loss"]["interval"] == pytest.approx(ends)
    parsed = list(csv.DictReader(io.StringIO(swept("table", "with_squared", "--scale", "smoke", "--csv").stdout)))
    assert [row["x"] for row in parsed] == ["2", "3.0", "10"]
    assert [float(parsed[1][key]) for key in ("loss", "loss.low", "loss.high", "loss.n")] == pytest.approx(
        [sample.mean(), *ends, 3]
    )
    only = swept.json("table", "with_squared", "--scale", "smoke", "--columns", "x,loss")
    assert [sorted(row) for row in only] == [["params", "values"]] * 3
    assert only[1]["params"] == {"x": 3.0}


WRONG = [
    (["with_squared", "--columns", "los"], "there is no column 'los'. Did you mean loss", 2),
    (["with_squared", "--sort", "-clok"], "there is no column 'clok'. Did you mean clock?", 2),
    (["with_squared", "--columns", "zzz"], "Columns: scale, seeds, n, state, ", 2),
    (["with_squared", "--columns", ""], "there is no column ''", 2),
    (["with_squared", "--json", "--csv"], "choose one", 2),
    (["with_squared", "--scale", "full"], "with_squared has no scale 'full'; it has smoke, small", 2),
    (["with_hubert"], "Did you mean with_huber?", 2),
    (["with_two", "--scale", "small"], "Record it: mlblog run with_two --scale small", 1),
    (["with_two", "--scale", "small"], "with_two: no records at scale small; there are records at", 1),
]


def test_what_cannot_be_shown_is_named(recorded: Bench) -> None:
    for arguments, message, code in WRONG:
        done = recorded("table", *arguments)
        assert message in done.stderr
        assert (done.exit_code, done.stdout) == (code, "")


def test_no_record_at_all_says_how_to_record(bench: Bench) -> None:
    done = bench("table", "with_two")
    assert done.stderr == "mlblog: with_two: no records. Record it: mlblog run with_two\n"
    assert done.exit_code == 1


def test_broken_record_is_named_and_the_rest_shown(swept: Bench) -> None:
    (swept.project.results / "with_squared/smoke/base/seed-1.json").write_text("{}", encoding="utf-8")
    done = swept("table", "with_squared", "--columns", "x,seeds", "--scale", "smoke")
    assert cells(done.stdout)[1:] == [["2", "0-1"], ["3.0", "0,2"], ["10", "0-1"]]
    assert "docs/results/with_squared/smoke/base/seed-1.json: schema None" in done.stderr
    assert done.exit_code == 1


def test_name_that_is_a_parameter_and_a_value_is_told_apart(recorded: Bench) -> None:
    for path in recorded.project.results.rglob("with_two/**/*.json"):
        write_mutated(path, lambda body: body["values"].update(x=7))
    assert "write param.x or value.x" in recorded("table", "with_two", "--columns", "x").stderr
    found = cells(recorded("table", "with_two", "--columns", "param.x,value.x").stdout)
    assert found == [["param.x", "value.x"], ["3.0", "7"]]


def made(seed: int, scale: str = "small", params: dict | None = None, **values: object) -> Record:
    return Record("e", scale, {}, params or {"p": 1}, seed, values, {}, {}, {}, {})  # type: ignore[arg-type]


def test_values_that_are_no_numbers_and_values_that_some_seeds_lack() -> None:
    records = [
        made(0, v=1.0, flag=True, name="a", sizes=[1, 2], some=4.0),
        made(1, v=3.0, flag=True, name="b", sizes=[1, 2], some=6.0),
        made(2, v=8.0, flag=True, name="a", sizes=[1, 2]),
    ]
    (row,) = rows(records, lambda record: False)
    assert set(row.values) == {"v", "flag", "name", "some"}
    assert row.lists == ("sizes",)
    assert (row.values["flag"], row.values["name"]) == (True, ["a", "b"])
    some = row.values["some"]
    assert isinstance(some, Estimate)
    assert (some.mean, some.n) == (5.0, 2)
    assert "5 ± 13 (n=2)" in text([row], Columns([row]).default(), 100)


def test_records_of_other_parameters_are_not_averaged() -> None:
    """A declaration has changed; the seeds recorded before it are another run."""
    found = rows([made(0, params={"p": 1}, v=1.0), made(1, params={"p": 2}, v=9.0)], lambda record: False)
    assert [(row.params, row.seeds, row.values["v"]) for row in found] == [({"p": 1}, (0,), 1.0), ({"p": 2}, (1,), 9.0)]


def test_sorting_by_a_column_that_some_rows_lack_puts_them_last(swept: Bench) -> None:
    for path in swept.project.results.rglob("with_squared/small/**/*.json"):
        write_mutated(path, lambda body: body["values"].pop("loss"))
    for order, expected in (("loss", ["2", "3.0", "10", "5.0"]), ("-loss", ["10", "3.0", "2", "5.0"])):
        found = cells(swept("table", "with_squared", "--columns", "x,loss", "--sort", order).stdout)
        assert [row[0] for row in found[1:]] == expected


@pytest.mark.parametrize("width", [40, 100])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(width: int) -> None:
    params = {
        "name": "a very long string that says next to nothing",
        "big": 123456789012345678,
        "small": 1.25e-05,
        "sizes": [1000 + size for size in range(20)],
    }
    records = [
        made(seed, params={**params, "k": k}, **{f"value_{i}": 1000.5 * i + k + seed / 8 for i in range(12)})
        for seed in range(2)
        for k in (1, 2)
    ]
    found = rows(records, lambda record: False)
    shown_text = text(found, Columns(found).default(every=True), width)
    assert max(map(len, shown_text.splitlines())) <= width
    assert shown_text.count("123456789012345678") == shown_text.count("1.25e-05") >= 2
    assert "a very long st…xt to nothing" in shown_text
    assert "[1000, 1001, 1002, 1003, 1004, …]" in shown_text
    for i in range(12):
        assert shown_text.count(f"value_{i}\n") + shown_text.count(f"value_{i} ") == 1
        assert f"{1000.5 * i + 1 + 1 / 16:.2f}" in shown_text


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (Estimate(0.904281, 0.892281, 0.916281, 3), "0.904 ± 0.012"),
        (Estimate(1234.4, 1034.4, 1434.4, 3), "1234 ± 200"),
        (Estimate(2.5, 2.5, 2.5, 3), "2.5"),
        (Estimate(0.94827, 0.84031, 0.98461, 3), "0.948 (0.84 to 0.985)"),
        (Estimate(1e12, 0.9e12, 1.1e12, 2), "1e+12 ± 1e+11"),
        (12345678901, "12345678901"),
        (True, "true"),
        ("two\nlines", '"two\\nlines"'),
        ("", '""'),
        (None, "-"),
    ],
)
def test_cells_as_people_read_them(cell: object, expected: str) -> None:
    assert shown(cell) == expected  # type: ignore[arg-type]


def test_seeds_that_agree_have_no_spread(recorded: Bench) -> None:
    """The mean of three times 0.1 is not 0.1 in floating point."""
    (row,) = rows([made(seed, v=0.1) for seed in range(3)], lambda record: False)
    assert row.values["v"] == Estimate(0.1, 0.1, 0.1, 3)
    assert json.dumps(row.to_json())
