"""All posts to pages: read, look up or run, render, write what differs, remove what has no post any more."""

from __future__ import annotations

import contextlib
import json
import os
import posixpath
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mlblog.errors import MlblogError, PostError
from mlblog.lab import Lab, Project, Read
from mlblog.lab.atomic import write_if_changed
from mlblog.lab.stores import shown_store
from mlblog.press.cache import OutputCache, keys
from mlblog.press.context import Context
from mlblog.press.document import Post
from mlblog.press.execute import Server
from mlblog.press.output import Outputs
from mlblog.press.parse import parse_post
from mlblog.press.provenance import Evidence, evidence
from mlblog.press.render import Page, render_error, render_post
from mlblog.press.surroundings import Surroundings


@dataclass
class Compiled:
    """What `compile_posts` did. Paths of posts are relative to the project's root, of pages to `folder`."""

    folder: Path
    pages: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    cached: list[str] = field(default_factory=list)
    errors: list[MlblogError] = field(default_factory=list)
    stale_from: dict[str, int] = field(default_factory=dict)  # of each post that ran: its first unit out of date
    stale: dict[str, tuple[str, ...]] = field(default_factory=dict)  # experiment: what changed

    @property
    def summary(self) -> str:
        """One line for people."""
        failed = f", {len(self.errors)} failed" if self.errors else ""
        return f"{len(self.pages)} pages: {len(self.ran)} ran, {len(self.cached)} as before{failed}"


def post_files(project: Project) -> list[Path]:
    """The posts of a project, sorted. Weekly goals are none, nor is the notebook that Jupytext pairs with a post."""
    notebooks = (path for path in project.posts.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    found = [*project.posts.rglob("*.md"), *(path for path in notebooks if not path.with_suffix(".md").exists())]
    # an editor's lock beside a post is a dangling link with a dot in front
    posts = (path for path in found if path.is_file() and not path.name.startswith("."))
    return sorted(path for path in posts if path.relative_to(project.posts).parts[0] != "goals")


def compile_posts(
    project: Project,
    *,
    server: Server | None = None,
    show_errors: bool = False,
    fail_fast: bool = False,
    further: Sequence[Callable[[Context], Iterable[Page]]] = (),
    meanwhile: Callable[[], None] = lambda: None,
) -> Compiled:
    """Compile every post of `project` to `.mlblog/pages`.

    Args:
        project: where the posts are.
        server: a warm process to use and leave running; one is started, if needed, and ended otherwise.
        show_errors: whether a post that fails gets a page that says why; otherwise it gets none.
        fail_fast: whether to start no more posts after one has failed.
        further: each gives pages that are made of all posts together.
        meanwhile: called once while posts run, if any has to.

    Returns:
        What was done; errors in the order of the posts. No post that fails raises.
    """
    lab, done = Lab(project, shown_store(project)), Compiled(project.work / "pages")
    with contextlib.ExitStack() as stack:
        press = _Press(lab, server or stack.enter_context(Server(project)), done, meanwhile)
        pages: list[Page] = []
        for path, page, error in press.all_pages(post_files(project), fail_fast):
            if error is not None:
                done.errors.append(error)
                page = _error_page(path, press, error) if show_errors else None
            if page is not None:
                pages.append(page)
        for made in further:
            try:
                pages += made(press.context())
            except MlblogError as error:
                done.errors.append(error)
    _write(pages, done)
    lab.code.save()
    return done


class _Press:
    def __init__(self, lab: Lab, server: Server, done: Compiled, meanwhile: Callable[[], None]) -> None:
        self.lab, self.server, self.done, self.meanwhile = lab, server, done, meanwhile
        self.posts: dict[Path, Post] = {}
        self.cache = OutputCache(lab.project, lab.store)
        self.published: list[tuple[Post, Outputs]] = []
        self._evidence: dict[str, Evidence] = {}

    def context(self) -> Context:
        """What pages made of all posts are made of."""
        return Context(self.lab, tuple(self.published), self.look_up)

    def look_up(self, read: Read) -> Evidence:
        """The records behind a read; several cells rest on the same."""
        key = json.dumps(read.to_json(), sort_keys=True)
        if key not in self._evidence:
            self._evidence[key] = found = evidence(read, self.lab)
            if found.reasons:
                self.done.stale[read.experiment] = found.reasons
        return self._evidence[key]

    def all_pages(self, paths: list[Path], fail_fast: bool) -> Iterator[tuple[Path, Page | None, MlblogError | None]]:
        """Yield the page of each post, or why it has none, in the order of `paths`."""
        errors: dict[Path, MlblogError] = {}
        found: dict[Path, Outputs] = {}
        due: list[Path] = []
        addresses: dict[str, str] = {}
        for path in paths:
            try:
                post = parse_post(path.read_bytes(), self.lab.project.relative(path))
                if (other := addresses.setdefault(post.page, post.path)) != post.path:
                    raise PostError(post.path, 1, f"has the address of {other}; rename it or set `slug:`")
                self.posts[path] = post
                kept = self.cache.get(post, self.lab.code)
                if len(kept) < len(post.units):
                    due.append(path)
                    self.done.stale_from[post.path] = len(kept)
                else:
                    found[path] = Outputs(kept)
                    self.done.cached.append(post.path)
            except MlblogError as error:
                errors[path] = error
        self._run(due, found, errors, fail_fast)
        around = Surroundings.of(self.lab.project, [self.posts[path] for path in paths if path in found])
        for path in paths:
            page = None
            if path in found:
                try:
                    page = render_post(self.posts[path], found[path], self.look_up, around)
                    self.published.append((self.posts[path], found[path]))
                except MlblogError as error:
                    errors[path] = error
            if page is not None or path in errors:
                yield path, page, errors.get(path)

    def _run(
        self, due: list[Path], found: dict[Path, Outputs], errors: dict[Path, MlblogError], fail_fast: bool
    ) -> None:
        if not due:
            return
        report, before = _reporter(len(due)), self._sources()
        pool = ThreadPoolExecutor(min(len(due), os.cpu_count() or 1))
        try:
            futures = {pool.submit(self._run_one, self.posts[path]): path for path in due}
            left = set(futures)
            self.meanwhile()
            while left:
                ended, left = wait(left, timeout=1.0, return_when=FIRST_EXCEPTION if fail_fast else "FIRST_COMPLETED")
                for future in ended:
                    path = futures[future]
                    if future.cancelled():
                        continue
                    report(self.posts[path].path)
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


def _error_page(path: Path, press: _Press, error: MlblogError) -> Page:
    post = press.posts.get(path)
    if post is None:  # it cannot even be read
        day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
        post = Post(press.lab.project.relative(path), {"title": path.stem, "date": day}, ())
    return render_error(post, error)


def _write(pages: list[Page], done: Compiled) -> None:
    for page in pages:
        done.pages.append(page.path)
        write_if_changed(done.folder / page.path, page.text.encode())
        for name, content in page.files.items():
            done.files.append(posixpath.join(posixpath.dirname(page.path), name))
            write_if_changed(done.folder / done.files[-1], content)
    kept = {done.folder / name for name in (*done.pages, *done.files)}
    for path in sorted(done.folder.rglob("*"), reverse=True):
        if path.is_file() and path not in kept:
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _reporter(total: int) -> Callable[[str], None]:
    """Say on a terminal which posts have run."""
    if not sys.stderr.isatty():
        return lambda _: None
    count = 0

    def report(path: str) -> None:
        nonlocal count
        count += 1
        end = "\n" if count == total else ""
        sys.stderr.write(f"\r\x1b[2K[{count}/{total}] {path}{end}")
        sys.stderr.flush()

    return report
