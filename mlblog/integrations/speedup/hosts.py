"""The hosts as they were read: MkDocs 1.6.1 and Material 9.8.1, by digests of their code.

To go on to another version, read what has changed in each, run the tests, and write its digest here.
"""

from __future__ import annotations

import functools
import hashlib
import inspect
import logging
from typing import Any

from material.plugins.blog import plugin as blog
from material.plugins.blog import structure
from material.plugins.blog.readtime.parser import ReadtimeParser
from material.plugins.blog.structure.markdown import ExcerptTreeprocessor
from material.plugins.search import plugin as search
from mkdocs.structure import pages
from mkdocs.structure.pages import Page

log = logging.getLogger("mkdocs.plugins.mlblog")

#: What converts the Markdown of pages and excerpts.
CONVERTERS = {
    Page.render: "e59e40bbf73585f6",
    pages._RelativePathTreeprocessor: "3192a9b2c2fecaf5",
    structure.Excerpt: "78997efd7b299c0b",
    structure._patch: "30b2d4c5eaa286b2",
    ExcerptTreeprocessor: "6ff14b5cfff74ebb",
}
#: What reads converted pages: the search index and reading time.
READERS = {
    search.SearchIndex: "c7cb0c2940cfcac5",
    search.Parser: "d0dcff873cced619",
    search.Element: "eb46aab43ad4649e",
    search.Section: "0ee851329ab3ac87",
    blog.readtime: "0af490af32c92f6e",
    ReadtimeParser: "fe64b530c377f182",
}
#: All templates of Material and MkDocs, whose inputs were reviewed.
TEMPLATES = "c241bd8b46f4085211a5ee8599fc410d"
#: Plugins whose handlers change only the page and context they are given.
HANDLERS = (
    "material.plugins.",
    "mkdocs.contrib.",
    "mkdocs_glightbox.",
    "mkdocs_jupyter.",
    "mkdocs_rss_plugin.",
    "mlblog.",
)
#: Plugins that write all their files on every build.
WRITERS = (
    "material.plugins.blog.", "material.plugins.meta.", "material.plugins.search.", "material.plugins.tags.",
    "mkdocs_glightbox.", "mkdocs_jupyter.", "mkdocs_redirects.", "mkdocs_rss_plugin.", "mlblog.",
)  # fmt: skip


def are_known(parts: dict[Any, str]) -> bool:
    """Whether all of these parts are as they were read."""
    unknown = [value.__qualname__ for value, digest in parts.items() if fingerprint(value) != digest]
    if unknown:
        log.info("mlblog: page caching is off: unknown version of %s", ", ".join(unknown))
    return not unknown


@functools.cache
def fingerprint(value: Any) -> str:
    """Digest of the source of a class or function, ignoring comments and empty lines."""
    lines = (line.rstrip() for line in inspect.getsource(value).splitlines())
    code = "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))
    return hashlib.blake2b(code.encode(), digest_size=8).hexdigest()
