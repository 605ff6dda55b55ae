"""Reading posts: what runs and what does not, and what is said of posts that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from toypost import HEAD

from mlblog.errors import PostError
from mlblog.press import Cell, Doctest, Inline, Sample, parse_post

SAMPLES = Path(__file__).parents[1] / "samples"


def codes(body: str, kind: type = Cell) -> list[str]:
    return [part.code for part in parse_post(HEAD + body, "t.md").parts if isinstance(part, kind)]


def test_a_python_fence_runs() -> None:
    assert codes("```python\nx = 1\n```\n") == ["x = 1"]


@pytest.mark.parametrize(
    "body",
    [
        "```python .noeval\nx\n```\n",
        "```text\nx\n```\n",
        "```pytb\nx\n```\n",
        "```cython\nx\n```\n",
        "``` { .yaml }\nx\n```\n",
        "````markdown\n```py\nx\n```\n````\n",
        "Prose.\n\n    ```py\n    x\n    ```\n",
        "````markdown\n```python\nx\n```\n````\n",
        "~~~text\n```python\nx\n```\n~~~\n",
        "Prose.\n\n    ```python\n    x\n    ```\n",
        "<!--\n```python\nx\n```\n-->\n",
        "!!! note\n    a\n\n        ```python\n        x\n        ```\n",
        "- a\n\n<!-- b -->\n\n    ```python\n    x\n    ```\n",
        "a\n\n[^1]: b\n\n\n    ```python\n    x\n    ```\n",
        "a\n- no list\n\n    ```python\n    x\n    ```\n",
    ],
)
def test_what_only_shows_code_does_not_run(body: str) -> None:
    assert codes(body) == []


@pytest.mark.parametrize(
    "info",
    [
        *(
            "py",
            "Python",
            "PYTHON",
            "PyThOn",
            "py3",
            "python2",
            "python3",
            "python3.11",
            "ipython",
            "ipython3",
            "IPython",
        ),
        *("{python}", "{python3}", "{py}", "{Python}", "{.python}", " {.python}", "{ .python }", "{.py .annotate}"),
        *("{python, echo=FALSE}", "{python} .noeval", "py .noeval", 'py title="a.py"', "{.python hl_lines='1'}"),
        *("{code-cell}", "{code-cell} ipython3", "{code-cell} python", "{jupyter-execute}", "code-cell", "pycon3"),
        *("ipycon", "py:a.py", "python3,linenos", "py{1}"),
    ],
)
@pytest.mark.parametrize("marks", ["```", "~~~", "````"])
def test_what_looks_like_a_cell_and_does_not_run_is_refused(info: str, marks: str) -> None:
    with pytest.raises(PostError, match=r"t.md:7: .*does not run; write [`~]+python for a cell, .*\.noeval to show"):
        parse_post(f"{HEAD}\nProse.\n{marks}{info}\nx = 1\n{marks}\n", "t.md")


@pytest.mark.parametrize(
    "body",
    [
        "~~~python\nx = 1\n~~~\n",
        "````python\nx = 1\n````\n",
        "!!! note\n    a\n\n    ```python\n    x = 1\n    ```\n",
        '??? tip "T"\n    ```python\n    x = 1\n    ```\n',
        '=== "A"\n\n    ```python\n    x = 1\n    ```\n',
        "- a\n\n    ```python\n    x = 1\n    ```\n",
        "1. a\n\n    ```python\n    x = 1\n    ```\n",
        "- a\n\n    !!! note\n\n        ```python\n        x = 1\n        ```\n",
        "> ```python\n> x = 1\n> ```\n",
        "<!-- more -->\n```python\nx = 1\n```\n",
        "- a\nlazy\n\n    ```python\n    x = 1\n    ```\n",
        "a\n\n[^1]: b\n\n    ```python\n    x = 1\n    ```\n",
        "- a\n\n\t```python\n\tx = 1\n    ```\n",
        "```text\n<!--\n```\n\n```python\nx = 1\n```\n",
    ],
)
def test_a_fence_runs_wherever_markdown_sees_one(body: str) -> None:
    assert codes(body) == ["x = 1"]


def test_only_the_same_marks_close_a_fence() -> None:
    assert codes('```python\nx = """\n````\n"""\n```\n') == ['x = """\n````\n"""']


def test_a_fence_that_the_page_would_show_as_code_is_refused() -> None:
    with pytest.raises(PostError, match=r"t.md:6: this fence is read as part of the indented code above"):
        parse_post(f"{HEAD}    a\n```python\nx\n```\n", "t.md")


def test_a_fence_in_a_cell_is_part_of_it() -> None:
    code = 's = """\n    ```python\n    ```\n"""'
    assert codes(f"```python\n{code}\n```\n") == [code]


def test_empty_lines_in_an_indented_cell_need_no_indentation() -> None:
    assert codes("- a\n\n    ```python\n    x = 1\n\n    y = 2\n    ```\n") == ["x = 1\n\ny = 2"]


def test_a_cell_knows_its_lines_and_its_indentation() -> None:
    cell = parse_post(HEAD + "a\n\n- b\n\n    ```python\n    x = 1\n    ```\n", "t.md").parts[1]
    assert isinstance(cell, Cell)
    assert (cell.line, cell.code_line, cell.prefix) == (9, 10, "    ")


def test_options_are_read() -> None:
    fence = '```python tags=["hide-input", "raises-exception"] caption="A [b] = \\"c\\"" alt="d" label="e-1"\nx\n```\n'
    cell = parse_post(HEAD + fence, "t.md").parts[0]
    assert isinstance(cell, Cell)
    options = cell.options
    assert options.tags == {"hide-input", "raises-exception"}
    assert (options.caption, options.alt, options.label) == ('A [b] = "c"', ("d",), "e-1")


def test_a_fence_for_display_keeps_what_material_reads() -> None:
    post = parse_post(HEAD + '```python .noeval title="a.py" hl_lines="2 3"\nx\n```\n', "t.md")
    assert isinstance(post.parts[0], Sample)
    assert post.parts[0].shown == '```python title="a.py" hl_lines="2 3"\nx\n```\n'


def test_pycon_is_a_doctest() -> None:
    assert codes("```pycon\n>>> 1\n1\n```\n", Doctest) == [">>> 1\n1"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a `{python} x` b\n", ["x"]),
        ("`{python} x` and `{python} f(y)`\n", ["x", "f(y)"]),
        ("`{python}\nx` over a line end\n", ["x"]),
        ("- `{python} x`\n", ["x"]),
        ("`{python} len('``')`\n", ["len('``')"]),
        ("| `{python} x` |\n", ["x"]),
        ("`` `{python} x` ``\n", []),
        ("``` `{python} x` ```\n", []),
        ("\\`{python} x`\n", []),
        ("`{python} x\n\ny`\n", []),
        ("```text\n`{python} x`\n```\n", []),
        ("Prose.\n\n    `{python} x`\n", []),
        ("<!--\n`{python} x`\n-->\n", []),
        ("`{julia} x`\n", []),
        ("a <!-- `{python} x` --> `{python} y`\n", ["y"]),
        ("<!-- `{python} x` -->\n", []),
        ("<!--\n\nb --> `{python} x`\n", ["x"]),
        ("<div>\n\n`{python} x`\n\n</div>\n", []),
        ("> a `{python} x +\n> y`\n", ["x + y"]),
        ("- a ` b\n- `{python} x`\n", ["x"]),
        ("- a\nlazy\n\n    `{python} x`\n", ["x"]),
        ("- a\n\n<!-- b -->\n\n    `{python} x`\n", []),
        ("$$\n`{python} x`\n$$\n\n$a = `{python} y`$\n", ["x", "y"]),
        ("# `{python} x`\n", ["x"]),
        ("\\\\`{python} x`\n", ["x"]),
    ],
)
def test_inline_expressions(body: str, expected: list[str]) -> None:
    assert codes(body, Inline) == expected


def test_line_ends_and_byte_order_mark_of_windows_are_read() -> None:
    text = "\ufeff" + (HEAD + "`{python} x`\n\n```python\ny\n```\n").replace("\n", "\r\n")
    post = parse_post(text.encode(), "t.md")
    assert [(unit.line, unit.code) for unit in post.units] == [(5, "x"), (7, "y")]


def test_what_jupytext_writes_for_itself_is_dropped() -> None:
    post = parse_post("---\njupytext:\n  formats: md\nkernelspec: {name: a}\ntitle: T\ndate: 2026-11-21\n---\n", "t.md")
    assert set(post.meta) == {"title", "date"}


def test_jupytext_reads_the_same_cells() -> None:
    jupytext = pytest.importorskip("jupytext")
    text = HEAD + 'a\n\n```python tags=["hide-input"] caption="b"\nx = 1\n```\n\nc\n\n```python .noeval\nno\n```\n'
    cells = [cell for cell in jupytext.reads(text, fmt="md").cells if cell.cell_type == "code"]
    mine = [part for part in parse_post(text, "t.md").parts if isinstance(part, Cell)]
    assert [cell.source for cell in cells] == [cell.code for cell in mine]
    assert cells[0].metadata["tags"] == sorted(mine[0].options.tags)
    assert cells[0].metadata["caption"] == mine[0].options.caption


@pytest.mark.parametrize(
    ("name", "line", "says"),
    [
        ("no_front_matter", 1, "no front matter"),
        ("open_front_matter", 1, "not closed"),
        ("bad_yaml", 4, "not YAML"),
        ("no_date", 1, "no date"),
        ("odd_date", 3, "'yesterday' is not a date"),
        ("no_title", 1, "no title"),
        ("tags_no_list", 4, "tags must be a list"),
        ("unclosed_fence", 7, "not closed"),
        ("unknown_option", 5, "unknown option 'wide'"),
        ("option_no_json", 5, "value of 'caption' is not JSON"),
        ("tags_no_json_list", 5, "tags must be a list"),
        ("label_twice", 9, "already used on line 5"),
        ("indented_less", 9, "indented less than its fence, opened on line 7"),
        ("bad_inline", 7, "is not a Python expression"),
        ("not_utf8", 6, "not UTF-8"),
    ],
)
def test_a_wrong_post_is_refused_by_its_line(name: str, line: int, says: str) -> None:
    with pytest.raises(PostError, match=says) as caught:
        parse_post((SAMPLES / f"{name}.md").read_bytes(), f"posts_src/{name}.md")
    assert str(caught.value).startswith(f"posts_src/{name}.md:{line}: ")


LINES = st.lists(
    st.sampled_from(
        ["", "prose", "    deep", "- item", "!!! note", "> quote", "```python", "```", "````", "~~~", "    ```python",
         "    ```", "`{python} 1`", "`` ` ``", "<!--", "-->", ">>> 1", "> ```", "`open"]
    ),
    max_size=14,
)  # fmt: skip


@given(LINES, st.booleans())
def test_the_parts_put_together_are_the_body(lines: list[str], ends: bool) -> None:
    body = "\n".join(lines) + ("\n" if ends else "")
    try:
        post = parse_post(HEAD + body, "t.md")
    except PostError as error:
        assert 5 <= error.line <= 5 + len(lines)  # noqa: PT017
        return
    assert "".join(part.source for part in post.parts) == body
    for part in post.parts:
        assert (HEAD + body).split("\n")[part.line - 1].endswith(part.source.split("\n")[0])


def test_the_shadow_has_code_on_its_own_lines() -> None:
    text = HEAD + "a\n\n```python\nclass A:\n    pass\n```\n\n- b\n\n    ```python\n    %time\n    y\n    ```\n"
    shadow = parse_post(text, "t.md").shadow
    assert [(i, line.strip()) for i, line in enumerate(shadow, 1) if line.strip()] == [
        (8, "class A:"),
        (9, "pass"),
        (15, "pass  # %time"),
        (16, "y"),
    ]
    compile("".join(shadow), "t.md", "exec")


@pytest.mark.parametrize("meta", ['title: "\\ud800"', 'title: T\ntags: ["\\udfff"]', "title: T\na: &a [*a]"])
def test_front_matter_that_no_page_can_hold_is_an_error(meta: str) -> None:
    with pytest.raises(PostError, match=r"posts_src/p.md:2: the front matter cannot be written back"):
        parse_post(f"---\n{meta}\ndate: 2026-01-01\n---\n", "posts_src/p.md")
