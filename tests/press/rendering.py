"""Pages drawn from a post's text and made-up outputs, without running anything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import markdown

from mlblog.lab import Read, Record
from mlblog.papers import Bibliography
from mlblog.press import Outputs, Page, Ran, parse_post, render_post
from mlblog.press.kernel.output import FIGURE
from mlblog.press.page.provenance import Evidence
from mlblog.press.page.site_context import SiteContext

NOWHERE = SiteContext(Bibliography())
HEAD = "---\ntitle: T\ndate: 2026-11-21\ncategories: [Rand]\n---\n"
EXTENSIONS = ["admonition", "attr_list", "pymdownx.blocks.html", "pymdownx.details", "pymdownx.highlight",
              "pymdownx.superfences", "pymdownx.tabbed"]  # fmt: skip
OPTIONS = {"pymdownx.highlight": {"use_pygments": False}, "pymdownx.tabbed": {"alternate_style": True}}


def shown(**data: Any) -> dict[str, Any]:
    bundle = {name.replace("__", "/"): value for name, value in data.items()}
    return {"output_type": "execute_result", "data": bundle, "metadata": {}, "execution_count": None}


def printed(text: str, name: str = "stdout") -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}


FIGURE_OUTPUT = shown(
    **{FIGURE: {"light": "<svg>l</svg>", "dark": "<svg>d</svg>", "data": "x,y\n"}, "text__plain": "F"}
)


def record(seed: int, scale: str = "full", dirty: bool = False) -> Record:
    environment = {"commit": "abcdef0123", "dirty": dirty, "date": "2026-11-02T10:00:00+00:00", "device": "cuda: H200",
                   "seconds": 61.5, "torch": "2.13.0"}  # fmt: skip
    return Record("coin_toss", scale, {}, {}, seed, {}, {}, {}, {}, environment)


def evidence(*reasons: str, scale: str = "full", dirty: bool = False) -> Callable[[Read], Evidence]:
    return lambda read: Evidence(read, (record(0, scale, dirty), record(1, scale, dirty)), reasons)


READ = Read("coin_toss", None, {}, tuple((f"docs/results/coin_toss/full/base/seed-{i}.json", f"{i}") for i in (0, 1)))


def page(body: str, *ran: Any, look_up: Callable[[Read], Evidence] | None = None, around: Any = NOWHERE) -> Page:
    post = parse_post(HEAD + body, "posts_src/a-post.md")
    runs = tuple(one if isinstance(one, Ran) else Ran(tuple(one)) for one in ran)
    return render_post(post, Outputs(runs), look_up or evidence(), around)


def without_notebook(page: Page) -> dict[str, bytes]:
    return {name: content for name, content in page.files.items() if not name.endswith(".ipynb")}


def html(page: Page, extensions: list[str] = EXTENSIONS) -> str:
    body = (
        page.text.split("---\n", 2)[2]
        .partition("/// html | div.mlblog-remake")[0]
        .partition("//// html | div.mlblog-remake")[0]
    )
    return markdown.markdown(body, extensions=extensions, extension_configs=OPTIONS)
