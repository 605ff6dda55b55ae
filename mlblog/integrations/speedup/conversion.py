"""Cache of Markdown conversions.

A cached conversion depends only on the text and the extensions: the URL of each link or image is left
open, and filled in for each page. Extensions that read files, or that are unknown here, turn
the cache off.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown  # type: ignore[import-untyped]
from markdown.serializers import _escape_attrib_html  # type: ignore[import-untyped]
from markdown.treeprocessors import Treeprocessor  # type: ignore[import-untyped]
from markdown.util import AMP_SUBSTITUTE, STX  # type: ignore[import-untyped]

from mlblog.files.canonical import digest
from mlblog.files.made_by import made_by
from mlblog.files.memo import Memo

#: Extensions whose HTML depends only on text and settings.
PURE = {
    "abbr", "admonition", "attr_list", "def_list", "extra", "fenced_code", "footnotes", "md_in_html", "meta",
    "sane_lists", "smarty", "tables", "toc",
    "pymdownx.arithmatex", "pymdownx.betterem", "pymdownx.blocks.admonition", "pymdownx.blocks.caption",
    "pymdownx.blocks.details", "pymdownx.blocks.html", "pymdownx.blocks.tab", "pymdownx.caret", "pymdownx.critic",
    "pymdownx.details", "pymdownx.emoji", "pymdownx.highlight", "pymdownx.inlinehilite", "pymdownx.keys",
    "pymdownx.mark", "pymdownx.smartsymbols", "pymdownx.superfences", "pymdownx.tabbed", "pymdownx.tasklist",
    "pymdownx.tilde",
}  # fmt: skip
_LIBRARIES = ("Markdown", "pymdown-extensions", "Pygments", "mkdocs", "mkdocs-material")
_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")


@dataclass(frozen=True)
class Converted:
    """HTML with numbered placeholders for URLs, and other results of the conversion."""

    html: str
    urls: list[tuple[str, str]]  # tag and URL, by placeholder
    toc: list[Any]
    title: str | None
    anchors: list[str]

    def fill(self, resolve: Callable[[str, str], str]) -> str:
        """The HTML with each URL replaced by `resolve(tag, url)`, in order."""
        found = [_escape_attrib_html(resolve(tag, url)) for tag, url in self.urls]
        return _PLACE.sub(lambda match: found[int(match[1])], self.html)


class Conversions:
    """Conversions by key, in memory and on disk below `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._kept: dict[str, Converted] = {}
        self._used: set[str] = set()

    def get(self, text: str, settings: str, convert: Callable[[], Converted | None]) -> Converted | None:
        """The conversion of `text` under `settings`; None if it cannot be cached."""
        key = digest("conversion", made_by(__file__, libraries=_LIBRARIES), settings, text)
        self._used.add(key)
        if key not in self._kept:
            found = self._read(key) or convert()
            if found is None:
                return None
            self._kept[key] = found
        return self._kept[key]

    def end_build(self) -> None:
        """Drop conversions that this build did not use."""
        present = {path.stem: path for path in self._folder.glob("*.json")}
        for key in self._used & self._kept.keys() - present.keys():
            self._memo(key).put(key, asdict(self._kept[key]))
        for key in present.keys() - self._used:
            present[key].unlink(missing_ok=True)
        self._kept = {key: found for key, found in self._kept.items() if key in self._used}
        self._used.clear()

    def _read(self, key: str) -> Converted | None:
        body = self._memo(key).get(key)
        if body is None:
            return None
        return Converted(**{**body, "urls": [(tag, url) for tag, url in body["urls"]]})

    def _memo(self, key: str) -> Memo:
        return Memo(self._folder / f"{key}.json")


def settings(extensions: list[Any], configs: dict[str, Any]) -> str | None:
    """Serialise extensions and their options; None if a conversion may depend on anything else."""
    if not all(isinstance(name, str) for name in extensions):
        return None  # an object from another plugin, with unknown state
    names = [name.removeprefix("markdown.extensions.") for name in extensions]
    if not PURE.issuperset(names):
        return None
    try:
        told = json.dumps([names, configs], sort_keys=True, default=_name)
    except TypeError:
        return None
    return None if "custom_icons" in told else told  # custom icons are read from files


def get_ready(extensions: list[Any], configs: dict[str, Any]) -> None:
    """Warm up the imports and regular expressions of conversions for this process."""
    named = [name for name in extensions if isinstance(name, str)]  # other plugins' objects may only be used for pages
    Markdown(extensions=named, extension_configs=configs).convert("```python\nx = 1\n```\n")


def convert(
    md: Markdown, text: str, title: Callable[[], str | None], anchors: Callable[[], set[str]]
) -> Converted | None:
    """Convert `text` with open URLs; None if a URL contains an unresolved Markdown placeholder.

    Args:
        md: a fresh instance with everything the host registers, except for URL rewriting.
        text: Markdown.
        title: returns the title found by the host.
        anchors: returns the anchors found by the host.
    """
    if _OPEN in text:
        return None
    early, late = _Early(), _Late()
    md.treeprocessors.register(early, "mlblog_early", 1)
    md.treeprocessors.register(late, "mlblog_late", 0)
    html = md.convert(text)
    if early.is_odd:
        return None
    return Converted(html, late.urls, getattr(md, "toc_tokens", []), title(), sorted(anchors()))


class _Early(Treeprocessor):  # type: ignore[misc]
    """Runs where hosts may rewrite URLs, before Markdown restores escaped characters."""

    is_odd = False

    def run(self, root: Element) -> None:
        self.is_odd = any(STX in url for _, _, url in _addresses(root))


class _Late(Treeprocessor):  # type: ignore[misc]
    """Replaces URLs by placeholders."""

    def __init__(self) -> None:
        super().__init__()
        self.urls: list[tuple[str, str]] = []

    def run(self, root: Element) -> None:
        for element, key, url in _addresses(root):
            element.set(key, f"{_OPEN}{len(self.urls)}{_CLOSE}")
            self.urls.append((element.tag, url))


def _addresses(root: Element) -> list[tuple[Element, str, str]]:
    found = []
    for element in root.iter():
        key = {"a": "href", "img": "src"}.get(element.tag)
        url = element.get(key) if key else None
        if key and url is not None and AMP_SUBSTITUTE not in url:  # excludes mail addresses, which are not rewritten
            found.append((element, key, url))
    return found


def _name(value: Any) -> str:
    module = getattr(value, "__module__", "")
    if callable(value) and module.split(".")[0] in ("material", "pymdownx"):
        return f"{module}.{value.__qualname__}"
    raise TypeError
