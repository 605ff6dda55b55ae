"""Compile all posts: read, look up or run, render, write changed pages, remove orphans."""

from __future__ import annotations

import contextlib
import os
import posixpath
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mlblog.errors import MlblogError, ProjectError
from mlblog.files.atomic import write_if_changed
from mlblog.lab import Lab, Project
from mlblog.lab.records.stores import shown_store
from mlblog.press.build import Compiled, Made, Press
from mlblog.press.cache.outputs import files_behind, made_by
from mlblog.press.cache.pages import CachedPage, PageCache
from mlblog.press.kernel.basis import Basis
from mlblog.press.page.context import Context
from mlblog.press.page.published import Published
from mlblog.press.page.render import Page, render_error
from mlblog.press.runner.execute import Server
from mlblog.press.source.document import Post


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
    lab, done = Lab(project, shown_store(project)), Compiled(project.work / "pages")
    basis = Basis(project, lab.code.inputs)
    kept = PageCache(project, made_by(), basis)  # takes file states before anything is read
    with contextlib.ExitStack() as stack:
        press = Press(lab, server or stack.enter_context(Server(project)), done, kept, basis, meanwhile)
        for path, made in press.all_pages(post_files(project), fail_fast):
            if isinstance(made, MlblogError):
                if show_errors and isinstance(made, ProjectError):
                    raise made  # an error in code shared by pages: in live preview they stay unchanged
                done.errors.append(made)
                if show_errors:
                    post = press.posts.get(path) or _unread(path, press)
                    _write(render_error(post, made), done)
                    done.posts[post.page] = post
            elif isinstance(made, CachedPage):
                kept.again(made.published.post.path)
                done.cached.append(made.published.post.path)
                done.posts[made.page] = made.published.post
                done.pages.append(made.page)
                done.files += made.files
                done.stale |= made.stale
            else:
                _write_and_keep(path, made, press, done)
        for pages in further:
            try:
                for page in pages(press.context()):
                    _write(page, done)
            except MlblogError as error:
                done.errors.append(error)
    _sweep(done)
    lab.code.save()
    kept.save()
    if server is not None:
        server.runs.leave()
    return done


def _unread(path: Path, press: Press) -> Post:
    """A placeholder for a post that cannot be parsed."""
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    return Post(press.lab.project.relative(path), {"title": path.stem, "date": day}, ())


def _write_and_keep(path: Path, made: Made, press: Press, done: Compiled) -> None:
    post, published, stale = press.posts[path], press.published[path], press.stale_behind(made.outputs)
    done.posts[post.page] = published.post
    if post.path not in done.ran:
        done.cached.append(post.path)
    done.stale |= stale
    reached = files_behind(post, press.lab.code, _declared(published, press.lab))
    rests = {name: state for ran in made.outputs.ran for name, state in ran.rests.items()}
    data = [f"data:{press.lab.project.relative(file)}" for file in reached if file.suffix != ".py"]
    data += [f"data:{path}" for path in post.pictures]
    rests |= {name: press.basis.state(name) for name in data}
    done.warnings += made.page.warnings
    files = _write(made.page, done)
    if made.page.warnings:
        return  # not cached, so that every build repeats the warning
    press.kept.keep(
        press.texts[path],
        published,
        modules=(file for file in reached if file.suffix == ".py"),
        rests=rests,
        around=made.around,
        stale=stale,
        files=files,
    )


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
    wanted = {*done.pages, *done.files}
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
