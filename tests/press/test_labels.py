"""Captions and labels on whatever a page shows, and references to them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import markdown
import pytest
from bs4 import BeautifulSoup
from toypost import HEAD

from mlblog.errors import PostError
from mlblog.papers import Bibliography
from mlblog.press import Outputs, Page, Ran, parse_post, render_post
from mlblog.press.kernel.output import FIGURE
from mlblog.press.page.site_context import SiteContext

EXTENSIONS = ["admonition", "attr_list", "def_list", "footnotes", "tables", "toc", "pymdownx.arithmatex",
              "pymdownx.blocks.html", "pymdownx.details", "pymdownx.superfences", "pymdownx.tabbed"]  # fmt: skip
SETTINGS = {"pymdownx.arithmatex": {"generic": True}, "pymdownx.tabbed": {"alternate_style": True}}


def shown(mime: str, value: Any = "x") -> dict[str, Any]:
    return {"output_type": "display_data", "data": {mime: value, "text/plain": "x"}, "metadata": {}}


TABLE = shown("text/html", "<table><tr><td>1</td></tr>\n\n<tr><td>2</td></tr></table>")
PICTURE = shown(FIGURE, {"light": "<svg>l</svg>", "dark": "<svg>d</svg>", "data": ""})
PRINTED = {"output_type": "stream", "name": "stdout", "text": "a\n\nb\n"}
PROSE = "Paragraph one.\n\nParagraph *two*.\n"


def page(body: str, *outputs: list[dict[str, Any]], head: str = HEAD) -> Page:
    post = parse_post(head + body, "posts_src/p.md")
    return render_post(
        post, Outputs(tuple(Ran(tuple(one)) for one in outputs)), lambda _: None, SiteContext(Bibliography())
    )  # type: ignore


def html(made: Page) -> str:
    body = re.split(r"/+ html \| div\.mlblog-remake", made.text.split("---\n", 2)[2])[0]
    return markdown.markdown(body, extensions=EXTENSIONS, extension_configs=SETTINGS)


def soup(body: str, *outputs: list[dict[str, Any]]) -> BeautifulSoup:
    return BeautifulSoup(html(page(body, *outputs)), "html.parser")


BODY = """\
[Table](#tbl-cell) [Table](#tbl-hand) [Figure](#fig-odd) [Figure](#fig-walk) [Equation](#eq-one) [eq.](#eq-two)
[Section](#sec-a) [](#sec-b) [Table](#tbl-said)

## What *follows* {#sec-a}

| a | b |
|---|---|
| 1 | 2 |

: By hand, see [Figure](#fig-walk). {#tbl-hand}

$$
x = 1
$$ {#eq-one}

Under {#sec-b}
-----

```python label="cell" caption="Of a cell"
1
```

```python label="fig-odd" caption="HTML that is a figure"
1
```

```python label="walk" alt="A" caption="C"
1
```

$$ y $$ {#eq-two}

```python caption="A table without a label"
1
```

```python label="tbl-said" caption="Printed"
1
```
"""


def test_each_kind_is_numbered_as_it_stands() -> None:
    found = soup(BODY, [PRINTED, TABLE], [TABLE], [PICTURE], [TABLE], [PRINTED])
    links = [(a.get_text(), str(a["href"])) for a in found.p.find_all("a")]  # type: ignore
    assert links == [
        ("Table 2", "#table-p-cell"),
        ("Table 1", "#table-p-hand"),
        ("Figure 1", "#figure-p-odd"),
        ("Figure 2", "#figure-p-walk"),
        ("Equation 1", "#equation-p-one"),
        ("eq. 2", "#equation-p-two"),
        ("Section “What follows”", "#sec-a"),
        ("Under", "#sec-b"),
        ("Table 4", "#table-p-said"),
    ]
    for _, address in links:
        assert len(found.find_all(id=address[1:])) == 1, address
    captions = [" ".join(one.get_text().split()) for one in found.find_all("figcaption")]
    assert captions == [
        "Table 1 By hand, see Figure 2.",
        "Table 2 Of a cell",
        "Figure 1 HTML that is a figure",
        "Figure 2 C",
        "Table 3 A table without a label",
        "Table 4 Printed",
    ]
    assert [one.get_text().strip() for one in found.select(".mlblog-equation-number")] == ["(1)", "(2)"]
    assert [len(one.find_all("td")) for one in found.find_all("figure")] == [2, 2, 2, 0, 2, 0]


PLACES = ["{}", "!!! note\n\n{}", '??? tip "T"\n\n{}', '=== "A"\n\n{}', "- a\n\n{}", "1. a\n\n{}\n2. b\n", "> a\n>\n{}",
          "Term\n:   a\n\n{}\n    after\n\nlast\n", "Term\n:   a\n\n{}\nOther\n:   b\n", "- a\n\n    Term\n    :   b\n\n{}",
          "[^1]: a\n\n{}"]  # fmt: skip
THINGS = {
    "formula": ("$$\nx\n$$ {#eq-a}\n", []),
    "table": ("| a | b |\n|---|---|\n| 1 | 2 |\n\n: C {#tbl-a}\n", []),
    "cell with a table": ('```python label="a" caption="C"\n1\n\n2\n```\n', [TABLE]),
    "cell with a figure": ('```python label="a" alt="A" caption="C"\n1\n```\n', [PICTURE]),
    "cell with figures": ('```python label="a" alt="A" layout="1x2" caption="C"\n1\n```\n', [PICTURE, PICTURE]),
    "cell with text": ("```python\n1\n```\n", [PRINTED]),
    "cell with Markdown": ("```python\n1\n```\n", [shown("text/markdown", PROSE)]),
    "cell with colours": ("```python\n1\n```\n", [PRINTED | {"text": "\x1b[31ma\n\nb\x1b[0m\n"}]),
    "folded cell": ('```python tags=["hide-cell"]\n1\n```\n', [PRINTED, TABLE]),
    "folded output": ('```python tags=["hide-output"]\n1\n```\n', [PRINTED]),
    "error": ('```python tags=["raises-exception"]\n1\n```\n', [{"output_type": "error", "traceback": ["a", "", "b"]}]),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("thing", THINGS)
def test_whatever_it_is_it_stands_whole_in_whatever_holds_it(place: str, thing: str) -> None:
    text, outputs = THINGS[thing]
    if place.startswith("[^1]"):
        place = "b[^1]\n\n" + place
    prefix = "" if place == "{}" else "> " if place.startswith(">") else "    "
    inside = "".join(
        prefix + line if line.strip() else prefix.rstrip() + "\n" for line in text.splitlines(keepends=True)
    )
    made = html(page(place.format(inside), outputs) if outputs else page(place.format(inside)))
    for mark in ("///", "markdown: html", "```", "$$", "{#", "|---"):
        assert mark not in made, made
    alone = BeautifulSoup(html(page(text, outputs) if outputs else page(text)), "html.parser")
    here = BeautifulSoup(made, "html.parser")
    for element in ("figure", "table", "td", "pre", "img", "figcaption", "summary", "strong"):
        theirs = [" ".join(one.get_text().split()) for one in here.find_all(element)]
        for one in alone.find_all(element):
            assert " ".join(one.get_text().split()) in theirs, (element, made)
    assert [one.get_text() for one in here.find_all("pre")] == [one.get_text() for one in alone.find_all("pre")]
    if prefix:
        held = here.find(["li", "blockquote", "dd"]) or here.find(class_=re.compile("admonition|tabbed-block|tip"))
        assert held is not None
        for name in ("figure", "pre", "td"):
            assert len(held.find_all(name)) == len(here.find_all(name)), made
    for after in ("after", "last"):
        if after in place:
            assert re.search(rf"<p>{after}</p>", made), made
    assert ("<dt>Other</dt>" in made) is ("Other" in place)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("a\n\n$$\nx\n$$ {#eq-a}\n\n$$ y $$ {#eq-a}\n", r"p.md:11: label 'a' is already used by the equation on line 9"),
        ("## A {#sec-a}\n\n## B {#sec-a}\n", r"p.md:7: label 'a' is already used by the section on line 5"),
        ("|a|b|\n|-|-|\n|1|2|\n\n: C {#tbl-cell}\n\n```python label=\"cell\"\n1\n```\n", r"p.md:11: label 'cell' is already used by"),
        ("[Table](#tbl-a)\n", r"p.md:5: no table has the label 'a'; give one"),
        ("`$$ x $$ {#eq-a}` [Equation](#eq-a)\n", r"p.md:5: no equation has"),
        ("```text\n$$ x $$ {#eq-a}\n```\n\n[Equation](#eq-a)\n", r"p.md:9: no equation has"),
        ("<!-- ## A {#sec-a} -->\n\n[Section](#sec-a)\n", r"p.md:7: no section has"),
        ("## A {#sec-a}\n\n[Section](#sec-b)\n", r"p.md:7: .* did you mean|p.md:7: .*the labels are a"),
        ("|a|b|\n|-|-|\n|1|2|\n\n: [Figure](#fig-a) {#tbl-c}\n", r"p.md:9: no figure has"),
        ('```python tags=["remove-cell"] label="cell"\n1\n```\n\n[Table](#tbl-cell)\n', r"p.md:9: no table has"),
    ],
)  # fmt: skip
def test_a_wrong_label_is_an_error_with_its_line(body: str, told: str) -> None:
    with pytest.raises(PostError, match=told):
        page(body, *([[TABLE]] if "```python" in body else []))


@pytest.mark.parametrize(
    "body",
    [
        "a | b\n\n: not a caption\n", "Term\n: definition\n", "cost $$5 and $$6\n", "## A {.b}\n", "$$\nx\n$$\n", "$x$\n",
        "a {#sec-x} b\n", "`## A {#sec-a}`\n", "    ## A {#sec-a}\n", "```text\n: c {#tbl-x}\n```\n", "# A {#other}\n",
        "| a |\n|---|\n| {#eq-x} |\n", "\\[ x \\]\n",
        "<!--\n## A {#sec-a}\n-->\n", "<!--\n\n$$\nx\n$$ {#eq-x}\n-->\n", "<div>\n## A {#sec-a}\n</div>\n",
    ],
)  # fmt: skip
def test_what_is_no_label_is_left_as_it_is(body: str) -> None:
    assert page(body).text.split("---\n", 2)[2].startswith(body)


@pytest.mark.parametrize(
    ("formula", "drawn"),
    [
        ("$$x$$ {#eq-a}", r"\[x\]"),
        ("\\[ x \\] {#eq-a}", r"\[ x \]"),
        ("\\begin{align}\nx &= 1 \\\\\ny &= 2\n\\end{align} {#eq-a}", "x &= 1"),
        ("Text\n$$\nx\n$$ { #eq-a }\nmore", "x\n"),
        ("$$\n{a}_{b}\n$$ {: #eq-a}", "{a}_{b}"),
    ],
)
def test_formulas_are_labelled_in_every_form_that_is_drawn(formula: str, drawn: str) -> None:
    made = BeautifulSoup(html(page(f"{formula}\n\n[](#eq-a)\n")), "html.parser")
    block = made.find(id="equation-p-a")
    assert block is not None
    assert drawn in unescape(str(block.find(class_="arithmatex")))
    assert made.find("a").get_text() == "Equation 1"  # type: ignore


def test_a_caption_for_nothing_is_told() -> None:
    made = page('```python caption="C"\n1\n```\n', [])
    assert made.warnings == ("posts_src/p.md:5: this cell has a caption but no output",)


def test_long_tables_and_runs_of_signs_are_read_once() -> None:
    """Tried in every way in which they could be cut, these would not end."""
    for text in (
        "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 2000,
        " " * 9000 + "x",
        "".join("`" * n + " " for n in range(99)),
    ):
        assert "x {#tbl-x}" in page(f"x {{#tbl-x}}\n\n{text}\n").text
