"""The excerpt of a post, converted once for all lists that show it.

Material numbers anchors of code lines, footnotes and tabs on from list to list. If an excerpt has any, Material's own
is made for each list.
"""

from __future__ import annotations

import re
from collections import UserString
from collections.abc import Callable
from copy import copy
from functools import cached_property
from typing import Any

from markdown import Markdown  # type: ignore[import-untyped]
from material.plugins.blog import structure
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import pages
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc
from mkdocs.utils import get_relative_url

from mlblog.integrations.speedup.conversion import Conversions, Converted, convert
from mlblog.integrations.speedup.cut import cut, shares_ids

_NUMBERED = re.compile(r'__tabbed_|fnref|\bid="[^"]*-\d+-\d+"')


class Excerpt(structure.Excerpt):  # type: ignore[misc]
    """The excerpt of a post, converted once for all lists, without the text below it."""

    def __init__(
        self, conversions: Conversions, of_excerpts: str, patched: Any, post: Any, config: MkDocsConfig, files: Files
    ) -> None:
        self._conversions, self._settings, self._patched = conversions, of_excerpts, patched
        self._given = post, config, files
        self._usual: Any = None
        self._shown_on: list[Page] = []  # the lists, in order
        self._usual_on = 0  # how many of them Material's own excerpt was made for
        self._found: dict[str, tuple[Converted | None, bool]] = {}  # by separator
        # like Material's own, except that it does not create a parser
        self.file, self.post = copy(post.file), post
        self._set_canonical_url(config.site_url)
        self.config, self.meta = post.config, post.meta
        self.authors: list[Any] = []
        self.categories: list[Any] = []
        self.more: Any = None

    def render(self, page: Page, separator: str) -> None:
        """Set `content`, `more` and `toc` for the list `page`."""
        self.markdown = self.post.markdown
        if not self.post._title_from_render:
            self.markdown = f"# {self.post.title}\n\n{self.markdown}"
        self._shown_on.append(page)
        if separator not in self._found:
            self._found[separator] = self._converted(separator)
        found, is_cut = self._found[separator]
        if found is None or _is_numbered(found, separator, is_cut=is_cut):
            usual = self.as_usual(len(self._shown_on), separator)
            self.content, self.more, self.toc = usual.content, usual.more, usual.toc
            return
        self.file.url = page.url
        content, *more = found.fill(self._resolver(page)).split(separator, 1)
        self.content, self.toc = content, get_toc(found.toc)
        if more:
            self.more = _Rest(self, len(self._shown_on), separator) if is_cut else more[0]
        self.file.url = self.post.url

    def as_usual(self, count: int, separator: str) -> Any:
        """Material's own excerpt as it is in the last of the first `count` lists."""
        self._usual = self._usual or structure.Excerpt(*self._given)
        while self._usual_on < count:
            self._usual.render(self._shown_on[self._usual_on], separator)
            self._usual_on += 1
        return self._usual

    def _resolver(self, page: Page) -> Callable[[str, str], str]:
        relative = pages._RelativePathTreeprocessor(self.file, self._given[2], self._patched)
        path, is_headline = get_relative_url(self.post.url, page.url), True

        def resolve(tag: str, url: str) -> str:
            nonlocal is_headline
            url = str(relative.path_to_url(url))
            if tag != "a" or not url.startswith("#"):
                return url
            url = path if is_headline else path + url
            is_headline = False
            return url

        return resolve

    def _converted(self, separator: str) -> tuple[Converted | None, bool]:
        """The conversion that contains the excerpt, and whether the text was cut before."""
        if less := cut(self.markdown, separator):
            found = self._conversions.get(less.text, self._settings, lambda: self._convert(less.text))
            if found and separator in found.html and not shares_ids(found.html, less.below):
                return found, True
        return self._conversions.get(self.markdown, self._settings, lambda: self._convert(self.markdown)), False

    def _convert(self, text: str) -> Converted | None:
        md = Markdown(extensions=self._patched.markdown_extensions, extension_configs=self._patched.mdx_configs)
        return convert(md, text, lambda: None, set)


def _is_numbered(found: Converted, separator: str, *, is_cut: bool) -> bool:
    """Whether an excerpt, or the rest of its post if that was not cut, has anchors that are numbered."""
    html = found.html.partition(separator)[0] if is_cut else found.html
    return _NUMBERED.search(html) is not None


class _Rest(UserString):
    """The HTML below the cut; templates test whether it is empty, and rarely show it."""

    def __init__(self, excerpt: Excerpt, count: int, separator: str) -> None:
        self._of = excerpt, count, separator

    def __bool__(self) -> bool:
        return True

    @cached_property
    def data(self) -> str:  # type: ignore[override]
        """The text."""
        excerpt, count, separator = self._of
        return str(excerpt.as_usual(count, separator).more or "")
