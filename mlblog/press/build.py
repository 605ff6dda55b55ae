"""Build pages from posts: keep unchanged pages, and read, run (if outputs are missing) and render the rest."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from mlblog.errors import CellError, MlblogError, PostError, StillRuns, Superseded
from mlblog.lab import Lab, Project, Read
from mlblog.lab.fingerprint.sources import Mark, mark_of
from mlblog.press.cache.outputs import OutputCache, keys, manifest, settled
from mlblog.press.cache.pages import CachedPage, PageCache
from mlblog.press.kernel.basis import Basis
from mlblog.press.kernel.output import Outputs
from mlblog.press.page.context import Context
from mlblog.press.page.provenance import Evidence, evidence
from mlblog.press.page.published import Published
from mlblog.press.page.render import Page, render_post
from mlblog.press.page.site_context import SiteContext
from mlblog.press.runner.execute import Server
from mlblog.press.runner.runs import PATIENCE, Run, Sources
from mlblog.press.source.document import Post
from mlblog.press.source.parse import parse_post
from mlblog.press.source.pictures import with_pictures


@dataclass
class Compiled:
    """What `compile_posts` did. Post paths are relative to the project root, page paths to `folder`."""

    folder: Path
    pages: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    cached: list[str] = field(default_factory=list)
    errors: list[MlblogError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)  # suggestions for authors, with file and line
    stale_from: dict[str, int] = field(default_factory=dict)  # first stale unit of each post that ran
    stale: dict[str, tuple[str, ...]] = field(default_factory=dict)  # experiment: what changed
    posts: dict[str, Post] = field(default_factory=dict)  # by page path; only path and front matter are kept

    def without_drafts(self) -> Compiled:
        """A copy without draft posts, their pages and the files beside them."""
        drafts = {page for page, post in self.posts.items() if post.meta.get("draft")}
        beside = tuple(f"{page.removesuffix('.md')}/" for page in drafts)
        return dataclasses.replace(
            self,
            pages=[page for page in self.pages if page not in drafts],
            files=[name for name in self.files if not name.startswith(beside)],
        )

    @property
    def summary(self) -> str:
        """A one-line summary."""
        failed = f", {len(self.errors)} failed" if self.errors else ""
        return f"{len(self.pages)} pages: {len(self.ran)} ran, {len(self.cached)} unchanged{failed}"


@dataclass(frozen=True)
class Made:
    """A newly built page, the post's outputs, and a digest of the site context it used."""

    page: Page
    outputs: Outputs
    around: str


