"""A page says beside each result which records it rests on, and what has changed since."""

from __future__ import annotations

import dataclasses
import re

import pytest
from rendering import FIGURE_OUTPUT, READ, evidence, html, page, printed, record

from mlblog.lab import Read
from mlblog.press import Ran
from mlblog.press.page.provenance import Evidence


def test_results_say_which_records_they_rest_on() -> None:
    body = "```python\nr = 1\n```\n\n```python\nr\n```\n\n```python\nq\n```\n"
    made = page(body, Ran((), (READ.to_json(),)), [printed("shown\n")], [printed("else\n")])
    text = html(made)
    assert text.count("mlblog-provenance") == 1
    assert text.index("shown") < text.index("mlblog-provenance") < text.index("else")
    line = "coin_toss</a> · scale full · 2 seeds · cuda: H200 · 123 s total · 2026-11-02 · commit abcdef0"
    assert '<a href="../../experiments.md#coin_toss">' + line.replace("123 s", "2 min") in text
    assert '<a href="../../results/coin_toss/full/base/seed-1.json">1</a>' in text
    assert "mlblog run coin_toss --scale full" in made.text
    assert "mlblog-stale" not in made.text
    assert "mlblog-preview" not in made.text


def test_what_changed_since_is_said_by_name() -> None:
    made = page("```python\nr\n```\n", Ran((printed("a"),), (READ.to_json(),)), look_up=evidence("toy.f changed"))
    assert re.search(r'<p class="mlblog-stale">Stale: toy.f changed</p>', html(made))


def test_of_many_changes_the_first_are_named() -> None:
    look_up = evidence(*(f"toy.f{n} changed" for n in range(8)))
    text = html(page("```python\nr\n```\n", Ran((printed("a"),), (READ.to_json(),)), look_up=look_up))
    assert "toy.f3 changed; toy.f4 changed; and 3 more</p>" in text


def test_a_smoke_run_is_marked_and_uncommitted_code_too() -> None:
    look_up = evidence(scale="smoke", dirty=True)
    text = html(page("```python\nr\n```\n", Ran((printed("a"),), (READ.to_json(),)), look_up=look_up))
    assert "mlblog-preview" in text
    assert "commit abcdef0+changes" in text


def test_two_experiments_behind_a_result_are_two_lines_and_one_mark() -> None:
    other = Read("coin_toss", "smoke", {"n": 3}, READ.found)
    reads = (READ.to_json(), other.to_json())
    text = html(
        page("```python\nr\n```\n", Ran((printed("a"),), reads), look_up=evidence("toy.f changed", scale="smoke"))
    )
    assert text.count("coin_toss</a> · ") + text.count("coin_toss</a> n=3 · ") == 2
    assert text.count("mlblog-provenance") == text.count("mlblog-preview") == text.count("mlblog-stale") == 1


def test_many_lines_are_folded_and_their_badges_are_not() -> None:
    reads = [Read("coin_toss", "full", {"n": n}, READ.found[:1]).to_json() for n in (3, 4, 5)]

    def look_up(read: Read) -> Evidence:
        n = int(str(read.overrides["n"]))
        one = dataclasses.replace(record(0), overrides=read.overrides)
        environment = one.environment | {"date": f"2026-11-0{n}T10:00:00+00:00", "commit": f"{n}" * 10}
        return Evidence(
            read, (dataclasses.replace(one, environment=environment),), ("toy.f changed",) if n == 4 else ()
        )

    text = html(page("```python\nr\n```\n", Ran((printed("a"),), tuple(reads)), look_up=look_up))
    folded, _, after = text.partition('<details class="mlblog-provenance">')[2].partition("</details>")
    summary = (
        "coin_toss · 3 runs · scale full · 1 seed · cuda: H200 · 3 min total · 2026-11-03 to 2026-11-05 · 3 commits"
    )
    assert f"<summary>{summary}</summary>" in folded
    assert folded.count("coin_toss</a> n=") == folded.count('href="../../results/') == 3
    assert "Stale: toy.f changed" in after
    assert "Stale" not in folded


@pytest.mark.parametrize("seeds", [1, 2])
def test_a_figure_leads_to_its_records(seeds: int) -> None:
    read = dataclasses.replace(READ, found=READ.found[:seeds])
    look_up = lambda read: Evidence(read, tuple(record(i) for i in range(seeds)), ())  # noqa: E731
    made = page('```python alt="A"\nr\n```\n', Ran((FIGURE_OUTPUT,), (read.to_json(),)), look_up=look_up)
    text = html(made)
    direct = '<a class="mlblog-data" download href="../../results/coin_toss/full/base/seed-0.json">Record</a>'
    assert (direct in text) is (seeds == 1)
    assert ('<a class="mlblog-data" href="#made-a-post-1">Records</a>' in text) is (seeds == 2)
    assert text.count('id="made-a-post-1"') == 1


def test_names_in_provenance_are_not_emphasis() -> None:
    made = page(
        "```python\nr\n```\n",
        Ran((printed("a"),), (READ.to_json(),)),
        look_up=evidence("m._a_b changed", "m._c_ added"),
    )
    assert "m._a_b changed; m._c_ added" in html(made)
