"""The figure of a post on the page of a note: the same files, with the post's caption and a way to the post."""

from __future__ import annotations

import posixpath

from mlblog.errors import InputError
from mlblog.papers import Bibliography
from mlblog.papers.citation import escaped
from mlblog.press import Cell, Context, Post, parse_post
from mlblog.press.page.crossrefs import anchor
from mlblog.press.page.images import image_attributes
from mlblog.press.source import blocks
from mlblog.site.claims import linked


def figure_of(context: Context, name: str, place: str, page: str, bibliography: Bibliography) -> str:
    """The Markdown of a labelled figure of a post, for another page.

    Args:
        context: the posts.
        name: `post#label`, by the last part of the post's path.
        place: file and line that name it.
        page: the path of the other page.
        bibliography: of what the caption cites.

    Raises:
        InputError: there is no such post with a page, or no such figure in it.
    """
    slug, _, label = name.partition("#")
    post = next((one.post for one in context.posts if one.post.slug == slug), None)
    if post is None:
        raise InputError(f"{place}: figure {name!r}: no post {slug!r} has a page")
    options = next((cell.options for cell in _cells(context, post) if cell.options.label == label), None)
    if options is None or len(options.alt) != 1:
        raise InputError(f"{place}: figure {name!r}: {post.path} has no single figure with that label")
    folder = posixpath.relpath(posixpath.dirname(post.page), posixpath.dirname(page))
    alt = escaped(" ".join(options.alt[0].split()))
    images = "\n".join(
        f"![{alt}]({folder}/{slug}/{label}-{scheme}.svg#only-{scheme}){image_attributes()}"
        for scheme in ("light", "dark")
    )
    there = f"{posixpath.relpath(post.page, posixpath.dirname(page))}#{anchor('fig', slug, label)}"
    caption = linked(options.caption, post, bibliography, page)
    below = blocks.block("figcaption", f"{caption} From [{escaped(post.title)}]({there}).".strip())
    return blocks.block("figure.mlblog-figure", f"{images}\n\n{below}")


def _cells(context: Context, post: Post) -> list[Cell]:
    text = (context.project.root / post.path).read_bytes()
    return [unit for unit in parse_post(text, post.path).units if isinstance(unit, Cell)]
