"""Compile all posts: read, look up or run, render, write changed pages, remove orphans."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import posixpath
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from mlblog.errors import MlblogError, ProjectError
from mlblog.files.atomic import write_if_changed
from mlblog.lab import Lab, Project
from mlblog.lab.records.stores import shown_store
from mlblog.press.build import Press
from mlblog.press.cache.outputs import files_behind, made_by
from mlblog.press.cache.pages import CachedPage, PageCache
from mlblog.press.engines import write_engines
from mlblog.press.kernel.basis import Basis
from mlblog.press.page.context import Context
from mlblog.press.page.published import Published
from mlblog.press.page.render import Page, render_error
from mlblog.press.runner.execute import Server
from mlblog.press.source.document import Post
from mlblog.press.stages import Executed, Failed, Rendered, Unchanged


@dataclass
class Compiled:
    """What `compile_posts` did. Post paths are relative to the project root, page paths to `folder`.

    `engines` are files for all pages of a site with the design that comes with mlblog.
    """

    folder: Path
    pages: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    engines: list[str] = field(default_factory=list)
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


def post_files(project: Project) -> list[Path]:
    """The posts of a project, sorted, without weekly goals and notebooks that Jupytext pairs with a post."""
    notebooks = (path for path in project.posts.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    found = [*project.posts.rglob("*.md"), *(path for path in notebooks if not path.with_suffix(".md").exists())]
    # Emacs locks a file with a dangling symlink whose name starts with a dot
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
        project: the project with the posts.
        server: a warm process to use and leave running; without it, one is started when needed and stopped afterwards.
        show_errors: whether a failed post gets a page with its error; otherwise it gets none.
        fail_fast: whether to stop starting posts after a failure.
        further: generators of pages that cover all posts.
        meanwhile: called once while posts run, if any do.

    Returns:
        A report with errors in the order of the posts; a failed post does not raise.

    Raises:
        ProjectError: with `show_errors`, if a module that a post reaches has a syntax error.
    """
    previews = server is not None and server.previews
    lab, done = Lab(project, shown_store(project, previews=previews)), Compiled(project.work / "pages")
    basis = Basis(project, lab.code.inputs)
    cache = PageCache(project, made_by(), basis, previews=previews)  # takes file states before anything is read
    with contextlib.ExitStack() as stack:
        press = Press(lab, server or stack.enter_context(Server(project)), cache, basis, meanwhile)
        for result in press.all_pages(post_files(project), fail_fast):
            if isinstance(result, Failed):
                if show_errors and isinstance(result.error, ProjectError):
                    raise result.error  # an error in code shared by pages: in live preview they stay unchanged
                done.errors.append(result.error)
                if isinstance(result.reached, Executed):
                    _note_run(result.reached, done)
                if show_errors:
                    post = result.post or _unread(result.path, project)
                    _write(render_error(post, result.error), done)
                    done.posts[post.page] = post
            elif isinstance(result, Unchanged):
                _keep_unchanged(result.cached, cache, done)
            else:
                _write_and_keep(result, press, done)
        for pages in further:
            try:
                for page in pages(press.context()):
                    _write(page, done)
            except MlblogError as error:
                done.errors.append(error)
    try:
        done.engines += write_engines(done.files, done.folder)
    except MlblogError as error:
        done.errors.append(error)
    _sweep(done)
    lab.code.save()
    cache.save()
    if server is not None:
        server.runs.leave()
    return done


def _unread(path: Path, project: Project) -> Post:
    """A placeholder for a post that cannot be parsed."""
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    return Post(project.relative(path), {"title": path.stem, "date": day}, ())


def _keep_unchanged(cached: CachedPage, cache: PageCache, done: Compiled) -> None:
    post = cached.published.post
    cache.again(post.path)
    done.cached.append(post.path)
    done.posts[cached.page] = post
    done.pages.append(cached.page)
    done.files += cached.files
    done.stale |= cached.stale


def _write_and_keep(rendered: Rendered, press: Press, done: Compiled) -> None:
    executed, page, published = rendered.executed, rendered.page, rendered.published
    post, outputs = executed.post, executed.outputs
    done.posts[post.page] = published.post
    if not executed.ran:
        done.cached.append(post.path)
    _note_run(executed, done)
    stale = press.stale_behind(outputs)
    done.stale |= stale
    reached = files_behind(post, press.lab.code, _declared(published, press.lab))
    rests = {name: state for ran in outputs.ran for name, state in ran.rests.items()}
    data = [f"data:{press.lab.project.relative(file)}" for file in reached if file.suffix != ".py"]
    data += [f"data:{path}" for path in post.pictures]
    rests |= {name: press.basis.state(name) for name in data}
    done.warnings += page.warnings
    files = _write(page, done)
    if page.warnings:
        return  # not cached, so that every build repeats the warning
    press.pages.keep(
        executed.parsed.text,
        published,
        modules=(file for file in reached if file.suffix == ".py"),
        rests=rests,
        around=rendered.around,
        stale=stale,
        files=files,
    )


def _note_run(executed: Executed, done: Compiled) -> None:
    if executed.ran:
        done.ran.append(executed.post.path)
        done.stale_from[executed.post.path] = executed.parsed.stale_from


def _declared(published: Published, lab: Lab) -> Iterator[str]:
    for name in published.experiments:
        if name in lab.experiments:
            yield f"{lab.experiments[name].module}.{name}"


def _write(page: Page, done: Compiled) -> list[str]:
    """Write a page and its files if they changed; return their paths."""
    below = posixpath.dirname(page.path)
    files = {posixpath.join(below, name): content for name, content in page.files.items()}
    for name, content in {page.path: page.text.encode(), **files}.items():
        write_if_changed(done.folder / name, content)
    done.pages.append(page.path)
    done.files += files
    return [page.path, *files]


def _sweep(done: Compiled) -> None:
    """Remove files that belong to no page; another compilation may be doing the same."""
    wanted = {*done.pages, *done.files, *done.engines}
    for top, folders, files in os.walk(done.folder, topdown=False):
        below = os.path.relpath(top, done.folder)
        for name in files:
            place = os.path.join(top, name)
            if posixpath.normpath(posixpath.join(below.replace(os.sep, "/"), name)) not in wanted:
                with contextlib.suppress(FileNotFoundError):
                    if not name.startswith(".tmp-") or os.stat(place).st_mtime < time.time() - 60:  # otherwise in use
                        os.unlink(place)
        if (files or folders) and below != ".":
            with contextlib.suppress(OSError):  # not empty, or already removed
                os.rmdir(top)
