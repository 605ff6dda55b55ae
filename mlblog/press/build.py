"""Build pages from posts: keep unchanged pages, and read, run (if outputs are missing) and render the rest."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from mlblog.errors import PostError
from mlblog.lab import Lab, Read
from mlblog.press.cache.outputs import OutputCache
from mlblog.press.cache.pages import PageCache
from mlblog.press.execution import Execution, executed
from mlblog.press.kernel.basis import Basis
from mlblog.press.kernel.output import Outputs
from mlblog.press.page.context import Context
from mlblog.press.page.provenance import Evidence, evidence
from mlblog.press.page.published import Published
from mlblog.press.page.render import render_post
from mlblog.press.page.site_context import SiteContext
from mlblog.press.runner.execute import Server
from mlblog.press.source.document import Post
from mlblog.press.source.parse import parse_post
from mlblog.press.source.pictures import with_pictures
from mlblog.press.stages import Executed, Failed, Parsed, Rendered, Result, Stage, Unchanged


class Press:
    """Builds the pages of one compilation.

    Attributes:
        lab: the records that pages show.
        pages: the pages of the last compilation.
        basis: the current state of what outputs depend on.
    """

    def __init__(self, lab: Lab, server: Server, pages: PageCache, basis: Basis, meanwhile: Callable[[], None]) -> None:
        """Build pages with the records of `lab`, running cells in `server`; call `meanwhile` once they run."""
        self.lab, self.pages, self.basis = lab, pages, basis
        self._server, self._outputs = server, OutputCache(lab.project, lab.store, basis)
        self._execution = Execution(lab, server, self._outputs, basis, meanwhile)
        self._addresses: dict[str, str] = {}
        self._published: list[Published] = []
        self._evidence: dict[str, Evidence] = {}
        self._repository = ""

    def all_pages(self, paths: Iterable[Path], fail_fast: bool) -> Iterator[Result]:
        """Yield each post's page, or the error that prevented it, in the order of `paths`.

        After a failure with `fail_fast`, posts that have not begun to run are left out.
        """
        read = [self._with_cached_outputs(self._read(path)) for path in paths]
        self._server.runs.keep_only(post.post.path for post in read if isinstance(post, Parsed))
        posts = self._execution.run(read, fail_fast)
        published = [post.published for post in posts if not isinstance(post, Failed)]
        around = SiteContext.of(self.lab.project, published)
        self._repository = around.origin.repository if around.origin else ""
        renewed = [self._with_cached_outputs(self._renewed(post, around)) for post in posts]
        for post in self._execution.run(renewed, fail_fast):
            result = self._render(post, around) if isinstance(post, Executed) else post
            if not isinstance(result, Failed):
                self._published.append(result.published)
            yield result

    def context(self) -> Context:
        """Input of the pages that cover all posts."""
        shown = tuple(post for post in self._published if not post.is_draft)  # a build publishes no drafts
        return Context(self.lab, shown, self.evidence_of, self._repository)

    def evidence_of(self, read: Read) -> Evidence:
        """The records behind a read, cached because several cells share them."""
        key = json.dumps(read.to_json(), sort_keys=True)
        if key not in self._evidence:
            self._evidence[key] = evidence(read, self.lab)
        return self._evidence[key]

    def stale_behind(self, outputs: Outputs) -> dict[str, tuple[str, ...]]:
        """Reasons for staleness in words, as pages are kept with them, by experiment behind these outputs."""
        reads = [Read.from_json(read) for ran in outputs.ran for read in ran.reads]
        return {read.experiment: tuple(map(str, why)) for read in reads if (why := self.evidence_of(read).reasons)}

    def _read(self, path: Path) -> Unchanged | Parsed | Failed:
        """Read a post, and parse it unless its page is still valid."""
        try:
            text = path.read_bytes()
            if cached := self.pages.find(self.lab.project.relative(path), text):
                self._take_address(cached.published.post)
                return Unchanged(path, text, cached)
            parsed = self._parse(path, text)
            self._take_address(parsed.post)
            return parsed
        except Exception as error:
            return Failed.of(error, path, self.lab.project)

    def _parse(self, path: Path, text: bytes) -> Parsed:
        project = self.lab.project
        return Parsed(path, text, with_pictures(parse_post(text, project.relative(path)), project))

    def _take_address(self, post: Post) -> None:
        # some file systems, those of macOS among them, take names in other letter case for the same
        if (other := self._addresses.setdefault(post.page.casefold(), post.path)) != post.path:
            raise PostError(post.path, 1, f"has the same address as {other}; rename it or set `slug:`")

    def _with_cached_outputs(self, post: Stage) -> Stage:
        """Look for the outputs of a post that was parsed; start the kernel process if they are incomplete."""
        if not isinstance(post, Parsed):
            return post
        try:
            valid = self._outputs.get(post.post, self.lab.code)
            if len(valid) == len(post.post.units):
                return executed(post, Outputs(valid), self.lab.code, ran=False)
            self._server.begin()
            return dataclasses.replace(post, stale_from=len(valid))
        except Exception as error:
            return Failed.of(error, post.path, self.lab.project, post)

    def _renewed(self, post: Stage, around: SiteContext) -> Stage:
        """A post as before, but parsed if its page is outdated because it shows another state of the site."""
        if not isinstance(post, Unchanged) or around.digest_for(post.published.post) == post.cached.around:
            return post
        try:
            return self._parse(post.path, post.text)
        except Exception as error:  # a picture may have been removed meanwhile
            return Failed.of(error, post.path, self.lab.project)

    def _render(self, post: Executed, around: SiteContext) -> Rendered | Failed:
        try:
            page = render_post(post.post, post.outputs, self.evidence_of, around)
            return Rendered(post, page, around.digest_for(post.post))
        except Exception as error:
            return Failed.of(error, post.path, self.lab.project, post)
