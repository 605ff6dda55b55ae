"""Experiments that posts read, in the order in which pages need them, found without running anything."""

from __future__ import annotations

import contextlib

from mlblog.errors import MlblogError
from mlblog.lab import Lab
from mlblog.lab.fingerprint.resolve import DECLARATION
from mlblog.press.cache.outputs import manifest
from mlblog.press.compile import post_files
from mlblog.press.source.document import Post
from mlblog.press.source.parse import parse_post


def experiments_needed(lab: Lab) -> dict[str, list[str]]:
    """Return `{experiment: posts that name it}`, the newest post's first.

    Unreadable posts are skipped: compiling them reports the error.
    """
    posts: list[Post] = []
    for path in post_files(lab.project):
        with contextlib.suppress(MlblogError):
            posts.append(parse_post(path.read_bytes(), lab.project.relative(path)))
    posts.sort(key=lambda post: str(post.meta["date"]), reverse=True)
    needed: dict[str, list[str]] = {}
    for post in posts:
        names = {name.removesuffix(DECLARATION) for name in manifest(post, lab.code) if name.endswith(DECLARATION)}
        for name, declaration in lab.experiments.items():
            if declaration.qualified in names:
                needed.setdefault(name, []).append(post.path)
    return needed
