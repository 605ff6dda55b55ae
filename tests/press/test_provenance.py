"""On which records each result rests: names are followed from the cell that read to the cell that draws."""

from __future__ import annotations

import pytest
from toypost import HEAD

from mlblog.lab import Read, Record
from mlblog.press import Outputs, Ran, parse_post
from mlblog.press.page.provenance import Evidence, accepted, resting_on, summary

A, B = (Read(name, None, {}, ((f"docs/results/{name}/full/base/seed-0.json", name * 3),)) for name in "ab")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["r = a()", "draw(r)"], ["a", "a"]),
        (["r = a()", "draw(x)"], ["a", ""]),
        (["r = a()", "y = r + 1", "draw(y)"], ["a", "a", "a"]),
        (["r = a()", "r = 1", "draw(r)"], ["a", "", ""]),
        (["r = a()", "s = b()", "draw(r, s)"], ["a", "b", "ab"]),
        (["import np\nr = a()\nm = np.mean(r)", "np.sin(1)"], ["a", ""]),
        (["t = []", "t.append(a())", "draw(t)"], ["", "a", "a"]),
        (["t = {}", "t['k'] = a()", "draw(t)"], ["", "a", "a"]),
        (["r = a()", "def f():\n    return r", "f()"], ["a", "a", "a"]),
        (["r = a()", "%time draw(r)"], ["a", "a"]),
        (["r = a()", "%%time\ndraw(r)"], ["a", "a"]),
        (["r = a()", "%matplotlib inline\ndraw(r)"], ["a", "a"]),
        (["x = a()", "x = 1\nx.append(2)\ndraw(x)"], ["a", ""]),
        (["x = a()", "for x in y:\n    draw(x)", "draw(x)"], ["a", "", "a"]),
        (["x = a()", "for i in y:\n    x = 1\n    draw(x)", "draw(x)"], ["a", "", "a"]),
        (["x = a()", "if y:\n    x = 1\ndraw(x)"], ["a", "a"]),
        (["x = a()", "if y:\n    x = 1\nelse:\n    x = 2\ndraw(x)"], ["a", ""]),
        (["x = a()", "x += 1", "draw(x)"], ["a", "a", "a"]),
        (["x = a()", "[x for x in y]", "[x for z in y]"], ["a", "", "a"]),
        (["x = a()", "def f(x):\n    return x"], ["a", ""]),
        (["x = a()", "with open(y) as x:\n    draw(x)"], ["a", ""]),
        (["x = a()", "try:\n    x = 1\nexcept E as e:\n    draw(x)"], ["a", "a"]),
        (["x = a()", "y = {}", "y[x] = 1", "draw(y)"], ["a", "", "a", "a"]),
        (["print(a())", "print(1)"], ["a", ""]),
    ],
)
def test_reads_follow_names(cells: list[str], expected: list[str]) -> None:
    post = parse_post(HEAD + "\n".join(f"```python\n{code}\n```\n" for code in cells), "t.md")
    own = [tuple(read.to_json() for read in (A, B) if f"{read.experiment}()" in code) for code in cells]
    found = resting_on(post, Outputs(tuple(Ran((), reads) for reads in own)))
    assert ["".join(read.experiment for read in reads) for reads in found] == expected


def test_inline_expressions_rest_on_what_they_name() -> None:
    post = parse_post(HEAD + "```python\nr = a()\n```\n\n`{python} r` `{python} 1`\n", "t.md")
    found = resting_on(post, Outputs((Ran((), (A.to_json(),)), Ran(), Ran())))
    assert [len(reads) for reads in found] == [1, 1, 0]


def runs(*accepted_on: str) -> list[Record]:
    """A record for each day, made the same day, and accepted on smoke evidence on that given."""
    made = {"device": "cpu: x", "seconds": 1.0, "date": "2026-10-01", "commit": "f" * 40, "dirty": False}
    return [
        Record(
            "a", "small", {}, {}, seed, {"v": 1}, {}, {}, {},
            {**made, "accepted": [f"{day}T17:00:00+00:00 0123456789ab"] if day else []},
        )
        for seed, day in enumerate(accepted_on)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (["", ""], []),
        (["2026-11-21"], ["accepted on smoke evidence, 2026-11-21"]),
        (["2026-11-21", "2026-11-21"], ["accepted on smoke evidence, 2026-11-21"]),
        (["2026-11-21", "", "2026-11-03"], ["2 of 3 runs accepted on smoke evidence, 2026-11-03 to 2026-11-21"]),
    ],
)
def test_smoke_evidence_is_named_with_its_days(days: list[str], told: list[str]) -> None:
    records = runs(*days)
    assert accepted(records) == told
    found = Evidence(Read("a", None, {}, ()), tuple(records), ())
    for line in (found.line(), summary([found])):
        assert line.split(" · ")[-1] == (told[0] if told else "commit fffffff")
