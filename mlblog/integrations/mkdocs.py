"""MkDocs: bring the records up to date, compile the posts, hand the pages to MkDocs and its blog plugin."""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Callable
from html import escape
from pathlib import Path
from typing import Any

from filelock import BaseFileLock, FileLock, Timeout
from jinja2 import Environment
from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.livereload import LiveReloadServer
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files, file_sort_key

from mlblog.errors import MlblogError, ProjectError
from mlblog.integrations.categories import with_allowed_categories
from mlblog.integrations.conversion import Conversions, get_ready
from mlblog.integrations.material import Faster
from mlblog.integrations.records import EXPERIMENTS, Refresh
from mlblog.integrations.templates import compile_all, keep_compiled
from mlblog.lab import Project
from mlblog.lab.records.stores import PREVIEW
from mlblog.press import Compiled, Server
from mlblog.press.export import EXTENSIONS
from mlblog.site import compile_site
from mlblog.site.feeds import add_pictures

log = logging.getLogger("mkdocs.plugins.mlblog")


class PluginConfig(Config):  # type: ignore[no-untyped-call]  # MkDocs has partial types
    """Options of the plugin in `mkdocs.yml`."""

    #: Which runs a build makes: `auto` full scale where a GPU is, `always` also small on a CPU, `never` none.
    experiments = config_options.Choice(EXPERIMENTS, default="auto")


def _survive(build: Callable[[], None]) -> None:
    """Build; if that fails as a whole, say so and leave the pages that are there.

    After an exception MkDocs answers no request until a build succeeds, and a browser waits without an end.
    """
    try:
        build()
    except SystemExit as error:  # MkDocs has said why
        log.error("mlblog: the pages stay as they were: %s", error)
    except Exception:
        log.exception("mlblog: the pages stay as they were")


