"""The end of a page: the next part of its series, related posts, how to cite it, its notebook, how to reproduce it."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Sequence

from mlblog.errors import PostError
from mlblog.papers.citation import escaped
from mlblog.press.page import evidence
from mlblog.press.page.provenance import Evidence
from mlblog.press.page.series import beside
from mlblog.press.page.site_context import SiteContext
from mlblog.press.source import blocks
from mlblog.press.source.document import Post

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LATEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}


def colophon(post: Post, around: SiteContext, found: Sequence[Evidence], root: str, notebook: str) -> str:
    """The colophon of `post` in Markdown.

    Args:
        post: the post.
        around: the site context.
        found: evidence behind the page.
        root: relative path from the page to the site root.
        notebook: file name of the notebook beside the page, or empty.

    Raises:
        PostError: the post names a week without goals.
    """
    text = beside(post, around.series)
    if others := around.related.get(post.path):
        links = "".join(f"- [{escaped(other.title)}]({_way(post, other)})\n" for other in others)
        text += "\n" + blocks.block("div.mlblog-related", f"**Related**\n\n{links}")
    if week := post.meta.get("week"):
        if week not in around.weeks:
            raise PostError(post.path, 1, f"week: {week!r} has no goals; name a file in posts_src/goals")
        text += f"\nThis was one of the [goals of week {week}]({root}/goals/{week}.md).\n"
    ends = [
        f"[This post as a notebook, with its outputs]({notebook}){{ .mlblog-notebook download }}\n" if notebook else "",
        blocks.folded("Cite this post", blocks.fence("bibtex", bibtex(post, around))),
        evidence.remake(found, root, around.origin),
    ]
    return text + "\n" + blocks.block("div.mlblog-remake", "\n".join(filter(None, ends)))


def bibtex(post: Post, around: SiteContext) -> str:
    """The BibTeX entry of `post`, by its authors or by the site; the key is its slug and year."""
    day = post.day
    word = re.sub(r"[^a-z0-9-]+", "", unicodedata.normalize("NFKD", post.slug.lower()))
    site = latex(around.site_name)
    fields = {
        "author": " and ".join(map(latex, around.authors_of(post))) or (f"{{{site}}}" if site else ""),
        "title": f"{{{latex(post.title)}}}",
        "howpublished": f"{site}, a blog" if site else "",
        "year": str(day.year),
        "month": _MONTHS[day.month - 1],
        "url": around.url_of(post),
    }
    width = max(len(name) for name, value in fields.items() if value)
    lines = [
        f"  {name:<{width}} = {value if name == 'month' else f'{{{value}}}'},\n"
        for name, value in fields.items()
        if value
    ]
    return f"@misc{{{word}{day.year},\n{''.join(lines)}}}"


def latex(text: str) -> str:
    """Escape text for BibTeX."""
    return "".join(_LATEX.get(sign) or (f"\\{sign}" if sign in "&%$#_{}" else sign) for sign in text)


def _way(post: Post, other: Post) -> str:
    return posixpath.relpath(other.page, post.folder)
