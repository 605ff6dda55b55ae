"""A figure that readers can touch, on its page: pictures, and hidden links to what its script loads, wherever it is."""

from __future__ import annotations

import random

import pytest
from bs4 import BeautifulSoup
from rendering import FIGURE_OUTPUT, html, page, shown, without_notebook

from mlblog.press.kernel.output import FIGURE


def touchable(light: str = "<svg>1</svg>") -> dict[str, object]:
    figure = FIGURE_OUTPUT["data"][FIGURE]
    files = {"light.svg": light, "dark.svg": "<svg>2</svg>"}
    return shown(**{FIGURE: {**figure, "interactive": {"kind": "frames", "files": files}}, "text__plain": "F"})


BODIES = {
    "alone": '```python label="w" alt="A" caption="C."\n1\n```\n',
    "in a list": '- one\n\n    ```python label="w" alt="A" caption="C."\n    1\n    ```\n',
    "in an admonition": '!!! note\n\n    ```python label="w" alt="A" caption="C."\n    1\n    ```\n',
}


@pytest.mark.parametrize("where", BODIES)
def test_its_parts_are_files_and_links(where: str) -> None:
    made = page(BODIES[where], (touchable(),))
    assert without_notebook(made) == {
        "a-post/w-light.svg": b"<svg>l</svg>",
        "a-post/w-dark.svg": b"<svg>d</svg>",
        "a-post/w.csv": b"x,y\n",
        "a-post/w-frames-light.svg": b"<svg>1</svg>",
        "a-post/w-frames-dark.svg": b"<svg>2</svg>",
    }
    (figure,) = BeautifulSoup(html(made), "html.parser").select("figure.mlblog-figure > div.mlblog-interactive")
    assert "mlblog-frames" in figure["class"]
    assert [image["src"] for image in figure.select("img")] == [
        "a-post/w-light.svg#only-light",
        "a-post/w-dark.svg#only-dark",
    ]
    links = figure.select("a.mlblog-part")
    assert [link["href"] for link in links] == ["a-post/w-frames-light.svg", "a-post/w-frames-dark.svg"]
    assert all(link.has_attr("hidden") and link.has_attr("data-search-exclude") for link in links)
    assert made.warnings == ()


def test_several_in_one_grid_have_files_of_their_own() -> None:
    body = '```python label="w" alt="A" caption="C." layout="1x2"\n1\n```\n'
    made = page(body, (touchable("<svg>a</svg>"), touchable("<svg>b</svg>")))
    assert made.files["a-post/w-frames-light.svg"] == b"<svg>a</svg>"
    assert made.files["a-post/w-2-frames-light.svg"] == b"<svg>b</svg>"
    assert len(BeautifulSoup(html(made), "html.parser").select(".mlblog-panels .mlblog-interactive")) == 2


def test_what_is_heavy_even_compressed_is_warned_of() -> None:
    noise = random.Random(0).randbytes(320_000).hex()
    made = page(BODIES["alone"], (touchable(noise),))
    (told,) = made.warnings
    assert told.startswith("posts_src/a-post.md:6: a figure of this cell loads ")
    assert 320 < int(told.split(" loads ")[1].split()[0]) < 400
