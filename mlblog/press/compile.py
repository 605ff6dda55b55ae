"""All posts to pages: read, look up or run, render, write what differs, remove what has no post any more."""

from __future__ import annotations

import contextlib
import os
import posixpath
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from mlblog.errors import MlblogError
from mlblog.files.atomic import write_if_changed
from mlblog.lab import Lab, Project
from mlblog.lab.records.stores import shown_store
from mlblog.press.build import Compiled, Made, Press
from mlblog.press.cache.outputs import files_behind, made_by
from mlblog.press.cache.pages import Kept, KeptPages
from mlblog.press.kernel.watch import state_of
from mlblog.press.page.context import Context
from mlblog.press.page.published import Published
from mlblog.press.page.render import Page, render_error
from mlblog.press.runner.execute import Server
from mlblog.press.source.document import Post


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
    kept = KeptPages(project, made_by())  # looks before anything is read
    lab, done = Lab(project, shown_store(project)), Compiled(project.work / "pages")
    with contextlib.ExitStack() as stack:
        press = Press(lab, server or stack.enter_context(Server(project)), done, kept, meanwhile)
        for path, made in press.all_pages(post_files(project), fail_fast):
            if isinstance(made, MlblogError):
                done.errors.append(made)
                if show_errors:
                    post = press.posts.get(path) or _unread(path, press)
                    _write(render_error(post, made), done)
                    done.posts[post.page] = post
            elif isinstance(made, Kept):
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
    return done


def _unread(path: Path, press: Press) -> Post:
    """What stands for a post that cannot even be read."""
    day = datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
    return Post(press.lab.project.relative(path), {"title": path.stem, "date": day}, ())


def _write_and_keep(path: Path, made: Made, press: Press, done: Compiled) -> None:
    post, published, stale = press.posts[path], press.published[path], press.stale_behind(made.outputs)
    done.posts[post.page] = published.post
    if post.path not in done.ran:
        done.cached.append(post.path)
    done.stale |= stale
    reached = files_behind(post, press.lab.code, _declared(published, press.lab))
    opened = {name: state for ran in made.outputs.ran for name, state in ran.files.items()}
    root = press.lab.project.root
    data = (press.lab.project.relative(file) for file in reached if file.suffix != ".py")
    opened |= {name: state_of(root, name) for name in data}
    done.warnings += made.page.warnings
    files = _write(made.page, done)
    if made.page.warnings:
        return  # said again by every build, until nothing is left to say
    press.kept.keep(
        press.texts[path],
        published,
        modules=(file for file in reached if file.suffix == ".py"),
        opened=opened,
        around=made.around,
        stale=stale,
        files=files,
    )


def _declared(published: Published, lab: Lab) -> Iterator[str]:
    for name in published.experiments:
        if name in lab.experiments:
            yield f"{lab.experiments[name].module}.{name}"


def _write(page: Page, done: Compiled) -> list[str]:
    """Write a page and its files, where they differ; return their paths."""
    below = posixpath.dirname(page.path)
    files = {posixpath.join(below, name): content for name, content in page.files.items()}
    for name, content in {page.path: page.text.encode(), **files}.items():
        write_if_changed(done.folder / name, content)
    done.pages.append(page.path)
    done.files += files
    return [page.path, *files]


def _sweep(done: Compiled) -> None:
    """Remove what belongs to no page any more. Another compilation may be about the same."""
    wanted = {*done.pages, *done.files}
    for top, folders, files in os.walk(done.folder, topdown=False):
        below = os.path.relpath(top, done.folder)
        for name in files:
            place = os.path.join(top, name)
            if posixpath.normpath(posixpath.join(below.replace(os.sep, "/"), name)) not in wanted:
                with contextlib.suppress(FileNotFoundError):
                    if not name.startswith(".tmp-") or os.stat(place).st_mtime < time.time() - 60:  # else it is in use
                        os.unlink(place)
        if (files or folders) and below != ".":
            with contextlib.suppress(OSError):  # something stands in it, or it has gone
                os.rmdir(top)
