"""Posts that belong together: the box with the parts of a series, and the way from part to part."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from mlblog.papers.citation import escaped
from mlblog.press.source import blocks
from mlblog.press.source.document import Post


def series(posts: Iterable[Post]) -> dict[str, list[Post]]:
    """The parts of each post's series, by the post's path: by date, on one day by address."""
    parts: dict[str, list[Post]] = defaultdict(list)
    for post in sorted(posts, key=lambda post: (post.day, post.slug)):
        if name := post.meta.get("series"):
            parts[name].append(post)
    return {post.path: together for together in parts.values() if len(together) > 1 for post in together}


def box(post: Post, found: Mapping[str, Sequence[Post]]) -> str:
    """What a part says of its series, above its text; empty for other posts."""
    parts = found.get(post.path)
    if not parts:
        return ""
    line = f"Part {_place(post, parts) + 1} of {len(parts)} of *{escaped(post.meta['series'])}*"
    items = (f"1. {escaped(one.title) if one.path == post.path else _link(post, one)}\n" for one in parts)
    inside = blocks.block("summary", line) + "\n" + "".join(items)
    return blocks.block("details.mlblog-series[open][data-search-exclude]", inside) + "\n"


def beside(post: Post, found: Mapping[str, Sequence[Post]]) -> str:
    """Links to the previous and the next part, below the text; empty for other posts."""
    parts = found.get(post.path)
    if not parts:
        return ""
    place = _place(post, parts)
    previous = [f"Previous part: {_link(post, parts[place - 1])}"] if place else []
    following = [f"Next part: {_link(post, one)}" for one in parts[place + 1 : place + 2]]
    return "\n" + blocks.block("div.mlblog-parts", "\n\n".join(previous + following))


def _place(post: Post, parts: Sequence[Post]) -> int:
    return [one.path for one in parts].index(post.path)


def _link(post: Post, other: Post) -> str:
    return f"[{escaped(other.title)}]({posixpath.relpath(other.page, post.folder)})"
