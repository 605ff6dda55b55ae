"""The page of a build whose Markdown was converted before."""

from __future__ import annotations

import logging
from typing import Any

from markdown import Markdown  # type: ignore[import-untyped]
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure import pages
from mkdocs.structure.files import Files
from mkdocs.structure.pages import Page
from mkdocs.structure.toc import get_toc

from mlblog.integrations.speedup.conversion import Conversions, Converted, convert


def render_page(
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
