"""Posts to pages: those that are as they were stay, the others are read, run where something is missing, rendered."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path

from mlblog.errors import MlblogError, PostError
from mlblog.lab import Lab, Read
from mlblog.press.cache.outputs import OutputCache, keys, manifest
from mlblog.press.cache.pages import Kept, KeptPages
from mlblog.press.kernel.output import Outputs
from mlblog.press.page.context import Context
from mlblog.press.page.provenance import Evidence, evidence
from mlblog.press.page.published import Published
from mlblog.press.page.render import Page, render_post
from mlblog.press.page.site_context import Surroundings
from mlblog.press.runner.execute import Server
from mlblog.press.source.document import Post
from mlblog.press.source.parse import parse_post


@dataclass
class Compiled:
    """What `compile_posts` did. Paths of posts are relative to the project's root, of pages to `folder`."""

    folder: Path
    pages: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    cached: list[str] = field(default_factory=list)
    errors: list[MlblogError] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)  # what authors could do better, with file and line
    stale_from: dict[str, int] = field(default_factory=dict)  # of each post that ran: its first unit out of date
    stale: dict[str, tuple[str, ...]] = field(default_factory=dict)  # experiment: what changed
    posts: dict[str, Post] = field(default_factory=dict)  # of each page that is a post's: its path and front matter

    def without_drafts(self) -> Compiled:
        """The same without the pages of posts marked `draft: true`, and without what stands beside them."""
        drafts = {page for page, post in self.posts.items() if post.meta.get("draft")}
        beside = tuple(f"{page.removesuffix('.md')}/" for page in drafts)
        return dataclasses.replace(
            self,
            pages=[page for page in self.pages if page not in drafts],
            files=[name for name in self.files if not name.startswith(beside)],
        )

    @property
    def summary(self) -> str:
        """One line for people."""
        failed = f", {len(self.errors)} failed" if self.errors else ""
        return f"{len(self.pages)} pages: {len(self.ran)} ran, {len(self.cached)} as before{failed}"


@dataclass(frozen=True)
class Made:
    """A page made anew, what its post left, and what it says of the site."""

    page: Page
    outputs: Outputs
    around: str


class Press:
    """Makes the pages of posts, one compilation long.

    Attributes:
        posts: what was read, by file; those whose page stays as it is are not read again.
        texts: the content of each file.
        published: the posts that have a page.
    """

    def __init__(
        self, lab: Lab, server: Server, done: Compiled, kept: KeptPages, meanwhile: Callable[[], None]
    ) -> None:
        """Make pages from `lab`, cells running in `server`, and tell `done` what became of them."""
        self.lab, self.server, self.done, self.kept, self._meanwhile = lab, server, done, kept, meanwhile
        self.posts: dict[Path, Post] = {}
        self.texts: dict[Path, bytes] = {}
        self.cache = OutputCache(lab.project, lab.store)
        self.published: dict[Path, Published] = {}
        self._evidence: dict[str, Evidence] = {}

    def context(self) -> Context:
        """What pages made of all posts are made of."""
        shown = tuple(one for one in self.published.values() if not one.is_draft)  # a build has no page of a draft
        return Context(self.lab, shown, self.look_up)

    def look_up(self, read: Read) -> Evidence:
        """The records behind a read; several cells rest on the same."""
        key = json.dumps(read.to_json(), sort_keys=True)
        if key not in self._evidence:
            self._evidence[key] = evidence(read, self.lab)
        return self._evidence[key]

    def all_pages(self, paths: list[Path], fail_fast: bool) -> Iterator[tuple[Path, Made | Kept | MlblogError]]:
        """Yield the page of each post, or why it has none, in the order of `paths`."""
        errors: dict[Path, MlblogError] = {}
        found: dict[Path, Outputs] = {}
        same: dict[Path, Kept] = {}
        due: list[Path] = []
        addresses: dict[str, str] = {}
        for path in paths:
            name = self.lab.project.relative(path)
            try:
                text = self.texts[path] = path.read_bytes()
                kept = self.kept.find(name, text)
                post = kept.published.post if kept else parse_post(text, name)
                if (other := addresses.setdefault(post.page, post.path)) != post.path:
                    raise PostError(post.path, 1, f"has the address of {other}; rename it or set `slug:`")
                if kept:
                    same[path] = kept
                else:
                    self._look_for(path, post, found, due)
            except MlblogError as error:
                errors[path] = error
        self._run(due, found, errors, fail_fast)
        published = {path: one.published for path, one in same.items()}
        for path, outputs in found.items():
            published[path] = Published.of(self.posts[path], outputs, manifest(self.posts[path], self.lab.code))
        around = Surroundings.of(self.lab.project, [published[path] for path in paths if path in published])
        # what a page says of other posts may be all that has changed
        again: list[Path] = []
        for path in [path for path, one in same.items() if around.told(one.published.post) != one.around]:
            name = self.lab.project.relative(path)
            del same[path]
            try:
                self._look_for(path, parse_post(self.texts[path], name), found, again)
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
                except MlblogError as error:
                    errors[path] = error
                else:
                    self.published[path] = published[path]
                    yield path, Made(page, found[path], around.told(post))
            if path in errors:
                yield path, errors[path]

    def _look_for(self, path: Path, post: Post, found: dict[Path, Outputs], due: list[Path]) -> None:
        """Look for what the units of a post left before; it is due to run if something is missing."""
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
        """For each experiment whose records outputs rest on what has changed since, if anything."""
        reads = [Read.from_json(read) for ran in outputs.ran for read in ran.reads]
        return {read.experiment: reasons for read in reads if (reasons := self.look_up(read).reasons)}

    def _run(
        self, due: list[Path], found: dict[Path, Outputs], errors: dict[Path, MlblogError], fail_fast: bool
    ) -> None:
        if not due:
            return
        progress, before = self.server.progress, self._sources()
        progress.begin(len(due))
        pool = ThreadPoolExecutor(min(len(due), os.cpu_count() or 1))
        try:
            futures = {pool.submit(self._run_one, self.posts[path]): path for path in due}
            left = set(futures)
            self._meanwhile()
            while left:
                ended, left = wait(left, timeout=1.0, return_when=FIRST_EXCEPTION if fail_fast else "FIRST_COMPLETED")
                for future in ended:
                    path = futures[future]
                    if future.cancelled():
                        continue
                    progress.ended(self.posts[path].path)
                    try:
                        found[path] = future.result()
                    except MlblogError as error:
                        errors[path] = error
                        if fail_fast:
                            for other in left:
                                other.cancel()
                    else:
                        self.done.ran.append(self.posts[path].path)
                        if self._sources() == before:  # else it may have run code that its keys do not know
                            self.cache.put(self.posts[path], self.lab.code, found[path])
        except BaseException:
            self.server.close()  # wakes the threads that wait for it
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _run_one(self, post: Post) -> Outputs:
        return self.server.run(post, keys(post, self.lab.code) if self.server.live else (), self.cache.holds)

    def _sources(self) -> list[tuple[str, int, int]]:
        """Every module of the project as it is on disk at this moment."""
        found = []
        for path in self.lab.code.modules().values():
            with contextlib.suppress(FileNotFoundError):
                stat = path.stat()
                found.append((str(path), stat.st_mtime_ns, stat.st_size))
        return found
