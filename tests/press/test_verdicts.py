"""Claims on a page: a word and a sign, the sentence with its source, the numbers, what they rest on."""

from __future__ import annotations

import re
from collections.abc import Callable

import markdown
import pytest

from mlblog.claims import MIME
from mlblog.errors import PostError
from mlblog.lab import Project
from mlblog.papers import Bibliography
from mlblog.press import Outputs, Post, Ran, parse_post, render_post
from mlblog.press.page.site_context import SiteContext
from mlblog.press.page.verdicts import stated


def output(verdict: str, because: str = "", source: str = "", **more: str) -> dict[str, object]:
    data = {"text": "It *learns*", "source": source, "verdict": verdict, "because": because, **more}
    return {"output_type": "display_data", "data": {MIME: data, "text/markdown": "no"}, "metadata": {}}


def rendered(body: str, *ran: list[dict[str, object]]) -> tuple[Post, Outputs, str]:
    post = parse_post(f"---\ntitle: T\ndate: 2026-11-21\n---\n{body}", "posts_src/p.md")
    outputs = Outputs(tuple(Ran(tuple(one)) for one in ran))
    text = render_post(post, outputs, lambda _: None, SiteContext(Bibliography())).text.split("---\n", 2)[2]  # type: ignore
    return post, outputs, markdown.markdown(text, extensions=["attr_list", "pymdownx.blocks.html", "fenced_code"])


CELLS = '```python\n1\n```\n\n```python\n2\n```\n\n```python tags=["remove-output"]\n3\n```\n'


def test_verdicts_are_numbered_through_the_post_and_say_it_in_words() -> None:
    post, outputs, html = rendered(
        CELLS, [output("held", "`a` = 1"), output("failed")], [output("in-part")], [output("held")]
    )
    pattern = (
        r'<div class="mlblog-claim mlblog-([\w-]+)" id="([\w-]+)">\s*'
        r'<p class="mlblog-verdict"><a href="../../claims/posts.md#\2">(.*?)</a></p>'
    )
    found = re.findall(pattern, html)
    assert found == [
        ("held", "claim-p-1", "Held"),
        ("failed", "claim-p-2", "Did not hold at this size"),
        ("in-part", "claim-p-3", "Held in part"),
    ]
    assert '<p class="mlblog-sentence">It <em>learns</em></p>' in html
    assert '<p class="mlblog-because"><code>a</code> = 1</p>' in html
    assert html.count("mlblog-because") == 1
    listed = list(stated(post, outputs))
    assert [one.anchor for one in listed] == [name for _, name, _ in found]
    assert [one.unit for one in listed] == [0, 0, 1]


def test_place_and_what_would_change_it_are_on_the_page() -> None:
    told = output("not-tested", place="Table 2", overturned_by="A run of *ten* seeds.")
    _, _, html = rendered(CELLS, [told], [output("held")], [])
    assert ">Not tested at this size</a></p>" in html
    assert '<p class="mlblog-sentence">It <em>learns</em> (Table 2)</p>' in html
    overturned = '<p class="mlblog-overturned"><em>What would change this:</em> A run of <em>ten</em> seeds.</p>'
    assert html.count("mlblog-overturned") == html.count(overturned) == 1


def test_a_claim_made_in_a_cell_reaches_the_page(run: Callable[..., tuple[Post, Outputs]], project: Project) -> None:
    code = 'from mlblog.claims import claim\n\nclaim("A", holds=1 < 2, because="1")\nclaim("B", holds="in part")'
    post, outputs = run(f"```python\n{code}\n```\n")
    assert [(one.claim.text, one.claim.verdict) for one in stated(post, outputs)] == [("A", "held"), ("B", "in-part")]
    again = Outputs(tuple(Ran.from_json(ran.to_json()) for ran in outputs.ran))
    assert list(stated(post, again)) == list(stated(post, outputs))


def test_a_source_that_is_no_paper_is_an_error_with_the_cells_line() -> None:
    with pytest.raises(PostError, match=r"posts_src/p.md:9: .*nobody2020nothing"):
        rendered(CELLS, [], [output("held", source="nobody2020nothing")], [])
