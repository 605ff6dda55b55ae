"""The index of scribbles: short topic notes, by theme."""

from __future__ import annotations

from collections.abc import Iterator

from mlblog.papers.citation import escaped
from mlblog.press import Context, Page, Post

_HEAD = """---
title: Scribbles
description: Short notes on single topics, each with something that runs.
hide: [toc]
---

# Scribbles

Short notes on single topics, in our own words. Each states its conditions, and runs what can be run.
"""


def pages(context: Context) -> Iterator[Page]:
    """Yield the index, if there are scribbles."""
    themes: dict[str, list[Post]] = {}
    for post in (one.post for one in context.posts):
        if post.folder == "scribbles":
            themes.setdefault(str(post.meta.get("theme", "Further")), []).append(post)
    if themes:
        yield Page("scribbles/index.md", _HEAD + "".join(_theme(name, themes[name]) for name in sorted(themes)))


def _theme(name: str, posts: list[Post]) -> str:
    lines = [f"\n## {escaped(name)}\n"]
    for post in sorted(posts, key=lambda post: post.title.casefold()):
        told = str(post.meta.get("description", "")).strip()
        lines.append(f"- [{escaped(post.title)}]({post.slug}.md)" + (f": {escaped(told)}" if told else ""))
    return "\n".join(lines) + "\n"
