"""The notebook to take away: what nbformat says of it, and what it holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import nbformat
import pytest

from mlblog.claims import MIME
from mlblog.papers import Bibliography
from mlblog.press import Outputs, Post, Ran, parse_post
from mlblog.press.kernel.output import FIGURE
from mlblog.press.page.download import notebook
from mlblog.press.page.site_context import SiteContext

HEAD = "---\ntitle: T\ndate: 2026-11-21\ntags: [A]\ntimeout: 9\n---\n"
BODY = """\
# A

Of `{python} n` words.

```python label="walk" alt="B" tags=["hide-input"]
n = 12

n
```

!!! note

    ```python

    print("a")
    ```

```pycon
>>> n
12
```

```text
c
```

The end: `{python} n`.
"""
NOWHERE = SiteContext(Bibliography())
FIGURE_DATA = {"light": "<svg>l</svg>", "dark": "<svg>d</svg>", "data": ""}


def shown(**data: Any) -> dict[str, Any]:
    bundle = {name.replace("__", "/"): value for name, value in data.items()}
    return {"output_type": "execute_result", "data": bundle, "metadata": {}, "execution_count": None}


RAN = (
    Ran((shown(text__plain="twelve"),)),
    Ran((shown(**{FIGURE: FIGURE_DATA, "text/plain": "F"}), shown(**{MIME: {}, "text/markdown": "**Held.**"}))),
    Ran(({"output_type": "stream", "name": "stdout", "text": "a\n"},)),
    Ran(),
    Ran((shown(text__plain="12!"),)),
)


@pytest.fixture
def book() -> Any:
    post = parse_post(HEAD + BODY, "posts_src/p.md")
    text = notebook(post, Outputs(RAN), NOWHERE, "## References\n")
    assert text == notebook(parse_post(HEAD + BODY, "posts_src/p.md"), Outputs(RAN), NOWHERE, "## References\n")
    found = nbformat.reads(text.decode(), as_version=4)
    nbformat.validate(found)
    return found


def test_it_is_a_notebook_with_prose_and_outputs(book: Any) -> None:
    kinds = [(cell.cell_type, cell.source) for cell in book.cells]
    assert kinds == [
        ("markdown", "# T\n\nFrom a post, 2026-11-21."),
        ("markdown", "# A\n\nOf twelve words."),
        ("code", "n = 12\n\nn"),
        ("markdown", "!!! note"),
        ("code", 'print("a")'),
        ("markdown", "```pycon\n>>> n\n12\n```\n\n```text\nc\n```\n\nThe end: 12&#33;."),
        ("markdown", "## References"),
    ]
    assert [cell.execution_count for cell in book.cells if cell.cell_type == "code"] == [1, 2]
    assert book.cells[2].metadata == {"label": "walk", "alt": "B", "tags": ["hide-input"]}
    assert book.cells[4].outputs == [{"output_type": "stream", "name": "stdout", "text": "a\n"}]


def test_private_types_are_shown_in_common_ones(book: Any) -> None:
    figure, claim = book.cells[2].outputs
    assert figure.data == {"image/svg+xml": "<svg>l</svg>", "text/plain": "F"}
    assert claim.data == {"text/markdown": "**Held.**"}
    assert figure.execution_count == 1


def test_it_is_a_post_again(book: Any) -> None:
    post = parse_post(json.dumps(book), "posts_src/q.ipynb")
    assert {key: str(value) for key, value in post.meta.items()} == {
        "title": "T",
        "date": "2026-11-21",
        "tags": "['A']",
    }
    assert [unit.code for unit in post.units][:2] == ["n = 12\n\nn", 'print("a")']


def test_real_outputs_are_valid(run: Callable[..., tuple[Post, Outputs]]) -> None:
    plot = '```python alt="A"\nimport matplotlib.pyplot as plt\n\nplt.plot([1, 2])\nprint("a")\n```\n'
    body = f"{plot}\n```python\n{{1: 2}}\n```\n"
    nbformat.validate(nbformat.reads(notebook(*run(body), NOWHERE).decode(), as_version=4))
