"""MkDocs plugin: update the records, compile the posts, hand the pages to MkDocs and its blog plugin."""

from __future__ import annotations

import functools
import logging
import os
import threading
import time
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, CombinedEvent, event_priority
from mkdocs.structure.files import File, Files, file_sort_key
from mkdocs.structure.pages import Page
from mkdocs.utils import get_relative_url

from mlblog import design
from mlblog.errors import MlblogError, ProjectError, StillRuns, Superseded
from mlblog.integrations.authors import keep_here
from mlblog.integrations.build_lock import BuildLock
from mlblog.integrations.categories import with_known_terms
from mlblog.integrations.drawings import Drawings
from mlblog.integrations.elsewhere import elsewhere
from mlblog.integrations.joined import join_assets
from mlblog.integrations.neighbours import dated_by_source, without_macros
from mlblog.integrations.notebooks import as_page, is_notebook, publish_notebooks
from mlblog.integrations.options import PluginConfig
from mlblog.integrations.preview import Keyboard, Preview, survive
from mlblog.integrations.records import EXPERIMENTS, Refresh
from mlblog.integrations.speedup.build import Speedup
from mlblog.integrations.twins import Twins
from mlblog.lab import Project
from mlblog.press import Compiled, Server
from mlblog.press.configuration import EXTENSIONS
from mlblog.press.page.sounds import with_players
from mlblog.site import compile_site
from mlblog.site.feeds import add_pictures, dates

log = logging.getLogger("mkdocs.plugins.mlblog")


