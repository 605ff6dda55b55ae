"""An excerpt cut before conversion is what the whole post's conversion would have given."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown import Markdown

from mlblog.integrations.speedup.cut import cut, shares_ids

MORE = "<!-- more -->"
EXTENSIONS = [
    "abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables", "toc",
    "pymdownx.blocks.html", "pymdownx.details", "pymdownx.highlight", "pymdownx.superfences", "pymdownx.tabbed",
]  # fmt: skip
FRAGMENTS = [
    "A paragraph with a [link][one], a note[^n], an HTML word and [inline](x.md).",
    "[one]: https://example.org 'Title'",
    "   [one]:\n    other.md",
    "[^n]: The note.\n\n    Its second paragraph.",
    "*[HTML]: Markup",
    "- a list\n- with\n\n    [one]: nested.md",
    "## Setup",
    "## Other {#setup}",
    "/// html | figure.wide#setup\n\n![alt](a.svg)\n///",
    "//// html | div\n\n/// html | p\ninner\n///\n////",
    "/// html | div\n\nnever closed",
    "```python\n[one]: in a fence\n\n<!-- more -->\n```",
    "~~~~\n```\n~~~\n~~~~",
    "    ```python\n    indented = 1\n    ```",
    "```\nopen to the end",
    "!!! note\n\n    Inside: [one][].\n\n    ```python\n    x = 1\n    ```",
    '??? note "Folded"\n\n    text',
    '=== "Tab"\n\n    first',
    "<div markdown>\n\n*inside*\n\n</div>",
    "<div>\n\nleft open",
    "<details><summary>s</summary></details>",
    "Term\n:   meaning",
    ":   meaning of what",
    "    continued or code",
    "| a | b |\n|---|---|\n| 1 | [one] |",
    "text " + MORE + " text",
    "[TOC]",
    "Setext\n======",
    "`<div>` and a <br> break",
    "<!-- a comment -->",
    "<!-- open",
    "---",
    "1. one\n\n2. two",
    "> quoted [one]",
]
documents = st.lists(st.sampled_from(FRAGMENTS), max_size=5).map("\n\n".join)


def html(text: str) -> str:
    return Markdown(extensions=EXTENSIONS).convert(text).split(MORE, 1)[0]


@settings(max_examples=400, deadline=None)
@given(documents, documents)
def test_cutting_first_changes_nothing(above: str, below: str) -> None:
    text = f"# Title\n\n{above}\n\n{MORE}\n\n{below}"
    less = cut(text, MORE)
    if less is not None:
        found = Markdown(extensions=EXTENSIONS).convert(less.text)
        if MORE in found and not shares_ids(found, less.below):
            assert found.split(MORE, 1)[0] == html(text)


@pytest.mark.parametrize("above", ["Text with a [link][one].", "```python\nx = 1\n```", FRAGMENTS[8], FRAGMENTS[15]])
def test_what_is_common_is_cut(above: str) -> None:
    less = cut(f"{above}\n\n{MORE}\n\nMuch.\n\n[one]: x.md\n\nMore.\n\n```\n[two]: y.md\n```\n", MORE)
    assert less is not None
    assert less.text == f"{above}\n\n{MORE}\n\n\n[one]: x.md\n"


@pytest.mark.parametrize(
    "text",
    [
        "no separator",
        f"text {MORE} text",
        f"- a\n\n    {MORE}\n\n    b",
        f"text\n{MORE}\n\ntext",
        f"text\n\n{MORE}\ntext",
        f"```\n\n{MORE}\n\n```",
        f"<div>\n\n{MORE}\n\n</div>",
        f"/// html | div\n\n{MORE}\n\n///",
        f"a [link][one]\n\n{MORE}\n\n- nested\n\n    [one]: x.md",
        f"[TOC]\n\n{MORE}\n\n## Below",
        f'text\n\n{MORE}\n\n--8<-- "words.md"',
    ],
)
def test_what_may_depend_on_more_is_not_cut(text: str) -> None:
    assert cut(text, MORE) is None


def test_a_heading_below_that_takes_the_id_of_one_above_is_seen() -> None:
    text = f"## Setup\n\n{MORE}\n\n## Other {{#setup}}"
    less = cut(text, MORE)
    assert less is not None
    found = Markdown(extensions=EXTENSIONS).convert(less.text)
    assert found.split(MORE)[0] != html(text), "otherwise there is nothing to see"
    assert shares_ids(found, less.below)