class Press:
    """Builds the pages of one compilation.

    Attributes:
        posts: parsed posts by file; posts whose page is unchanged are not parsed.
        texts: file contents.
        published: posts that have a page.
    """

    def __init__(
        self,
        lab: Lab,
        server: Server,
        done: Compiled,
        kept: PageCache,
        basis: Basis,
        meanwhile: Callable[[], None],
    ) -> None:
        """Build pages with the records of `lab`, running cells in `server`, and report to `done`."""
        self.lab, self.server, self.done, self.kept, self._meanwhile = lab, server, done, kept, meanwhile
        self.posts: dict[Path, Post] = {}
        self.texts: dict[Path, bytes] = {}
        self.basis, self.cache = basis, OutputCache(lab.project, lab.store, basis)
        self.published: dict[Path, Published] = {}
        self._evidence: dict[str, Evidence] = {}

    def context(self) -> Context:
        """Input of the pages that cover all posts."""
        shown = tuple(one for one in self.published.values() if not one.is_draft)  # a build publishes no drafts
        return Context(self.lab, shown, self.look_up)

    def look_up(self, read: Read) -> Evidence:
        """The records behind a read, cached because several cells share them."""
        key = json.dumps(read.to_json(), sort_keys=True)
        if key not in self._evidence:
            self._evidence[key] = evidence(read, self.lab)
        return self._evidence[key]

    def all_pages(self, paths: list[Path], fail_fast: bool) -> Iterator[tuple[Path, Made | CachedPage | MlblogError]]:
        """Yield each post's page, or the error that prevented it, in the order of `paths`."""
        errors: dict[Path, MlblogError] = {}
        found: dict[Path, Outputs] = {}
        same: dict[Path, CachedPage] = {}
        due: list[Path] = []
        addresses: dict[str, str] = {}
        for path in paths:
            name = self.lab.project.relative(path)
            try:
                text = self.texts[path] = path.read_bytes()
                kept = self.kept.find(name, text)
                post = kept.published.post if kept else with_pictures(parse_post(text, name), self.lab.project)
                if (other := addresses.setdefault(post.page, post.path)) != post.path:
                    raise PostError(post.path, 1, f"has the same address as {other}; rename it or set `slug:`")
                if kept:
                    same[path] = kept
                else:
                    self._look_for(path, post, found, due)
            except Exception as error:
                errors[path] = _of_post(path, error, self.lab.project)
        self.server.runs.keep_only(self.posts[path].path for path in due)
        self._run(due, found, errors, fail_fast)
        published = {path: one.published for path, one in same.items()}
        for path, outputs in found.items():
            published[path] = Published.of(self.posts[path], outputs, manifest(self.posts[path], self.lab.code))
        around = SiteContext.of(self.lab.project, [published[path] for path in paths if path in published])
        # possibly only the site context has changed
        again: list[Path] = []
        for path in [path for path, one in same.items() if around.digest_for(one.published.post) != one.around]:
            name = self.lab.project.relative(path)
            del same[path]
            try:
                post = with_pictures(parse_post(self.texts[path], name), self.lab.project)
                self._look_for(path, post, found, again)
            except MlblogError as error:
                errors[path] = error
        self._run(again, found, errors, fail_fast)
        for path in paths:
            if path in same:
                self.published[path] = published[path]
                yield path, same[path]
            elif path in found and path not in errors:
                post = self.posts[path]
                try:
                    page = render_post(post, found[path], self.look_up, around)
                except Exception as error:
                    errors[path] = _of_post(path, error, self.lab.project)
                else:
                    self.published[path] = published[path]
                    yield path, Made(page, found[path], around.digest_for(post))
            if path in errors:
                yield path, errors[path]

    def _look_for(self, path: Path, post: Post, found: dict[Path, Outputs], due: list[Path]) -> None:
        """Look up cached outputs of a post; queue it in `due` if any are missing."""
        self.posts[path] = post
        kept = self.cache.get(post, self.lab.code)
        if len(kept) < len(post.units):
            if not due:
                self.server.begin()
            due.append(path)
            self.done.stale_from[post.path] = len(kept)
        else:
            found[path] = Outputs(kept)

    def stale_behind(self, outputs: Outputs) -> dict[str, tuple[str, ...]]:
        """Reasons for staleness, by experiment behind these outputs."""
        reads = [Read.from_json(read) for ran in outputs.ran for read in ran.reads]
        return {read.experiment: reasons for read in reads if (reasons := self.look_up(read).reasons)}

    def _run(
        self, due: list[Path], found: dict[Path, Outputs], errors: dict[Path, MlblogError], fail_fast: bool
    ) -> None:
        if not due:
            return
        live, sources = self.server.live, self._sources()
        if not self.basis.holds(self.server.base):
            self.server.renew()
        self.server.progress.begin(len(due))
        pool = ThreadPoolExecutor(min(len(due), os.cpu_count() or 1))
        try:
            begun = [(self._begin(pool, self.posts[path], sources), path) for path in due]
            going = {run.future: (run, path) for run, path in begun}
            self._meanwhile()
            while going:
                for future in wait(going, timeout=0.1 if live else 1.0, return_when="FIRST_COMPLETED").done:
                    run, path = going.pop(future)
                    if future.cancelled():
                        continue
                    if live and run.sources is not sources and not self._still_holds(run):
                        run = self._begin(pool, self.posts[path], sources)
                        going[run.future] = run, path
                        continue
                    self._take(run, path, found, errors)
                    if path in errors and fail_fast:
                        for other in going:
                            other.cancel()
                if going and live:
                    if self.server.runs.is_superseded():
                        raise Superseded("files were saved while their posts ran")
                    if all(self._is_slow(run) for run, _ in going.values()):
                        errors.update((path, self._still_runs(run)) for run, path in going.values())
                        return
        except Superseded:
            raise
        except BaseException:
            self.server.close()  # wakes waiting threads
            raise
        finally:
            pool.shutdown(wait=not live, cancel_futures=True)

    def _begin(self, pool: Executor, post: Post, sources: Sources) -> Run:
        def work(stop: threading.Event) -> Outputs:
            return settled(post, self.lab.code, self.server.run(post, mine, self.cache.holds, stop))

        mine = keys(post, self.lab.code) if self.server.live else ()
        return self.server.runs.begin(pool, post, mine, sources, work)

    def _take(self, run: Run, path: Path, found: dict[Path, Outputs], errors: dict[Path, MlblogError]) -> None:
        """Collect the result of a run."""
        post = self.posts[path]
        self.server.runs.end(run)
        self.server.progress.ended(post.path)
        try:
            found[path] = run.future.result()
        except Exception as error:
            errors[path] = _of_post(path, error, self.lab.project)
            return
        self.done.ran.append(post.path)
        if self._sources() == run.sources:  # otherwise its keys may not match the code that ran
            self.cache.put(post, self.lab.code, found[path])

    def _still_holds(self, run: Run) -> bool:
        """Whether the inputs of a run begun by an earlier build are unchanged."""
        return run.future.exception() is not None or all(map(self.cache.holds, run.future.result().ran))

    def _is_slow(self, run: Run) -> bool:
        if run.future.done():
            return False
        talk = self.server.talk_of(run.post.path)
        return talk.seconds > PATIENCE if talk else not run.future.running()  # queued behind slow runs

    def _still_runs(self, run: Run) -> StillRuns:
        talk = self.server.talk_of(run.post.path)
        return talk.still_runs() if talk else StillRuns(run.post.path, 1, "waiting for other posts to finish")

    def _sources(self) -> list[tuple[str, Mark]]:
        """The current state of every project module on disk."""
        found = []
        for path in self.lab.code.modules().values():
            with contextlib.suppress(FileNotFoundError):
                found.append((str(path), mark_of(path.stat())))
        return found


def _of_post(path: Path, error: Exception, project: Project) -> MlblogError:
    """The error to report for a post; an unexpected exception fails only that post."""
    if isinstance(error, MlblogError):
        return error
    said = f"internal error: {type(error).__name__}: {error}; please report it, with this post"
    return CellError(project.relative(path), 1, said, "".join(traceback.format_exception(error)))
