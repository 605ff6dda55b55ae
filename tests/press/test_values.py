"""A value in the prose says what it says, whatever signs are in it. What Markdown makes of the page is the oracle."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape

import markdown
import pytest
from toypost import HEAD

from mlblog.papers import Bibliography
from mlblog.press import Outputs, Post, Ran, parse_post, render_post
from mlblog.press.page.site_context import SiteContext

# the signs that these make their own are escaped, too
EXTENSIONS = ["abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables", "toc",
              "pymdownx.arithmatex", "pymdownx.betterem", "pymdownx.blocks.html", "pymdownx.caret", "pymdownx.emoji",
              "pymdownx.keys", "pymdownx.mark", "pymdownx.smartsymbols", "pymdownx.superfences",
              "pymdownx.tasklist", "pymdownx.tilde"]  # fmt: skip


def page(body: str, *values: str, mime: str = "text/plain") -> str:
    """The HTML of a post with these inline values."""
    post = parse_post(HEAD + body, "posts_src/p.md")
    data = [{"text/plain": "plain", mime: value} for value in values]
    ran = tuple(Ran(({"output_type": "display_data", "data": one, "metadata": {}},)) for one in data)
    text = render_post(post, Outputs(ran), lambda _: None, SiteContext(Bibliography())).text  # type: ignore
    body = text.split("---\n", 2)[2].partition("/// html | div.mlblog-remake")[0]
    return markdown.markdown(body, extensions=EXTENSIONS, extension_configs={"pymdownx.arithmatex": {"generic": True}})


def words(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


SIGNS = [
    "plain", "12 %", "0.93", "-3", "+3", "1e-05", "(0.1, 0.2)", "a_b_c", "*a* **b**", "<b>x</b>", "<script>x</script>",
    "a & b &amp; c", "[x](y)", "![x](y)", "[x]", "[^1]", "`x`", "$a$", "$$a$$", "\\(a\\)", "\\*", "# a", "#", "> a", "- a", "+ a",
    "* a", "1. a", "2) a", "| a | b |", "a|b", "~a~ ~~b~~", "^a^", "==a==", "++ctrl++", ":smile:", "(c) (tm)", "1/2 +/- -->",
    "{: .a }", "{ .a }", "{#a}", "a\nb", "https://a.b/c_d", "a@b.org", "[@key]", "[ ] a", "!!! note", "??? a", ": a", "=== a",
    "    a", "---", "___", "===", "<!-- a -->", "///", "/// html | div", "\\", "a\\", "'\"", "é ü 漢", "&#42;", "%%bash",
]  # fmt: skip


@pytest.mark.parametrize("value", SIGNS)
def test_a_value_reads_as_it_is_wherever_it_stands(value: str) -> None:
    there = re.sub(r"\s+", " ", value)
    for before, after in (("", ""), ("a ", " z"), ("- ", " z"), ("> ", ""), ("## ", ""), ("*", "*"), ("x", "y")):
        html = page(f"{before}`{{python}} v`{after}\n", value)
        shown = " ".join(words(html).split())
        marks = before.strip("-># *") + " " * before.startswith("a") + there + after.strip("*")
        assert shown == " ".join(marks.split()), (before, html)
        assert not re.search(r"<(strong|b|script|a|img|table|hr|ol|code|del|ins|mark|sup|sub|kbd)\b", html), html
    row = page("| a | b |\n|---|---|\n| `{python} v` | c |\n", value)
    assert row.count("<td>") == 2, row
    assert " ".join(words(row).split()) == " ".join(f"a b {there} c".split())


def test_spaces_that_keep_words_together_stay() -> None:
    assert "a 12\u00a0% 3\u202fms z" in page("a `{python} v` z\n", "12\u00a0%   3\u202fms")


@pytest.mark.parametrize(
    ("body", "formula"),
    [
        ("$x = `{python} v`$", r"\(x = a_{1}\)"),
        ("a $x$ and $`{python} v` < 2$", r"\(a_{1} < 2\)"),
        ("$$\nx = `{python} v`\n$$", "\\[\nx = a_{1}\n\\]"),
        ("$$\nx = `{python} v`\n$$ {#eq-x}", "\\[\nx = a_{1}\n\\]"),
    ],
)
def test_in_a_formula_a_value_is_part_of_it(body: str, formula: str) -> None:
    assert formula in unescape(page(f"{body}\n", "a_{1}"))


@pytest.mark.parametrize("body", ["`$` `{python} v` `$`", "costs \\$5, `{python} v`, \\$6", "$a$ `{python} v` $b$"])
def test_beside_a_formula_it_is_not(body: str) -> None:
    assert "*v*" in unescape(page(f"{body}\n", "*v*"))


def test_markdown_and_latex_stand_as_they_are() -> None:
    assert "<em>a</em>" in page("`{python} v`\n", "*a*", mime="text/markdown")
    assert r"\(x^2\)" in page("`{python} v`\n", "$x^2$", mime="text/latex")
    assert r"\(1 + x^2\)" in page("$1 + `{python} v`$\n", "$x^2$", mime="text/latex")


def test_what_says_that_it_is_markdown_is(run: Callable[[str], tuple[Post, Outputs]]) -> None:
    _, outputs = run(
        "```python\nfrom IPython.display import Markdown\n```\n\n`{python} Markdown('*a*')` `{python} '*b*'`\n"
    )
    datas = [ran.outputs[0]["data"] for ran in outputs.ran[1:]]
    assert datas[0]["text/markdown"] == "*a*"
    assert datas[1] == {"text/plain": "*b*"}


def test_lines_are_counted_through_values() -> None:
    post = parse_post(HEAD + "`{python} (1 +\n 2)`, [Figure](#fig-no)\n", "posts_src/p.md")
    ran = Ran(({"output_type": "display_data", "data": {"text/plain": "3"}, "metadata": {}},))
    with pytest.raises(Exception, match=r"posts_src/p.md:6: no figure has"):
        render_post(post, Outputs((ran,)), lambda _: None, SiteContext(Bibliography()))  # type: ignore
