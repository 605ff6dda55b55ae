"""Speed up MkDocs and Material: cached conversions of pages and excerpts, search entries and reading times.

Patches last for one build, and apply only to known code: other versions of MkDocs or Material are left
alone, which gives the same pages more slowly.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import logging
from collections import UserString
from collections.abc import Callable
from copy import copy
from typing import Any

import yaml
from markdown import Markdown  # type: ignore[import-untyped]
from material.plugins.blog import plugin as blog
from material.plugins.blog import structure
from material.plugins.blog.readtime.parser import ReadtimeParser
from material.plugins.blog.structure.markdown import ExcerptTreeprocessor
from material.plugins.search import plugin as search
from mkdocs import utils
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import pages
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc
from mkdocs.utils import get_relative_url

from mlblog.integrations.conversion import Conversions, Converted, convert, settings
from mlblog.integrations.derived import Posts, reading_time, search_entries
from mlblog.integrations.excerpts import cut, shares_ids
from mlblog.integrations.remembered import Remembered
from mlblog.integrations.written import Written

log = logging.getLogger("mkdocs.plugins.mlblog")

#: Fingerprints of code that is replaced or relied on, for MkDocs 1.6.1 and Material 9.8.1.
_KNOWN = {
    Page.render: "e59e40bbf73585f6",
    pages._RelativePathTreeprocessor: "3192a9b2c2fecaf5",
    structure.Excerpt: "78997efd7b299c0b",
    structure._patch: "30b2d4c5eaa286b2",
    ExcerptTreeprocessor: "6ff14b5cfff74ebb",
}
#: Plugins that write all their files on every build.
_WRITERS = (
    "material.plugins.blog.", "material.plugins.meta.", "material.plugins.search.", "material.plugins.tags.",
    "mkdocs_glightbox.", "mkdocs_jupyter.", "mkdocs_redirects.", "mkdocs_rss_plugin.", "mlblog.",
)  # fmt: skip
#: The same for readers of converted pages: the search index and reading time.
_KNOWN_READERS = {
    search.SearchIndex: "c7cb0c2940cfcac5",
    search.Parser: "d0dcff873cced619",
    search.Element: "eb46aab43ad4649e",
    search.Section: "0ee851329ab3ac87",
    blog.readtime: "0af490af32c92f6e",
    ReadtimeParser: "fe64b530c377f182",
}


class Faster:
    """Caches the results of unchanged pages between builds, in memory and on disk."""

    def __init__(self, conversions: Conversions, derived: Remembered) -> None:
        self._conversions, self._derived = conversions, derived
        self._originals: list[tuple[Any, str, Any]] = []
        self._written: Written | None = None

    def begin(self, config: MkDocsConfig) -> None:
        """Install the patches for a build."""
        if not self._originals:
            self._convert_once(config)
            self._read_once()

    def _convert_once(self, config: MkDocsConfig) -> None:
        if _unknown(_KNOWN):
            return
        patched = structure._patch(config)
        of_pages = settings(config.markdown_extensions, config.mdx_configs)
        of_excerpts = settings(patched.markdown_extensions, patched.mdx_configs)
        if of_pages is None or of_excerpts is None:
            log.info("mlblog: conversions are not cached, because of an unknown Markdown extension")
            return
        self._replace(Page, "render", functools.partialmethod(_render_page, self._conversions, of_pages, Page.render))
        self._replace(blog, "Excerpt", functools.partial(_Excerpt, self._conversions, of_excerpts, patched))

    def _read_once(self) -> None:
        if _unknown(_KNOWN_READERS):
            return
        self._replace(blog, "readtime", functools.partial(reading_time, self._derived, blog.readtime))
        if (
            yaml.SafeLoader.yaml_constructors
            == (fast := getattr(yaml, "CSafeLoader", yaml.SafeLoader)).yaml_constructors
        ):
            self._replace(structure, "SafeLoader", fast)
        if search.jieba is None:  # jieba segments with its own dictionaries
            index = search.SearchIndex
            usual = index.add_entry_from_context
            self._replace(
                index, "add_entry_from_context", functools.partialmethod(search_entries, self._derived, usual)
            )

    def _replace(self, place: Any, name: str, new: Any) -> None:
        self._originals.append((place, name, getattr(place, name)))
        setattr(place, name, new)

    def leave_files(self, config: MkDocsConfig, written: Written) -> None:
        """Let a build write only changed files, if all its plugins are known to write theirs every time."""
        if all(f"{type(plugin).__module__}.".startswith(_WRITERS) for plugin in config.plugins.values()):
            self._replace(utils, "clean_directory", written.begin)
            self._replace(utils, "write_file", functools.partial(written.write, utils.write_file))
            self._replace(utils, "copy_file", functools.partial(written.copy, utils.copy_file))
            self._written = written

    def find_posts(self, config: MkDocsConfig) -> None:
        """Give Material's blog a fast membership test for posts, which it needs twice per page."""
        for plugin in config.plugins.values():
            if isinstance(plugin, blog.BlogPlugin) and plugin.config.enabled:
                plugin.blog.posts = Posts(plugin.blog.posts)

    def end(self, *, is_whole: bool) -> None:
        """Remove the patches; after a complete build, drop unused cache entries."""
        if is_whole and self._originals:
            self._conversions.end_build()
            self._derived.end_build()
            if self._written is not None:
                self._written.end()
        self._written = None
        for place, name, original in reversed(self._originals):
            setattr(place, name, original)
        self._originals.clear()

    def save(self) -> None:
        """Write the cache to disk."""
        self._derived.save()


