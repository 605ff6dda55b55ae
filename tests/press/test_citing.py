"""Citations of a post become links and one list, on the page and in the notebook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlblog.errors import PostError
from mlblog.papers import Bibliography
from mlblog.press import Outputs, Page, Ran, parse_post, render_post
from mlblog.press.kernel.output import FIGURE
from mlblog.press.page.site_context import SiteContext

BIB = """\
@article{doe2020sums,
  author = {Doe, Jane},
  title = {Sums},
  journal = {J},
  year = {2020},
}

@article{roe2019parts,
  author = {Roe, Ann and Poe, Bo},
  title = {Parts},
  journal = {K},
  year = {2019},
}
"""
PICTURE = {"output_type": "display_data", "data": {FIGURE: {"light": "l", "dark": "d", "data": ""}}, "metadata": {}}
BODY = """\
As [@roe2019parts].

```python alt="A" caption="After [@doe2020sums]."
1
```

```text
[@doe2020sums] [@nobody]
```

<!--
[@nobody]
-->

    [@nobody]

Again [@roe2019parts].
"""


def page(body: str, folder: Path, *ran: Ran) -> Page:
    (folder / "r.bib").write_text(BIB)
    around = SiteContext(Bibliography.read(folder / "r.bib"))
    post = parse_post(f"---\ntitle: T\ndate: 2026-11-21\n---\n{body}", "posts_src/p.md")
    return render_post(post, Outputs(ran), lambda _: None, around)  # type: ignore[arg-type, return-value]


def test_prose_and_captions_cite_and_code_does_not(tmp_path: Path) -> None:
    made = page(BODY, tmp_path, Ran((PICTURE,)))
    assert "As ([Roe and Poe, 2019](#ref-roe2019parts){ .mlblog-cite })." in made.text
    assert "After ([Doe, 2020](#ref-doe2020sums){ .mlblog-cite })." in made.text
    assert "```text\n[@doe2020sums] [@nobody]\n```" in made.text
    assert made.text.count("[@nobody]") == 3
    assert made.text.count("## References") == 1
    assert made.text.index("Again (") < made.text.index("## References") < made.text.index("div.mlblog-remake")
    assert made.text.count("li#ref-") == 2


def test_the_notebook_lists_what_it_cites(tmp_path: Path) -> None:
    cells = json.loads(page(BODY, tmp_path, Ran((PICTURE,))).files["p/p.ipynb"])["cells"]
    assert cells[1]["source"] == "As [@roe2019parts]."
    last = cells[-1]["source"]
    assert last.startswith("## References\n\n- [@doe2020sums] Jane Doe. **Sums.** *J*, 2020.")
    assert last.count("\n- [@roe2019parts] Ann Roe and Bo Poe.") == last.count("roe2019parts") == 1


def test_a_page_that_cites_nothing_has_no_list(tmp_path: Path) -> None:
    made = page("a@b.org [@](x)\n\n```python\n1\n```\n", tmp_path, Ran())
    assert "References" not in made.text
    assert b"References" not in made.files["p/p.ipynb"]


@pytest.mark.parametrize(
    ("body", "line"), [("a\n\nb [@roe2019part]\n", 7), ('```python alt="A" caption="[@roe2019part]"\n1\n```\n', 5)]
)
def test_an_unknown_paper_is_an_error_with_its_line(body: str, line: int, tmp_path: Path) -> None:
    with pytest.raises(PostError, match=rf"posts_src/p.md:{line}: .*roe2019parts"):
        page(body, tmp_path, *[Ran((PICTURE,))] * body.count("```python"))
