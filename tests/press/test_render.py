"""Pages: what Markdown makes of them, at the top and inside lists and admonitions."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import markdown
import pytest
import yaml

from mlblog.errors import CellError, PostError
from mlblog.lab import Read, Record
from mlblog.papers import Bibliography
from mlblog.press import Outputs, Page, Post, Ran, parse_post, render_post
from mlblog.press.kernel.output import FIGURE
from mlblog.press.page.provenance import Evidence
from mlblog.press.page.render import render_error
from mlblog.press.page.site_context import SiteContext
from mlblog.press.page.terminal import lines, plain

NOWHERE = SiteContext(Bibliography())
HEAD = "---\ntitle: T\ndate: 2026-11-21\ncategories: [Rand]\n---\n"
EXTENSIONS = ["admonition", "attr_list", "pymdownx.blocks.html", "pymdownx.details", "pymdownx.highlight",
              "pymdownx.superfences", "pymdownx.tabbed"]  # fmt: skip
OPTIONS = {"pymdownx.highlight": {"use_pygments": False}, "pymdownx.tabbed": {"alternate_style": True}}


def shown(**data: Any) -> dict[str, Any]:
    bundle = {name.replace("__", "/"): value for name, value in data.items()}
    return {"output_type": "execute_result", "data": bundle, "metadata": {}, "execution_count": None}


def printed(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


FIGURE_OUTPUT = shown(
    **{FIGURE: {"light": "<svg>l</svg>", "dark": "<svg>d</svg>", "data": "x,y\n"}, "text__plain": "F"}
)


def record(seed: int, scale: str = "full", dirty: bool = False) -> Record:
    environment = {"commit": "abcdef0123", "dirty": dirty, "date": "2026-11-02T10:00:00+00:00", "device": "cuda: H200",
                   "seconds": 61.5, "torch": "2.13.0"}  # fmt: skip
    return Record("coin_toss", scale, {}, {}, seed, {}, {}, {}, {}, environment)


def evidence(*reasons: str, scale: str = "full", dirty: bool = False) -> Callable[[Read], Evidence]:
    return lambda read: Evidence(read, (record(0, scale, dirty), record(1, scale, dirty)), reasons)


READ = Read("coin_toss", None, {}, tuple((f"docs/results/coin_toss/full/base/seed-{i}.json", f"{i}") for i in (0, 1)))


def page(body: str, *ran: Any, look_up: Callable[[Read], Evidence] | None = None, around: Any = NOWHERE) -> Page:
    post = parse_post(HEAD + body, "posts_src/a-post.md")
    runs = tuple(one if isinstance(one, Ran) else Ran(tuple(one)) for one in ran)
    return render_post(post, Outputs(runs), look_up or evidence(), around)


def without_notebook(page: Page) -> dict[str, bytes]:
    return {name: content for name, content in page.files.items() if not name.endswith(".ipynb")}


def html(page: Page, extensions: list[str] = EXTENSIONS) -> str:
    body = (
        page.text.split("---\n", 2)[2]
        .partition("/// html | div.mlblog-remake")[0]
        .partition("//// html | div.mlblog-remake")[0]
    )
    return markdown.markdown(body, extensions=extensions, extension_configs=OPTIONS)


def test_prose_and_other_fences_are_unchanged() -> None:
    body = "# A\n\n<!-- more -->\n\n```text\n`{python} x`\n```\n\n$x_1$ [^1]\n\n[^1]: note\n"
    assert page(body).text.split("---\n", 2)[2].startswith(body)


def test_the_address_is_the_files_name() -> None:
    made = page("a\n")
    meta = yaml.safe_load(made.text.split("---\n")[1])
    assert made.path == "blog/posts/a-post.md"
    assert (meta["slug"], meta["title"], str(meta["date"])) == ("a-post", "T", "2026-11-21")


def test_inline_values_stand_in_the_prose() -> None:
    assert "of 12 % words" in page("of `{python} x` words\n", [shown(text__plain="12 %")]).text


@pytest.mark.parametrize(
    ("tags", "code", "output"),
    [("", True, True), ("hide-input", True, True), ("remove-input", False, True), ("remove-output", True, False)],
)
def test_tags_hide_and_remove(tags: str, code: bool, output: bool) -> None:
    options = f' tags=["{tags}"]' if tags else ""
    text = html(page(f"```python{options}\nthe_code\n```\n", [printed("the_output\n")]))
    assert ("the_code" in text) is code
    assert ("the_output" in text) is output
    assert ("<details" in text) is (tags == "hide-input")


NESTED = [
    "{}",
    "!!! note\n    a\n\n{}",
    '??? tip "T"\n    a\n\n{}',
    '=== "A"\n\n    a\n\n{}',
    "- a\n\n{}",
    "1. a\n\n{}\n2. b\n",
    "> a\n\n{}",
]


@pytest.mark.parametrize("around", NESTED)
def test_results_stay_inside_what_their_cell_is_in(around: str) -> None:
    fence = '```python alt="A [line] *rising*" caption="It *rises*"\nx = 1\n\ny = 2\n```\n'
    prefix = {"{": "", ">": "> "}.get(around[0], "    ")
    indented = "".join(prefix + line if line.strip() else line for line in fence.splitlines(keepends=True))
    table = "<table>\n<tr><td>1</td></tr>\n\n<tr><td>__2__ `3`</td></tr>\n</table>"
    outputs = [printed("a\n\n  `b` __c__\n"), shown(text__html=table), shown(text__markdown="**bold**"), FIGURE_OUTPUT]
    text = html(page(around.format(indented), outputs))
    container = re.search(r"<(div class=\"admonition|details|div class=\"tabbed-block|li|blockquote)", text)
    if prefix:
        assert container
        tag = {"d": "div", "l": "li", "b": "blockquote"}[container[1][0]] if container[1] != "details" else "details"
        assert text.rindex("</figure>") < text.rindex(f"</{tag}>")
    assert "a\n\n  `b` __c__" in text
    assert "<tr><td>1</td></tr>" in text
    assert "<tr><td>__2__ `3`</td></tr>" in text
    assert "<strong>bold</strong>" in text
    assert 'alt="A [line] *rising*"' in unescape(text)
    assert "<em>rises</em>" in text
    for mark in ("///", "markdown: html", "```"):
        assert mark not in text
    assert text.count("<figure") == text.count("</figure>") == 1
    assert not re.search(r"<p>\s*<(div|figure|table)", text)


def test_text_with_fences_and_marks_in_it_survives() -> None:
    text = html(page("```python\n1\n```\n", [printed("```python\n/// html | div\n//// x\n````\n&lt; <b>\n")]))
    assert "```python\n/// html | div\n//// x\n````\n&amp;lt; &lt;b&gt;" in text


def test_figures_are_files_for_both_schemes() -> None:
    made = page(
        '```python alt="A" label="walk"\n1\n```\n\n```python alt="B"\n1\n```\n', [FIGURE_OUTPUT], [FIGURE_OUTPUT]
    )
    assert without_notebook(made) == {
        "a-post/walk-light.svg": b"<svg>l</svg>",
        "a-post/walk-dark.svg": b"<svg>d</svg>",
        "a-post/walk.csv": b"x,y\n",
        "a-post/figure-2-light.svg": b"<svg>l</svg>",
        "a-post/figure-2-dark.svg": b"<svg>d</svg>",
        "a-post/figure-2.csv": b"x,y\n",
    }
    text = html(made)
    assert 'src="a-post/walk-light.svg#only-light"' in text
    assert 'src="a-post/walk-dark.svg#only-dark"' in text
    assert 'id="figure-a-post-walk"' in text


@pytest.mark.parametrize(
    "alt", ["a ]b[ (c", "*d* _e_ **f**", "<b> & &amp; 'g'", "$x_1$ ~h~ ^i^", "\\ j! 50 % of {k} | :l:"]
)
def test_alt_text_is_what_was_written(alt: str) -> None:
    made = page(f"```python alt={json.dumps(alt)}\n1\n```\n", [FIGURE_OUTPUT])
    extensions = [*EXTENSIONS, "pymdownx.arithmatex", "pymdownx.tilde", "pymdownx.caret", "pymdownx.smartsymbols"]
    found = re.search(r'alt="([^"]*)"', html(made, extensions))
    assert found
    assert unescape(found[1]) == alt


def test_pictures_of_other_kinds_are_files() -> None:
    made = page('```python alt="A"\n1\n```\n', [shown(**{"image/png": "iVBORw0K\n", "text__plain": "P"})])
    assert without_notebook(made) == {"a-post/figure-1.png": b"\x89PNG\r\n"}


def test_a_figure_needs_alt_text() -> None:
    with pytest.raises(PostError, match=r"posts_src/a-post.md:8: .* no alt text"):
        page("a\n\n```python\n1\n```\n", [FIGURE_OUTPUT])
    page('a\n\n```python tags=["remove-output"]\n1\n```\n', [FIGURE_OUTPUT])


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


def test_progress_bars_and_colours_leave_what_a_terminal_would() -> None:
    assert plain(lines("  1%\r 50%\r100%\n\x1b[31mred\x1b[0m\n\n")) == "100%\nred"
    link = "\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\"
    assert plain(lines(f"\x1b[?25la\x1b[K {link} \x1b[1;38;5;9mb\x1b[m")) == "a link b"


def test_long_text_is_cut_and_whole_beside_the_page() -> None:
    lines = "".join(f"line {i}\n" for i in range(1000))
    made = page("```python\n1\n```\n", [printed(lines), shown(text__plain="é" * 30_000)])
    text = html(made)
    assert "line 199<" in text
    assert "line 200" not in text
    assert "Truncated: 1,000 lines, 8,889 characters." in text
    assert 'href="a-post/output-1.txt"' in text
    assert made.files["a-post/output-1.txt"].decode() == lines.rstrip("\n")
    assert made.files["a-post/output-2.txt"].decode() == "é" * 30_000
    assert text.count("é") == 20_000


def test_json_is_shown_as_it_reads() -> None:
    made = page("```python\n1\n```\n", [shown(**{"application/json": {"a": [1, "é"]}, "text/plain": "<JSON>"})])
    assert '"a": [\n    1,\n    "é"\n  ]' in unescape(html(made))


def test_the_page_of_an_error_says_it_as_it_is() -> None:
    post: Post = parse_post(HEAD + "a\n", "posts_src/a-post.md")
    error = CellError("posts_src/a-post.md", 7, "ValueError: <b> `x`\n    f()", "Trace\n")
    text = html(render_error(post, error))
    assert "posts_src/a-post.md:7: ValueError: &lt;b&gt; `x`\n    f()" in text
    assert "Trace" in text