class MlblogPlugin(BasePlugin[PluginConfig]):  # type: ignore[no-untyped-call]
    """Stands before Material's `blog` in `plugins:`."""

    def __init__(self) -> None:
        self._serving = False
        self._server: Server | None = None
        self._faster: Faster | None = None
        self._compiled: Compiled | None = None
        self._failed: list[MlblogError] = []
        self._lock: BaseFileLock | None = None
        self._broken: MlblogError | None = None  # why nothing could be compiled, while pages are served

    def on_startup(self, *, command: str, dirty: bool) -> None:
        """Note whether pages are served or built."""
        self._serving = command == "serve"

    def on_config(self, config: MkDocsConfig) -> MkDocsConfig:
        """Find the project; enable what compiled pages are written in."""
        try:
            start = Path(config.config_file_path).parent if config.config_file_path else None
            self._project = Project.find(start)
        except ProjectError as error:
            raise PluginError(f"mlblog: {error}") from error
        config.markdown_extensions += [name for name in EXTENSIONS if name not in config.markdown_extensions]
        return config

    def on_pre_build(self, *, config: MkDocsConfig) -> None:
        """Bring records up to date, then compile."""
        asked = os.environ.get("MLBLOG_EXPERIMENTS", self.config.experiments)
        if asked not in EXPERIMENTS:
            raise PluginError(f"MLBLOG_EXPERIMENTS={asked}: must be one of {', '.join(EXPERIMENTS)}")
        if self._server is None:
            self._server = Server(self._project, live=self._serving)
        self._wait_for_others()
        self._broken = None
        try:
            self._compiled = self._compile(self._server, asked, config)
        except MlblogError as error:
            if not self._serving:
                raise PluginError(f"mlblog: {error}") from error
            # whoever serves has nothing to gain from ending: the pages stay as they were until this is mended
            log.error("mlblog: %s", error)
            self._broken = error
            self._compiled = self._compiled or Compiled(self._project.work / "pages")
        self._faster = self._faster or Faster(Conversions(self._project.work / "html"))
        self._faster.begin(config)

    def _wait_for_others(self) -> None:
        """Have the compiled pages to ourselves until this build ends: previews and errors are no pages of a build."""
        if self._lock is None:
            self._project.work.mkdir(parents=True, exist_ok=True)
            self._lock = FileLock(self._project.work / "build.lock")
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            log.info("mlblog: waits for another build of this blog to end")
            self._lock.acquire()

    def _compile(self, server: Server, asked: str, config: MkDocsConfig) -> Compiled:
        start = time.perf_counter()
        refresh = Refresh(self._project, asked)
        if self._serving:
            os.environ[PREVIEW] = "1"
            for line in refresh.cost():
                log.info("mlblog: %s", line)
        self._failed = list(refresh.preview() if self._serving else refresh.run())

        def ready() -> None:
            get_ready(config.markdown_extensions, config.mdx_configs)
            compile_all(config.theme.get_env(), self._project.work / "templates")

        compiled = compile_site(self._project, server=server, show_errors=self._serving, meanwhile=ready)
        blog = config.plugins.get("material/blog") or config.plugins.get("blog")
        allowed = blog.config.get("categories_allowed") if blog else None
        compiled = with_allowed_categories(compiled, allowed or (), self._project, show_errors=self._serving)
        if not self._serving:
            compiled = compiled.without_drafts()
        log.info("mlblog: %s in %.2f s", compiled.summary, time.perf_counter() - start)
        for name, why in compiled.stale.items():
            log.info("mlblog: the records of %s are stale: %s", name, "; ".join(why))
        for warning in compiled.warnings:
            log.warning("mlblog: %s", warning)
        for failure in (*self._failed, *compiled.errors):
            log.error("mlblog: %s", failure)
        return compiled

    @event_priority(50)
    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        """Add the pages and what stands beside them, as real files: Material's blog plugin takes no others."""
        assert self._compiled is not None
        for path in (*self._compiled.pages, *self._compiled.files):
            files.append(File(path, str(self._compiled.folder), config.site_dir, config.use_directory_urls))
        return Files(sorted(files, key=file_sort_key))  # where they would be if they lay in `docs`

    @event_priority(-100)  # after others have added their filters
    def on_env(self, env: Environment, **_: Any) -> Environment:
        """Keep compiled templates for the next build."""
        keep_compiled(env, self._project.work / "templates")
        return env

    def on_page_content(self, html: str, **_: Any) -> str:
        """Say on every page why it is as it was, if nothing could be compiled."""
        if self._broken is None:
            return html
        why = f"<p>Nothing was compiled; this page is as it was.</p><pre>{escape(str(self._broken))}</pre>"
        return f'<div class="mlblog-error">{why}</div>{html}'

    @event_priority(-100)  # after the feeds are written
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        """End a build in which a post or an experiment failed, now that everything else is built."""
        add_pictures(Path(config.site_dir), config.site_url or "/")
        self._end(is_whole=True)
        if self._serving or self._compiled is None:
            return
        left_out, failed = self._compiled.errors, self._failed
        if left_out or failed:
            told = f"{len(left_out)} posts were left out, {len(failed)} runs failed and left their last records"
            raise PluginError(told + "".join(f"\n  {error}" for error in (*left_out, *failed)))

    def on_build_error(self, *, error: Exception) -> None:
        """Leave the host as it was."""
        self._end(is_whole=False)

    def _end(self, *, is_whole: bool) -> None:
        if self._lock is not None:
            self._lock.release()
        if self._faster is not None:
            self._faster.end(is_whole=is_whole)

    def on_serve(self, server: LiveReloadServer, *, config: MkDocsConfig, builder: Any) -> LiveReloadServer:
        """Watch what pages are made of. Compiled pages are not watched: writing them would build for ever."""
        folders = [self._project.posts, self._project.results]
        folders += [self._project.root / name.replace(".", "/") for name in self._project.packages]
        for folder in folders:
            if folder.is_dir():
                server.watch(str(folder))
        server.builder = functools.partial(_survive, server.builder)
        return server

    def on_shutdown(self) -> None:
        """End the process that cells run in."""
        if self._server is not None:
            self._server.close()