class MlblogPlugin(BasePlugin[PluginConfig]):  # type: ignore[no-untyped-call]
    """Must come before Material's `blog` in `plugins:`."""

    def __init__(self) -> None:
        self._serving = False
        self._server: Server | None = None
        self._speedup: Speedup | None = None
        self._compiled: Compiled | None = None
        self._failed: list[MlblogError] = []
        self._drawings: Drawings | None = None
        self._lock: BuildLock | None = None
        self._preview = Preview()
        self._keyboard: Keyboard | None = None
        self._broken: MlblogError | None = None  # why the last compilation failed, in live preview

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether the command is `serve` or `build`."""
        self._serving = command == "serve"
        if self._serving and threading.current_thread() is threading.main_thread():
            self._keyboard = Keyboard(lambda: self._server is not None and self._server.interrupt())

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Find the project; enable the Markdown extensions of compiled pages."""
        try:
            start = Path(config.config_file_path).parent if config.config_file_path else None
            self._project = Project.find(start)
        except ProjectError as error:
            raise PluginError(f"mlblog: {error}") from error
        self._drawings = self._drawings or Drawings(self._project)
        if not self.config.speedup:
            self._speedup = None
        elif self._speedup is None:
            self._speedup = Speedup(self._project.work, is_serving=self._serving)
        config.markdown_extensions += [name for name in EXTENSIONS if name not in config.markdown_extensions]
        if (language := str(config.theme.get("language", "en"))) != "en":
            log.info("mlblog: language %s: labels of figures and generated pages are in English", language)
        if self.config.design:
            design.put_into(config)
            self._drawings.diagrams.put_into(config)
        publish_notebooks(config, self._project)
        return config

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        """Update records, then compile."""
        if (asked := os.environ.get("MLBLOG_EXPERIMENTS", self.config.experiments)) not in EXPERIMENTS:
            raise PluginError(f"MLBLOG_EXPERIMENTS={asked}: must be one of {', '.join(EXPERIMENTS)}")
        if self._server is None:
            self._server = Server(self._project, live=self._serving, previews=self._serving)
        self._twins = Twins()
        self._lock = self._lock or BuildLock(self._project.work)
        self._lock.take(lambda: log.info("mlblog: waiting for another build of this blog to finish"))
        self._broken = None
        try:
            with self._preview.old_pages():
                self._compiled = self._compile(self._server, asked, config)
        except Superseded:
            raise
        except MlblogError as error:
            if not self._serving:
                raise PluginError(f"mlblog: {error}") from error
            # live preview keeps the old pages until the error is fixed
            log.error("mlblog: %s", error)
            self._broken = error
            self._compiled = self._compiled or Compiled(self._project.work / "pages")
        assert self._drawings is not None
        try:
            self._drawings.begin(config)
        except MlblogError as error:
            raise PluginError(f"mlblog: {error}") from error
        if self._speedup is not None:
            self._speedup.begin(config)

    def _compile(self, server: Server, asked: str, config: MkDocsConfig) -> Compiled:
        start = time.perf_counter()
        refresh = Refresh(self._project, asked)
        if self._serving:
            for line in refresh.cost():
                log.info("mlblog: %s", line)
        self._failed = list(refresh.preview() if self._serving else refresh.run())

        meanwhile = functools.partial(self._speedup.warm_up, config) if self._speedup is not None else lambda: None
        compiled = compile_site(self._project, server=server, show_errors=self._serving, meanwhile=meanwhile)
        if blog := _blog(config):
            docs = Path(config.docs_dir)
            compiled = with_known_terms(compiled, blog.config, docs, self._project, show_errors=self._serving)
        if not self._serving:
            compiled = compiled.without_drafts()
        log.info("mlblog: %s in %.2f s", compiled.summary, time.perf_counter() - start)
        for name, why in compiled.stale.items():
            log.info("mlblog: the records of %s are stale: %s", name, "; ".join(why))
        for warning in compiled.warnings:
            log.warning("mlblog: %s", warning)
        for failure in (*self._failed, *compiled.errors):
            log.log(logging.INFO if isinstance(failure, StillRuns) else logging.ERROR, "mlblog: %s", failure)
        return compiled

    @event_priority(50)
    def _add_pages(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Add the pages as real files, as Material's blog plugin requires."""
        assert self._compiled is not None
        sources = {}
        for path in self._compiled.pages:
            file = File(path, str(self._compiled.folder), config.site_dir, config.use_directory_urls)
            post = self._compiled.posts.get(path)
            source = self._project.root / post.path if post else self._project.posts  # or generated from all posts
            file.edit_uri = os.path.relpath(source, config.docs_dir) if post else None
            sources[str(file.abs_src_path)] = source
            files.append(file)
        dated_by_source(config.plugins, sources)
        return Files(sorted(files, key=file_sort_key))  # in the order they would have in `docs`

    @event_priority(-40)  # after plugins that render notebooks, since ours are downloads; before the blog plugin
    def _add_beside(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Add the files beside the pages."""
        assert self._compiled is not None
        for path in (*self._compiled.files, *(self._compiled.engines if self.config.design else ())):
            files.append(File(path, str(self._compiled.folder), config.site_dir, config.use_directory_urls))
        return Files(sorted(files, key=file_sort_key))

    @event_priority(-100)  # after plugins that add style sheets and scripts of their own
    def _join(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Join style sheets and scripts; leave out the engine for networks if no page has one."""
        if self.config.design:
            design.drop_engine(files)
            join_assets(config, files)
        return files

    on_files = CombinedEvent(_add_pages, _add_beside, _join)

    @event_priority(50)  # before other plugins read it
    def _guard(self, markdown: str, *, page: Page, **_: Any) -> str:
        """Make other plugins treat compiled pages correctly."""
        assert self._compiled is not None
        if page.file.src_dir == str(self._compiled.folder):
            without_macros(page.meta)
        return markdown

    @event_priority(-100)  # after plugins that change it
    def _take(self, markdown: str, *, page: Page, files: Files, **_: Any) -> str:
        """Keep it for the page's twin."""
        if self.config.markdown:
            self._twins.take(page, markdown, files)
        return markdown

    on_page_markdown = CombinedEvent(_guard, _take)

    @event_priority(-100)  # after the blog has collected its posts and authors
    def on_nav(self, nav: Any, *, config: MkDocsConfig, **_: Any) -> Any:
        """Speed up the blog plugin, and keep the pictures of authors here."""
        if self.config.design and (blog := _blog(config)):
            for line in keep_here(getattr(blog, "authors", {})):
                log.info("mlblog: %s", line)
        if self._speedup is not None:
            self._speedup.find_posts(config)
        return nav

    @event_priority(-100)  # after other plugins have added their filters
    def on_env(self, env: Environment, *, config: MkDocsConfig, files: Files, **_: Any) -> Environment:
        """Leave Mermaid out where nothing needs it; cache compiled templates, and rendered pages in live preview."""
        assert self._drawings is not None
        self._drawings.diagrams.end_pages(files)
        if self._speedup is not None:
            self._speedup.render_with(env, config)
        return env

    @event_priority(50)  # before the feeds and the search index read it
    def _check(self, html: str, *, page: Page, config: MkDocsConfig, **_: Any) -> str:
        """Check formulas; give the feeds dates and descriptions; if compilation failed, say so on every page."""
        page.meta.update(dates(page.meta))
        assert self._drawings is not None
        assert self._compiled is not None
        if is_notebook(page.file):
            html = as_page(html, page.file, has_design=self.config.design)
            html += elsewhere(Path(str(page.file.abs_src_path)), self._project, config.repo_url or "")
        if (bad := self._drawings.check(html, page.file, page.meta, self._compiled)) and self._serving:
            told = "\n".join(map(str, bad))
            log.error("mlblog: %s", told)
            html = f'<div class="mlblog-error"><pre>{escape(told)}</pre></div>{html}'
        if self._broken is None:
            return html
        why = f"<p>Compilation failed; this is the last good version.</p><pre>{escape(str(self._broken))}</pre>"
        return f'<div class="mlblog-error">{why}</div>{html}'

    @event_priority(-100)  # after the reading time, before the search index
    def _draw(self, html: str, **_: Any) -> str:
        """Draw formulas; the design has their fonts."""
        assert self._drawings is not None
        return self._drawings.draw(html) if self.config.design else html

    on_page_content = CombinedEvent(_check, _draw)

    def on_post_page(self, output: str, *, page: Page, **_: Any) -> str:
        """Link the twin; show players; draw the formulas of lists of posts, and link their style sheet."""
        assert self._drawings is not None
        output = with_players(self._twins.link(output, page))
        return self._drawings.draw_page(output, get_relative_url(".", page.url)) if self.config.design else output

    @event_priority(-100)  # after the feeds are written
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """Fail the build if a post or experiment failed, after building everything else."""
        add_pictures(Path(config.site_dir), config.site_url or "/")
        if self.config.markdown:
            self._twins.write(config)
        self._end(is_whole=True)
        if self._serving or self._compiled is None:
            return
        assert self._drawings is not None
        left_out, failed, bad = self._compiled.errors, self._failed, self._drawings.errors
        if left_out or failed or bad:
            told = f"{len(left_out)} posts left out, {len(failed)} runs failed (their old records are kept)"
            told += f", {len(bad)} formulas or diagrams cannot be drawn" if bad else ""
            raise PluginError(told + "".join(f"\n  {error}" for error in (*left_out, *failed, *bad)))

    def on_build_error(self, *, error: Exception) -> None:
        """Restore the host."""
        self._end(is_whole=False)

    def _end(self, *, is_whole: bool) -> None:
        if self._lock is not None:
            self._lock.release()
        if self._drawings is not None and is_whole:
            self._drawings.end()
        if self._speedup is not None:
            self._speedup.end(is_whole=is_whole)

    def on_serve(self, server: LiveReloadServer, *, config: MkDocsConfig, builder: Any) -> LiveReloadServer:
        """Watch the sources of pages, but not compiled pages: writing them would trigger endless builds."""
        folders = [self._project.posts, self._project.results]
        folders += [self._project.root / name.replace(".", "/") for name in self._project.packages]
        for folder in folders:
            if folder.is_dir():
                server.watch(str(folder))
        server.builder = functools.partial(survive, server.builder)
        self._preview = Preview(server)
        if self._server is not None:
            runs = self._server.runs
            runs.is_superseded, runs.ask_again = self._preview.is_superseded, self._preview.ask_again
            runs.leave()  # runs that the first build did not wait for
        return server

    def on_shutdown(self) -> None:
        """Stop the kernel process."""
        if self._serving and self._speedup is not None:
            self._speedup.save()
        if self._server is not None:
            self._server.close()
        if self._keyboard is not None:
            self._keyboard.release()


def _blog(config: MkDocsConfig) -> Any:
    """Material's blog plugin; None without it."""
    return config.plugins.get("material/blog") or config.plugins.get("blog")
