"""Which of the compiled pages the host is given: nothing of drafts in a build, no category that it would refuse."""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from mlblog.errors import MlblogError, PostError
from mlblog.lab import Project
from mlblog.lab.atomic import write_if_changed
from mlblog.press import Compiled, Post, parse_post, post_files
from mlblog.press.render import render_error

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: Where pages of posts are; what is generated from all of them has no drafts and no categories.
_OF_POSTS = ("blog/posts", "scribbles")


def without_drafts(compiled: Compiled) -> Compiled:
    """Leave out what stands beside the pages of posts marked `draft: true`; the pages are left out by the host."""
    beside = tuple(f"{page.removesuffix('.md')}/" for page, head in _heads(compiled) if head.get("draft") is True)
    if not beside:
        return compiled
    return dataclasses.replace(compiled, files=[name for name in compiled.files if not name.startswith(beside)])


def with_allowed_categories(
    compiled: Compiled, allowed: Sequence[str], project: Project, *, show_errors: bool
) -> Compiled:
    """Refuse posts of a category that is not among `allowed`, as Material's blog would, but by file and line.

    Args:
        compiled: what was compiled.
        allowed: the names that a category may have; none for any.
        project: where the posts are.
        show_errors: whether the page of such a post says what is wrong; otherwise it has none.
    """
    if not allowed:
        return compiled
    wrong = {page: one for page, head in _heads(compiled) for one in _categories(head) if one not in allowed}
    if not wrong:
        return compiled
    pages, errors = [page for page in compiled.pages if page not in wrong], list(compiled.errors)
    for path, post in _posts(project):
        if post.page not in wrong:
            continue
        name = wrong[post.page]
        error = PostError(
            post.path, _line(path, name), f"there is no category {name!r}; those of this blog are {', '.join(allowed)}"
        )
        errors.append(error)
        if show_errors:
            meta = {key: value for key, value in post.meta.items() if key != "categories"}
            page = render_error(dataclasses.replace(post, meta=meta), error)
            write_if_changed(compiled.folder / page.path, page.text.encode())
            pages.append(page.path)
    return dataclasses.replace(compiled, pages=pages, errors=errors)


def _heads(compiled: Compiled) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The front matter of each page that was a post, as the press writes it."""
    for page in compiled.pages:
        if posixpath.dirname(page) in _OF_POSTS:
            text = (compiled.folder / page).read_text(encoding="utf-8")
            head = yaml.load(text[4 : text.find("\n---\n", 3)], Loader=_LOADER)  # noqa: S506  # a safe one
            yield page, head if isinstance(head, dict) else {}


def _categories(head: Mapping[str, Any]) -> list[str]:
    return list(head.get("categories") or ())


def _posts(project: Project) -> Iterator[tuple[Path, Post]]:
    for path in post_files(project):
        try:
            yield path, parse_post(path.read_bytes(), project.relative(path))
        except MlblogError:
            continue  # told of by who compiled it


def _line(path: Path, category: str) -> int:
    """The line of a post on which its categories begin to name `category`; in a notebook the first."""
    inside = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        inside = inside or line.startswith("categories:")
        if inside and category in line:
            return number
    return 1
