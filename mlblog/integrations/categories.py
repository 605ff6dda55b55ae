"""Report posts with unknown categories by file and line, before the host rejects them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from mlblog.errors import PostError
from mlblog.files.atomic import write_if_changed
from mlblog.lab import Project
from mlblog.press import Compiled, Post
from mlblog.press.page.render import render_error


def with_allowed_categories(
    compiled: Compiled, allowed: Sequence[str], project: Project, *, show_errors: bool
) -> Compiled:
    """Reject posts with a category that is not in `allowed`, as Material's blog would, but with file and line.

    Args:
        compiled: the compiled posts.
        allowed: allowed categories; empty allows any.
        project: the project with the posts.
        show_errors: whether such a post gets an error page; otherwise it gets none.
    """
    wrong = {page: name for page, post in compiled.posts.items() for name in _categories(post) if name not in allowed}
    if not allowed or not wrong:
        return compiled
    pages, errors = [page for page in compiled.pages if page not in wrong], list(compiled.errors)
    for name, category in wrong.items():
        post = compiled.posts[name]
        message = f"unknown category {category!r}; this blog has {', '.join(allowed)}"
        error = PostError(post.path, _line(project.root / post.path, category), message)
        errors.append(error)
        if show_errors:
            meta = {key: value for key, value in post.meta.items() if key != "categories"}
            page = render_error(dataclasses.replace(post, meta=meta), error)
            write_if_changed(compiled.folder / page.path, page.text.encode())
            pages.append(page.path)
    return dataclasses.replace(compiled, pages=pages, errors=errors)


def _categories(post: Post) -> list[str]:
    return list(post.meta.get("categories") or ())


def _line(path: Path, category: str) -> int:
    """The line of the front matter that names `category`; in a notebook the first line."""
    inside = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        inside = inside or line.startswith("categories:")
        if inside and category in line:
            return number
    return 1
