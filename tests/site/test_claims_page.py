"""The page of claims: counts, by paper and by post, with links to where each stands."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from mlblog.claims import MIME
from mlblog.lab import Lab, Project, Read, Record
from mlblog.press import Context, Outputs, Ran, parse_post
from mlblog.press.page.provenance import Evidence
from mlblog.press.page.published import Published
from mlblog.site import claims

BIB = """\
@article{doe2020sums,
  author = {Doe, Jane},
  title = {Sums},
  journal = {J},
  year = {2020},
}
"""
READ = Read("toss", "small", {}, (("docs/results/toss/small/base/seed-0.json", "a"),))


def output(text: str, verdict: str, source: str = "", because: str = "", **more: str) -> dict[str, object]:
    data = {"text": text, "source": source, "verdict": verdict, "because": because, **more}
    return {"output_type": "display_data", "data": {MIME: data}, "metadata": {}}


def look_up(read: Read) -> Evidence:
    environment = {"commit": "abcdef012", "dirty": False, "date": "2026-11-02", "device": "cpu: X", "seconds": 3.0}
    return Evidence(read, (Record("toss", "small", {}, {}, 0, {}, {}, {}, {}, environment),), ("a.b changed",))


@pytest.fixture
def page(make_project: Callable[[dict[str, str]], Project]) -> Callable[..., str]:
    def page(**posts: list[Ran]) -> str:
        project = make_project({"toy/papers/references.bib": BIB})
        found = []
        for day, (name, ran) in enumerate(posts.items(), 1):
            body = f"---\ntitle: T {name}\ndate: 2026-11-0{day}\n---\n" + "```python\n1\n```\n\n" * len(ran)
            found.append(Published.of(parse_post(body, f"posts_src/{name}.md"), Outputs(tuple(ran))))
        pages = list(claims.pages(Context(Lab(project), tuple(found), look_up)))
        return "".join(one.text for one in pages)

    return page


def test_no_claims_make_no_page(page: Callable[..., str]) -> None:
    assert page(a=[Ran()]) == ""


def test_claims_are_counted_and_listed_under_their_paper_or_their_post(page: Callable[..., str]) -> None:
    one = [
        output(
            "Sums are *even*.", "held", "doe2020sums", "4 of 4, [Figure](#fig-sums), [Table](#tbl-a), [here](#sec-b)"
        ),
        output("Odd", "failed", because="1 [@doe2020sums]"),
    ]
    text = page(a=[Ran(tuple(one), (READ.to_json(),))], b=[Ran(), Ran((output("Sums", "held", "doe2020sums"),))])
    for words, count in (('held">Held', 2), ('in-part">Held in part', 0), ('failed">Did not hold at this size', 1)):
        assert f"mlblog-{words}</span> | {count} |" in text
    papers, _, ours = text.partition("# Claims of posts")
    assert "## [Sums](papers/index.md#doe2020sums) (Doe, 2020) { #doe2020sums }" in papers
    assert papers.index("T b") < papers.index("T a")  # the newest post first
    assert "</span> Sums are *even*. <span" in papers
    assert "4 of 4, [Figure](blog/posts/a.md#figure-a-sums)" in papers
    assert "[Table](blog/posts/a.md#table-a-a), [here](blog/posts/a.md#sec-b)" in papers
    toss = "[toss](./experiments.md#toss) · scale small · seed 0 · cpu: X · 3 s"
    assert f"(blog/posts/a.md#claim-a-1) · {toss}" in papers
    assert "(blog/posts/b.md#claim-b-1) · computed in the post itself\n" in papers
    assert papers.count("mlblog-stale") == ours.count("mlblog-stale") == 1
    assert "## [T a](../blog/posts/a.md) { #a }" in ours
    assert "1 ([Doe, 2020](../papers/index.md#doe2020sums))" in ours
    assert "[toss](../experiments.md#toss)" in ours
    assert "Sums" not in ours.replace("doe2020sums", "")
    kinds = re.findall(r"#(claim-\S+)\[data-verdict='(.*?)'\](?:\[data-paper='(.*?)'\])?\[data-post='(.*?)'\]", text)
    assert kinds == [
        ("claim-b-1", "Held", "Doe, 2020", "T b"),
        ("claim-a-1", "Held", "Doe, 2020", "T a"),
        ("claim-a-2", "Did not hold at this size", "", "T a"),
    ]


def test_place_and_what_would_change_it_are_shown_with_the_numbers(page: Callable[..., str]) -> None:
    told = {"place": "Table 2", "overturned_by": "A gap in [Figure](#fig-x)."}
    one = [
        output("Sums are *even* [@doe2020sums].", "held", "doe2020sums", **told),
        output("Odd.", "not-tested", "", "1", **told),
    ]
    papers, _, ours = page(a=[Ran(tuple(one))]).partition("# Claims of posts")
    change = "*What would change this:* A gap in [Figure](blog/posts/a.md#figure-a-x)."
    assert papers.count(change) == ours.count(change.replace("(blog", "(../blog")) == 1
    assert "</span> Sums are *even* (Doe, 2020) (Table 2).\n" in papers  # no link in a line that opens
    assert "</span> Odd (Table 2).\n" in ours
