"""What options and tags make of a cell on its page: tags as MyST-NB and Jupyter Book read them, layouts, pixels."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from running import Run
from toypost import HEAD

from mlblog.errors import PostError
from mlblog.lab import Lab, Project
from mlblog.papers import Bibliography
from mlblog.press import Outputs, Page, Ran, compile_posts, parse_post, render_post
from mlblog.press.cache.outputs import keys
from mlblog.press.kernel.output import FIGURE
from mlblog.press.page.site_context import SiteContext


def out(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


def rich(mime: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": {mime: value, **more}, "metadata": {}}


def drawn(size: int = 3) -> dict[str, Any]:
    return rich(FIGURE, {"light": "l" * size, "dark": "d" * size, "data": "x,y\n"})


def page(options: str, *outputs: dict[str, Any], code: str = "the_code") -> Page:
    post = parse_post(f"{HEAD}```python {options}\n{code}\n```\n", "posts_src/p.md")
    ran = (Ran(tuple(outputs)),) if post.units else ()
    return render_post(post, Outputs(ran), lambda _: None, SiteContext(Bibliography()))  # type: ignore


def body(made: Page) -> str:
    return re.split(r"/+ html \| div\.mlblog-remake", made.text.split("---\n", 2)[2])[0]


ALL = (out("printed"), out("warned", "stderr"), rich("text/html", "<b>shown</b>"), drawn())


@pytest.mark.parametrize(
    ("tags", "there", "folded"),
    [
        ([], "the_code printed warned shown figure", ""),
        (["hide-input"], "the_code printed warned shown figure", "the_code"),
        (["hide-output"], "the_code printed warned shown figure", "printed warned shown figure"),
        (["hide-cell"], "the_code printed warned shown figure", "the_code printed warned shown figure"),
        (["hide-input", "hide-output"], "the_code printed warned shown figure", "the_code printed warned shown figure"),
        (["remove-input"], "printed warned shown figure", ""),
        (["remove-output"], "the_code", ""),
        (["remove-cell"], "", ""),
        (["remove-stderr"], "the_code printed shown figure", ""),
        (["remove-stdout"], "the_code warned shown figure", ""),
        (["remove-input", "hide-output"], "printed warned shown figure", "printed warned shown figure"),
        (["remove-input", "remove-output"], "", ""),
        (["hide-cell", "remove-stderr"], "the_code printed shown figure", "the_code printed shown figure"),
        (["skip-execution"], "the_code", ""),
        (["skip-execution", "hide-input"], "the_code", "the_code"),
        (["skip-execution", "remove-cell"], "", ""),
        (["parameters"], "the_code printed warned shown figure", ""),
        (["injected-parameters", "my-own", "nbval-skip"], "the_code printed warned shown figure", ""),
    ],
)
def test_tags_show_fold_and_remove(tags: list[str], there: str, folded: str) -> None:
    made = page(f'tags={tags!r} alt="A"'.replace("'", '"'), *ALL)
    text = body(made)
    words = ("the_code", "printed", "warned", "shown", "figure")
    assert [word for word in words if word in text] == there.split()
    inside = "\n".join(line for line in text.split("\n") if line.startswith("    ") and "markdown:" not in line)
    assert [word for word in words if word in inside] == folded.split()
    assert made.warnings == ()
    assert ("p/figure-1-light.svg" in made.files) is ("figure" in there)


def test_a_skipped_cell_does_not_run_and_its_stale_badge_cannot_hide() -> None:
    post = parse_post(HEAD + '```python tags=["skip-execution"]\n1 / 0\n```\n', "posts_src/p.md")
    assert post.units == ()


@pytest.mark.parametrize("tag", ["hide-inputs", "remove_cell", "hide-ouput", "Hide-Input", "remove-stdrr"])
def test_a_tag_that_is_nearly_one_of_ours_is_told(tag: str) -> None:
    (warning,) = page(f'tags=["{tag}"]', out("a")).warnings
    assert warning.startswith(f"posts_src/p.md:5: unknown tag {tag!r}; did you mean ")


@pytest.mark.parametrize(
    ("options", "pictures", "says"),
    [
        ('layout="2"', 1, "layout must be rows x columns"),
        ('layout="0x2"', 1, "layout must be rows x columns"),
        ('layout="1x2" alt="A"', 3, "makes 3 figures, but layout=\"1x2\" has room for 2"),
        ('alt=["a", "b"]', 3, "makes 3 figures but has 2 alt texts"),
        ('alt=[]', 1, "alt must be text, or a list"),
        ('alt=["a", ""]', 2, "alt must be text, or a list"),
        ('layout="1x2"', 2, "no alt text"),
        ("raster=1 alt=\"a\"", 1, "raster must be true or false"),
    ],
)  # fmt: skip
def test_a_wrong_option_is_an_error_with_its_line(options: str, pictures: int, says: str) -> None:
    with pytest.raises(PostError, match=f"posts_src/p.md:5: .*{re.escape(says)}"):
        page(options, *[drawn()] * pictures)


def test_figures_stand_in_rows_and_columns_under_one_number() -> None:
    made = page('layout="2x1" label="pair" caption="Both" alt=["Left", "Right"]', out("a"), drawn(), out("b"), drawn())
    text = body(made)
    assert text.count("/ html | figure.") == text.count("**Figure 1**") == text.count("Both") == 1
    assert "div.mlblog-panels.mlblog-columns-1" in text
    order = [
        text.index(piece) for piece in ("```text\na", "![Left](p/pair-light", "![Right](p/pair-2-light", "```text\nb")
    ]
    assert order == sorted(order)
    assert "[Data 1](p/pair.csv)" in text
    assert "[Data 2](p/pair-2.csv)" in text


@pytest.mark.parametrize(
    ("mime", "ending"), [("image/gif", "gif"), ("image/webp", "webp"), ("image/avif", "avif"), ("image/jpeg", "jpg")]
)
def test_pictures_of_every_kind_are_shown(mime: str, ending: str) -> None:
    data = {mime: base64.b64encode(b"bytes").decode(), "text/plain": "<Image>"}
    made = page('alt="A"', {"output_type": "execute_result", "data": data, "metadata": {}})
    assert made.files[f"p/figure-1.{ending}"] == b"bytes"
    assert f"![A](p/figure-1.{ending})" in made.text
    assert "&lt;Image" not in made.text


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (rich("application/javascript", "alert(1)", **{"text/plain": "<Javascript>"}), "JavaScript, which pages do not run"),
        (rich("application/x-odd", "?"), "application/x-odd, which pages cannot show"),
        (rich("application/pdf", "?"), "application/pdf, which pages cannot show"),
    ],
)  # fmt: skip
def test_what_no_page_can_show_is_refused(output: dict[str, Any], says: str) -> None:
    with pytest.raises(PostError, match=f"p.md:5: this cell shows {says}"):
        page("", output)
    assert "```python\nthe_code" in page('tags=["remove-output"]', output).text


def test_what_has_another_form_is_shown_in_that() -> None:
    assert "<b>x</b>" in page("", rich("application/javascript", "x", **{"text/html": "<b>x</b>"})).text


CLOUD = "import matplotlib.pyplot as plt\nimport numpy as np\nplt.scatter(*np.random.default_rng(0).random((2, 20000)), label='a')\nplt.legend();"


def test_a_heavy_figure_is_told_and_made_light(project: Project, run: Run) -> None:
    heavy, light = (
        run(f'```python alt="A" {option}\n{CLOUD}\n```\n')[1].ran[0].outputs[0]["data"][FIGURE]
        for option in ("", "raster=true")
    )
    assert len(heavy["light"]) > 20 * len(light["light"])
    assert heavy["data"] == light["data"]
    for scheme in ("light", "dark"):
        assert light[scheme].count("<image") == 1
        assert heavy[scheme].count("<image") == 0
        # what is read stays vectors, and is drawn in the ink of the scheme
        words = re.findall(r"<!-- (.*?) -->", light[scheme])
        assert words
        assert words == re.findall(r"<!-- (.*?) -->", heavy[scheme])
    path = project.posts / "cloud.md"
    path.write_text(f'{HEAD}```python alt="A"\n{CLOUD.replace("20000", "30000")}\n```\n')
    try:
        for _ in range(2):  # a page that stays as it is says so again
            (warning,) = compile_posts(project).warnings
            assert re.match(r"posts_src/cloud.md:5: a figure of this cell is \d\.\d MB; add raster=true", warning)
    finally:
        path.unlink()


@pytest.mark.parametrize(
    ("option", "is_new"),
    [("raster=true", True), ('tags=["raises-exception"]', True), ('caption="C"', False), ('alt="A"', False),
     ('layout="1x2"', False), ('label="a"', False), ('tags=["hide-cell"]', False), ('tags=["remove-stderr"]', False),
     ("raster=false", False), ("timeout=9", True)],
)  # fmt: skip
def test_options_that_change_what_runs_are_in_the_key(option: str, is_new: bool, project: Project) -> None:
    code = Lab(project).code
    plain, other = (
        keys(parse_post(f"{HEAD}```python {one}\n1\n```\n", "posts_src/p.md"), code) for one in ("", option)
    )
    assert (plain != other) is is_new


@pytest.mark.parametrize(
    ("line", "title"),
    [("2026", "2026"), ("1.0", "1.0"), ("2026-01-02", "2026-01-02"), ("yes", "yes"), ("007", "007"), ("1_000", "1_000"),
     ("'a: b'", "a: b"), ("0x10", "0x10"), (".inf", ".inf"), ("12:30", "12:30"), ("off", "off")],
)  # fmt: skip
def test_what_is_text_is_read_as_it_is_written(line: str, title: str) -> None:
    head = (
        f"---\ntitle: {line}\ndate: 2026-11-21\ndescription: {line}\ntags: [{line}, a]\ncategories:\n  - {line}\n---\n"
    )
    post = parse_post(head, "posts_src/p.md")
    assert (post.title, post.meta["description"], post.meta["tags"]) == (title, title, [title, "a"])
    assert post.meta["categories"] == [title]
    again = parse_post(render_post(post, Outputs(), lambda _: None, SiteContext(Bibliography())).text, "posts_src/p.md")  # type: ignore
    assert again.title == title


@pytest.mark.parametrize("line", ["", "~", "null", "''", "[a]", "{a: b}"])
def test_no_title_is_none(line: str) -> None:
    with pytest.raises(PostError, match=r"p.md:2: no title"):
        parse_post(f"---\ntitle: {line}\ndate: 2026-11-21\n---\n", "posts_src/p.md")
