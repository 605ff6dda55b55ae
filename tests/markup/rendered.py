"""What Python-Markdown, under the site's own extensions, makes of each word of a text."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from bs4 import BeautifulSoup, Comment
from bs4.element import Tag
from markdown import Markdown

from mlblog.markup import Scan

ROOT = Path(__file__).parents[2]
WORD = re.compile(r"w\d+q")
BLOCKS = ("fence", "indented")


class _Loader(yaml.SafeLoader):
    """Reads `mkdocs.yml`, whose tags name Python objects."""


_Loader.add_multi_constructor("", lambda *_: None)


@cache
def converter() -> Markdown:
    """Python-Markdown with the extensions of `mkdocs.yml` but those that need Material."""
    listed: list[Any] = yaml.load((ROOT / "mkdocs.yml").read_text("utf-8"), _Loader)["markdown_extensions"]
    settings = {name: options for one in listed if isinstance(one, dict) for name, options in one.items()}
    names = [one if isinstance(one, str) else next(iter(one)) for one in listed]
    settings["toc"] = {}
    kept = [name for name in names if name != "pymdownx.emoji"]
    return Markdown(extensions=kept, extension_configs={name: settings.get(name, {}) for name in kept})


def rendered(text: str) -> dict[str, str]:
    """What each word is on the page: `text`, `block`, `code`, `maths`, `comment`, `html`; without those not shown."""
    made = converter()
    made.reset()
    page = BeautifulSoup(made.convert(text), "html.parser")
    found: dict[str, str] = {}
    for string in page.find_all(string=WORD):
        kind = _kind(string.parent)
        kind = "comment" if isinstance(string, Comment) and kind != "html" else kind
        for word in WORD.findall(string):
            found.setdefault(word, kind)
    return found


def _kind(inside: Tag | None) -> str:
    names = []
    for parent in [inside, *inside.parents] if inside else []:
        name, classes = parent.name, parent.get("class") or []
        if name == "pre" or ("highlight" in classes and name != "code"):
            return "block"
        if "arithmatex" in classes:
            return "maths"
        if "raw" in classes:
            return "html"
        names.append(name)
    return "code" if "code" in names else "text"


def scanned(found: Scan) -> dict[str, str]:
    """The same, as `mlblog.markup` reads it."""
    kinds = {"fence": "block", "indented": "block", "formula": "maths", "escape": "text"}
    return {
        word[0]: next(
            (kinds.get(one.kind, one.kind) for one in found.tokens if one.start <= word.start() < one.end), "text"
        )
        for word in WORD.finditer(found.text)
    }