def _unknown(known: dict[Any, str]) -> bool:
    unknown = [value.__qualname__ for value, digest in known.items() if fingerprint(value) != digest]
    if unknown:
        log.info("mlblog: page caching is off: unknown version of %s", ", ".join(unknown))
    return bool(unknown)


@functools.cache
def fingerprint(value: Any) -> str:
    """Digest of the source of a class or function, ignoring comments and empty lines."""
    lines = (line.rstrip() for line in inspect.getsource(value).splitlines())
    code = "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))
    return hashlib.blake2b(code.encode(), digest_size=8).hexdigest()


def _render_page(
    page: Page, conversions: Conversions, of_pages: str, original: Any, config: MkDocsConfig, files: Files
) -> None:
    """Cached version of `Page.render`."""
    if page.markdown is None:
        raise RuntimeError("`markdown` field hasn't been set (via `read_source`)")
    found = conversions.get(page.markdown, of_pages, lambda: _convert_page(page, config, files))
    if found is None:
        original(page, config, files)
        return
    relative = pages._RelativePathTreeprocessor(page.file, files, config)
    page.content = found.fill(lambda _, url: relative.path_to_url(url))
    page.toc = get_toc(found.toc)
    page._title_from_render = found.title
    page.present_anchor_ids = set(found.anchors)
    if pages.log.getEffectiveLevel() > logging.DEBUG:
        page.links_to_anchors = relative.links_to_anchors


def _convert_page(page: Page, config: MkDocsConfig, files: Files) -> Converted | None:
    md = Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs or {})
    raw, title = pages._RawHTMLPreprocessor(), pages._ExtractTitleTreeprocessor()
    anchors = pages._ExtractAnchorsTreeprocessor(page.file, files, config)
    for extension in (raw, anchors, title):
        extension._register(md)
    return convert(
        md, page.markdown or "", lambda: title.title, lambda: anchors.present_anchor_ids | raw.present_anchor_ids
    )


class _Excerpt(structure.Excerpt):  # type: ignore[misc]
    """The excerpt of a post, converted once for all lists, without the text below it."""

    def __init__(
        self, conversions: Conversions, of_excerpts: str, patched: Any, post: Any, config: MkDocsConfig, files: Files
    ) -> None:
        self._conversions, self._settings, self._patched = conversions, of_excerpts, patched
        self._given = post, config, files
        self._usual: Any = None
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
        if separator not in self._found:
            self._found[separator] = self._converted(separator)
        found, is_cut = self._found[separator]
        if found is None:
            usual = self.as_usual(page, separator)
            self.content, self.more, self.toc = usual.content, usual.more, usual.toc
            return
        self.file.url = page.url
        content, *more = found.fill(self._resolver(page)).split(separator, 1)
        self.content, self.toc = content, get_toc(found.toc)
        if more:
            self.more = _Rest(self, page, separator) if is_cut else more[0]
        self.file.url = self.post.url

    def as_usual(self, page: Page, separator: str) -> Any:
        """Render Material's own excerpt."""
        self._usual = self._usual or structure.Excerpt(*self._given)
        self._usual.render(page, separator)
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


class _Rest(UserString):
    """The HTML below the cut; templates test whether it is empty, and rarely show it."""

    def __init__(self, excerpt: _Excerpt, page: Page, separator: str) -> None:
        self._of = excerpt, page, separator

    def __bool__(self) -> bool:
        return True

    @property
    def data(self) -> str:  # type: ignore[override]
        """The text."""
        excerpt, page, separator = self._of
        return str(excerpt.as_usual(page, separator).more or "")
