"""Figures are numbered as they stand, and links to their labels get the number."""

from __future__ import annotations

import markdown
import pytest

from mlblog.errors import PostError
from mlblog.papers import Bibliography
from mlblog.press import Outputs, Ran, parse_post, render_post
from mlblog.press.kernel.output import FIGURE
from mlblog.press.page.crossrefs import Target, identifier, link_references
from mlblog.press.page.site_context import SiteContext
from mlblog.press.source import blocks

NUMBERS = {
    "fig-loss": Target("fig", "2", "figure-p-loss"),
    "fig-width": Target("fig", "11", "figure-p-width"),
    "tbl-words": Target("tbl", "1", "table-p-words"),
    "eq-bayes": Target("eq", "3", "equation-p-bayes"),
    "sec-odd": Target("sec", "What is *odd*", "sec-odd"),
}
PICTURE = {"output_type": "display_data", "data": {FIGURE: {"light": "l", "dark": "d", "data": ""}}, "metadata": {}}
TEXT = {"output_type": "stream", "name": "stdout", "text": "a"}


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("In [Figure](#fig-loss), …", "In [Figure 2](#figure-p-loss), …"),
        ("[](#fig-width)", "[Figure 11](#figure-p-width)"),
        ("[Fig.](#fig-width) and [figure](#fig-loss)", "[Fig. 11](#figure-p-width) and [figure 2](#figure-p-loss)"),
        ("[the falling *curve*](#fig-loss)", "[the falling *curve*](#figure-p-loss)"),
        ("`[Figure](#fig-no)` and ``a ` [Figure](#fig-no)``", "`[Figure](#fig-no)` and ``a ` [Figure](#fig-no)``"),
        ("<!-- [Figure](#fig-no) -->", "<!-- [Figure](#fig-no) -->"),
        ("[Figure](#figures) [Figure](a.md#fig-loss)", "[Figure](#figures) [Figure](a.md#fig-loss)"),
        ("$[Figure](#fig-no)$ \\[Figure](#fig-no)", "$[Figure](#fig-no)$ \\[Figure](#fig-no)"),
        ("<div>\n\n[Figure](#fig-no)\n</div>", "<div>\n\n[Figure](#fig-no)\n</div>"),
        ("- a `b\n- [Figure](#fig-loss)` c", "- a `b\n- [Figure 2](#figure-p-loss)` c"),
        ("[the `[x` and $y$](#fig-loss)", "[the `[x` and $y$](#fig-loss)"),
        ("[the `x` and $y$](#fig-loss)", "[the `x` and $y$](#figure-p-loss)"),
        ("a ` alone, then [Figure](#fig-loss)", "a ` alone, then [Figure 2](#figure-p-loss)"),
        ("a `\n\n[Figure](#fig-loss)\n\nb `", "a `\n\n[Figure 2](#figure-p-loss)\n\nb `"),
        ("[Table](#tbl-words), [tab.](#tbl-words)", "[Table 1](#table-p-words), [tab. 1](#table-p-words)"),
        ("[](#tbl-words) [Tab.](#tbl-words)", "[Table 1](#table-p-words) [Tab. 1](#table-p-words)"),
        ("[Eq.](#eq-bayes) [Bayes' rule](#eq-bayes)", "[Eq. 3](#equation-p-bayes) [Bayes' rule](#equation-p-bayes)"),
        ("[Section](#sec-odd) [](#sec-odd)", "[Section “What is *odd*”](#sec-odd) [What is *odd*](#sec-odd)"),
    ],
)
def test_links_to_figures_get_their_number(written: str, shown: str) -> None:
    assert link_references(written, NUMBERS, "posts_src/p.md", 1) == shown


@pytest.mark.parametrize(
    ("text", "numbers", "told"),
    [
        ("a\n\nb [Figure](#fig-los)", NUMBERS, r"posts_src/p.md:9: .*label 'los'; did you mean #fig-loss\?"),
        ("[Figure](#fig-zzz)", NUMBERS, r"p.md:7: .*no figure .*'zzz'; the labels are loss, width"),
        ("[Figure](#fig-words)", NUMBERS, r"p.md:7: .*no figure .*'words'; did you mean #tbl-words\?"),
        ("[Table](#tbl-word)", NUMBERS, r"p.md:7: .*no table .*'word'; did you mean #tbl-words\?"),
        ("\n[Equation](#eq-a)", {}, r"p.md:8: .*no equation .*'a'; end one with `\$\$ {#eq-…}`"),
        ("[Section](#sec-a)", {}, r"p.md:7: .*no section .*'a'; end its heading with `{#sec-…}`"),
        ("[Figure](#fig-a)", {}, r'p.md:7: .*give one label="…" on its fence'),
    ],
)
def test_a_link_to_no_figure_is_an_error_with_its_line(text: str, numbers: dict[str, Target], told: str) -> None:
    with pytest.raises(PostError, match=told):
        link_references(text, numbers, "posts_src/p.md", 7)


BODY = """\
Ahead: [Figure](#fig-b).

```python alt="A"
1
```

```text
[Figure](#fig-b)
```

```python tags=["remove-output"] label="hidden"
1
```

```python alt="B" label="b" caption="As [Figure](#fig-c)."
1
```

```python alt="C" label="c"
1
```
"""


def text_of(body: str, *ran: list[dict[str, object]]) -> str:
    post = parse_post(f"---\ntitle: T\ndate: 2026-11-21\n---\n{body}", "posts_src/p.md")
    return render_post(
        post, Outputs(tuple(Ran(tuple(one)) for one in ran)), lambda _: None, SiteContext(Bibliography())
    ).text  # type: ignore


def test_numbers_follow_what_is_shown() -> None:
    text = text_of(BODY, [TEXT, PICTURE], [PICTURE], [PICTURE, PICTURE], [PICTURE])
    assert "Ahead: [Figure 2](#figure-p-b)." in text
    assert "```text\n[Figure](#fig-b)\n```" in text
    assert [line for line in text.split("\n") if line.startswith("**Figure")] == [
        "**Figure 1**{ .mlblog-number }",
        "**Figure 2**{ .mlblog-number } As [Figure 4](#figure-p-c).",
        "**Figure 3**{ .mlblog-number }",
        "**Figure 4**{ .mlblog-number }",
    ]
    assert text.count("figure.mlblog-figure#figure-p-b\n") == text.count("figure.mlblog-figure#figure-p-c\n") == 1


def test_a_figure_that_is_not_shown_cannot_be_referred_to() -> None:
    with pytest.raises(PostError, match=r"p.md:5: .*'hidden'"):
        text_of("[Figure](#fig-hidden)\n" + BODY, [PICTURE], [PICTURE], [PICTURE], [PICTURE])


@pytest.mark.parametrize("slug", ["2026-review", "a.b_c", "übung"])
def test_whatever_a_post_is_called_its_ids_are_written(slug: str) -> None:
    name = identifier("figure", slug, "loss")
    html = markdown.markdown(blocks.block(f"figure.mlblog-figure#{name}", "A"), extensions=["pymdownx.blocks.html"])
    assert f'class="mlblog-figure" id="{name}"' in html
