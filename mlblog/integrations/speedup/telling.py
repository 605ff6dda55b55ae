"""Template input as JSON: pages with equal input are rendered the same.

It contains everything about the page itself, and everything but the text of other pages.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Mapping
from datetime import date, time, tzinfo
from enum import Enum
from pathlib import Path
from typing import Any

from mlblog.files.canonical import digest

_SIMPLE = (str, int, float, bool, type(None))
#: Attributes with the text of a page or derived from it.
_TEXT = ("markdown", "content", "toc")
#: Handled elsewhere or never shown: the build date is constant for a day, and `active` follows from the page.
_APART = (
    "active", "children", "excerpt", "file", "links_to_anchors", "next_page", "pages", "parent", "post", "posts",
    "present_anchor_ids", "previous_page", "update_date", "views",
    "_Page__active", "_Section__active",
)  # fmt: skip


class Unknown(Exception):
    """A value whose rendering is unknown."""


class Teller:
    """Serialises template input for one build; other pages are serialised once."""

    def __init__(self) -> None:
        self._others: dict[int, str] = {}
        self._kinds: dict[type, Callable[[Any], Any] | None] = {}
        self._tellers: dict[str, Callable[[Any], Any]] = {
            "mkdocs.structure.StructureItem": self._other,
            "mkdocs.structure.toc.TableOfContents": lambda toc: self.tell(list(toc)),
            "mkdocs.structure.toc.AnchorLink": self._object,
            "mkdocs.theme.Theme": lambda theme: [theme.name, self.tell([dict(theme), theme.dirs])],
            "babel.core.Locale": str,
            "mkdocs.plugins.PluginCollection": self._plugins,
            "material.plugins.tags.structure.tag.Tag": self._object,
        }

    def tell(self, value: Any) -> Any:
        """Return a value as JSON.

        Raises:
            Unknown: its type is not supported.
        """
        if type(value) in _SIMPLE:
            return value
        if tells := self._of_kind(type(value)):
            return tells(value)
        if isinstance(value, (str, int, Path, date, time, tzinfo, Enum)):  # includes markup, flags and YAML types
            return [type(value).__name__, str(value)]
        if isinstance(value, (list, tuple)):
            return [type(value).__name__, *map(self.tell, value)]
        if isinstance(value, (set, frozenset)):
            return ["set", *sorted(json.dumps(self.tell(one)) for one in value)]
        if isinstance(value, Mapping):
            return [type(value).__name__, *([self.tell(key), self.tell(one)] for key, one in value.items())]
        if isinstance(value, functools.partial):
            return ["partial", self.tell([value.func, value.args, value.keywords])]
        if callable(value) and "<" not in getattr(value, "__qualname__", "<"):  # neither a closure nor a lambda
            return ["function", value.__module__, value.__qualname__]
        raise Unknown(f"{type(value).__module__}.{type(value).__qualname__}")

    def page(self, page: Any) -> Any:
        """The rendered page, with its text, neighbours and ancestors."""
        own = {name: value for name, value in vars(page).items() if name not in _APART}
        near = [page.previous_page, page.next_page, *page.ancestors]
        parts = [other.url for other in getattr(page, "pages", ())]  # of a list of posts
        return [self._placed(page), self.tell(own), self.tell(near), parts, len(getattr(page, "posts", ()))]

    def navigation(self, nav: Any) -> Any:
        """The whole navigation."""
        return [[self._branch(item) for item in nav.items], self.tell(nav.homepage), self.tell(list(nav.pages))]

    def excerpt(self, excerpt: Any) -> Any:
        """The excerpt of a post, including the rest of the post, which a template may show."""
        shown = [excerpt.content, excerpt.authors, excerpt.categories, excerpt.toc, excerpt.post]
        return [self.tell(shown), bool(excerpt.more), excerpt.url, excerpt.post.content]

    def _branch(self, item: Any) -> Any:
        return [self.tell(item), [self._branch(child) for child in item.children or ()]]

    def _other(self, item: Any) -> str:
        """A page, a section or a link, seen from elsewhere."""
        if id(item) not in self._others:
            own = {name: value for name, value in vars(item).items() if name not in (*_APART, *_TEXT)}
            told = json.dumps([type(item).__name__, self._placed(item), self.tell(own)])
            self._others[id(item)] = digest("item", told)
        return self._others[id(item)]

    def _placed(self, item: Any) -> Any:
        file = getattr(item, "file", None)
        place = [file.src_uri, file.dest_uri, file.inclusion.name] if file else []
        return [self.tell(item.title), getattr(item, "url", ""), getattr(item, "is_homepage", False), *place]

    def _object(self, value: Any) -> Any:
        return [type(value).__name__, self.tell(vars(value))]

    def _plugins(self, plugins: Any) -> Any:
        return [[name, self.tell(plugin.config)] for name, plugin in plugins.items()]

    def _of_kind(self, kind: type) -> Callable[[Any], Any] | None:
        if kind not in self._kinds:
            names = [f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__]
            self._kinds[kind] = next((self._tellers[name] for name in names if name in self._tellers), None)
        return self._kinds[kind]
