"""Pages: what Markdown makes of them, at the top and inside lists and admonitions."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest
import yaml
from rendering import EXTENSIONS, FIGURE_OUTPUT, HEAD, html, page, printed, shown, without_notebook

from mlblog.errors import CellError, PostError
from mlblog.press import Post, parse_post
from mlblog.press.page.render import render_error
from mlblog.press.page.terminal import lines, plain


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
