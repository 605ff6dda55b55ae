"""What the plugin calls at each step of a build."""

from __future__ import annotations

import functools
import logging
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment
from material.plugins.blog import plugin as blog
from material.plugins.blog import structure
from material.plugins.search import plugin as search
from mkdocs import utils
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.pages import Page

from mlblog.files.remembered import Remembered
from mlblog.integrations.speedup import hosts
from mlblog.integrations.speedup.conversion import Conversions, get_ready, settings
from mlblog.integrations.speedup.derived import Posts, reading_time, search_entries
from mlblog.integrations.speedup.excerpt import Excerpt
from mlblog.integrations.speedup.page import render_page
from mlblog.integrations.speedup.rendering import remember
from mlblog.integrations.speedup.templates import compile_all, keep_compiled
from mlblog.integrations.speedup.written import Written

log = logging.getLogger("mkdocs.plugins.mlblog")


class Speedup:
    """Caches between builds, and the parts of the hosts that are replaced during a build."""

    def __init__(self, work: Path, *, is_serving: bool) -> None:
        """Keep values below the folder `work`; in live preview, also rendered pages and written files in memory."""
        self._is_serving, self._templates = is_serving, work / "templates"
        self._conversions, self._derived = Conversions(work / "html"), Remembered(work / "derived.json")
        self._rendered, self._written = Remembered(), Written()
        self._originals: list[tuple[Any, str, Any]] = []
        self._leaves_files = False

    def warm_up(self, config: MkDocsConfig) -> None:
        """Do what every build needs, while there is time."""
        get_ready(config.markdown_extensions, config.mdx_configs)
        compile_all(config.theme.get_env(), self._templates)

    def begin(self, config: MkDocsConfig) -> None:
        """Replace parts of the hosts for a build."""
        if not self._originals:
            self._convert_once(config)
            self._read_once()
            if self._is_serving:
                self._leave_files(config)

    def _convert_once(self, config: MkDocsConfig) -> None:
        if not hosts.are_known(hosts.CONVERTERS):
            return
        patched = structure._patch(config)
        of_pages = settings(config.markdown_extensions, config.mdx_configs)
        of_excerpts = settings(patched.markdown_extensions, patched.mdx_configs)
        if of_pages is None or of_excerpts is None:
            log.info("mlblog: conversions are not cached, because of an unknown Markdown extension")
            return
        self._replace(Page, "render", functools.partialmethod(render_page, self._conversions, of_pages, Page.render))
        self._replace(blog, "Excerpt", functools.partial(Excerpt, self._conversions, of_excerpts, patched))

    def _read_once(self) -> None:
        if not hosts.are_known(hosts.READERS):
            return
        self._replace(blog, "readtime", functools.partial(reading_time, self._derived, blog.readtime))
        fast = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        if yaml.SafeLoader.yaml_constructors == fast.yaml_constructors:
            self._replace(structure, "SafeLoader", fast)
        if search.jieba is None:  # jieba segments with its own dictionaries
            index = search.SearchIndex
            entries = functools.partialmethod(search_entries, self._derived, index.add_entry_from_context)
            self._replace(index, "add_entry_from_context", entries)

    def _leave_files(self, config: MkDocsConfig) -> None:
        """Write only changed files, if all plugins are known to write theirs every time."""
        if all(f"{type(plugin).__module__}.".startswith(hosts.WRITERS) for plugin in config.plugins.values()):
            self._replace(utils, "clean_directory", self._written.begin)
            self._replace(utils, "write_file", functools.partial(self._written.write, utils.write_file))
            self._replace(utils, "copy_file", functools.partial(self._written.copy, utils.copy_file))
            self._leaves_files = True

    def _replace(self, place: Any, name: str, new: Any) -> None:
        self._originals.append((place, name, getattr(place, name)))
        setattr(place, name, new)

    def find_posts(self, config: MkDocsConfig) -> None:
        """Give Material's blog a fast membership test for posts, which it needs twice per page."""
        for plugin in config.plugins.values():
            if isinstance(plugin, blog.BlogPlugin) and plugin.config.enabled:
                plugin.blog.posts = Posts(plugin.blog.posts)

    def render_with(self, env: Environment, config: MkDocsConfig) -> None:
        """Keep compiled templates and, in live preview, rendered pages."""
        keep_compiled(env, self._templates)
        if self._is_serving:
            remember(env, config, self._rendered)

    def end(self, *, is_whole: bool) -> None:
        """Put the hosts back; after a complete build, drop what it did not use."""
        if is_whole:
            self._rendered.end_build()
        if is_whole and self._originals:  # otherwise nothing was asked for
            self._conversions.end_build()
            self._derived.end_build()
        if is_whole and self._leaves_files:
            self._written.end()
        self._leaves_files = False
        for place, name, original in reversed(self._originals):
            setattr(place, name, original)
        self._originals.clear()
        if not self._is_serving:
            self.save()

    def save(self) -> None:
        """Write to disk what is only in memory."""
        self._derived.save()
