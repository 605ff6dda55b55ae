"""Report posts with unknown categories or authors by file and line, before the host rejects them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

from mlblog.errors import PostError
from mlblog.files.atomic import write_if_changed
from mlblog.lab import Project
from mlblog.press import Compiled, Post
from mlblog.press.page.render import render_error


def with_known_terms(
    compiled: Compiled, blog: Mapping[str, Any], docs: Path, project: Project, *, show_errors: bool
) -> Compiled:
    """Reject posts with categories or authors that Material's blog would reject, but with file and line.

    Args:
        compiled: the compiled posts.
        blog: options of the blog plugin.
        docs: folder of the fixed pages.
        project: the project with the posts.
        show_errors: whether such a post gets an error page; otherwise it gets none.
    """
    if allowed := list(blog.get("categories_allowed") or ()):
        told = f"this blog has {', '.join(allowed)}"
        compiled = _with_known(compiled, "categories", allowed, told, project, show_errors)
    if not blog.get("authors", True):
        return compiled
    file = docs / str(blog.get("authors_file") or "{blog}/.authors.yml").format(blog=blog.get("blog_dir") or "blog")
    known = _authors(file)
    told = f"{project.relative(file)} has {', '.join(known) or 'none'}; add the author there"
    return _with_known(compiled, "authors", known, told, project, show_errors)


def _authors(file: Path) -> list[str]:
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return []  # missing, or Material says what is wrong with it
    authors = found.get("authors") if isinstance(found, dict) else None
    return list(map(str, authors)) if isinstance(authors, dict) else []


def _with_known(
    compiled: Compiled, key: str, known: Collection[str], told: str, project: Project, show_errors: bool
) -> Compiled:
    wrong = {page: name for page, post in compiled.posts.items() for name in _named(post, key) if name not in known}
    wrong = {page: name for page, name in wrong.items() if page in compiled.pages}
    if not wrong:
        return compiled
    pages, errors = [page for page in compiled.pages if page not in wrong], list(compiled.errors)
    for name, value in wrong.items():
        post = compiled.posts[name]
        line = _line(project.root / post.path, key, value)
        kind = "category" if key == "categories" else "author"
        error = PostError(post.path, line, f"unknown {kind} {value!r}; {told}")
        errors.append(error)
        if show_errors:
            meta = {key: value for key, value in post.meta.items() if key not in ("authors", "categories")}
            page = render_error(dataclasses.replace(post, meta=meta), error)
            write_if_changed(compiled.folder / page.path, page.text.encode())
            pages.append(page.path)
    return dataclasses.replace(compiled, pages=pages, errors=errors)


def _named(post: Post, key: str) -> list[str]:
    found = post.meta.get(key) or ()
    return list(found) if isinstance(found, list | tuple) else []  # Material says what else is wrong


def _line(path: Path, key: str, value: str) -> int:
    """The line of the front matter with that value of a key; in a notebook the first line."""
    inside = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        inside = inside or line.startswith(f"{key}:")
        if inside and value in line:
            return number
    return 1
