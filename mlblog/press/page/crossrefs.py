"""References to figures: `[Figure](#fig-width)` in prose or a caption becomes “Figure 2”, a link to the figure.

An ordinary Markdown link, so that a notebook or a repository's viewer shows the word. A link with a text of its own
keeps it and gets no number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches

from mlblog.errors import PostError

#: Texts that are followed by the figure's number; no text stands for the first.
NUMBERED = ("Figure", "figure", "Fig.", "fig.")
# a code span or a comment, in which nothing counts, or a link to a figure
_LINK = re.compile(
    r"(?P<code>`+).+?(?<!`)(?P=code)(?!`)|<!--.*?-->|\[(?P<text>[^\[\]]*)\]\(#fig-(?P<label>[^()\s]*)\)", re.S
)


def anchor(slug: str, label: str) -> str:
    """The id of a figure on a page."""
    return identifier("figure", slug, label)


def identifier(kind: str, slug: str, name: str) -> str:
    """An id that no other post has, since excerpts of several share a page; as Markdown's blocks can write it."""
    return f"{kind}-{slug.replace('.', '-')}-{name}"


def number_references(text: str, numbers: Mapping[str, int], slug: str, path: str, line: int) -> str:
    """Replace the references to figures in Markdown that starts on `line` of the post at `path`.

    Args:
        text: Markdown; fences are no part of it.
        numbers: the number of each labelled figure of the post.
        slug: the post's, for the addresses.
        path: the post, for messages.
        line: of the file, from 1.

    Raises:
        PostError: no figure of the post has that label.

    Example:
        >>> number_references("See [Figure](#fig-loss).", {"loss": 2}, "a", "posts_src/a.md", 1)
        'See [Figure 2](#figure-a-loss).'
    """

    def replace(match: re.Match[str]) -> str:
        label = match["label"]
        if label is None:
            return match[0]
        if label not in numbers:
            where = line + text.count("\n", 0, match.start())
            near = get_close_matches(label, numbers, n=1)
            there = f"the labels are {', '.join(numbers)}" if numbers else 'give one label="…" on its fence'
            hint = f"did you mean #fig-{near[0]}?" if near else there
            raise PostError(path, where, f"there is no figure with the label {label!r}; {hint}")
        words = match["text"].strip() or NUMBERED[0]
        words = f"{words} {numbers[label]}" if words in NUMBERED else words
        return f"[{words}](#{anchor(slug, label)})"

    return _LINK.sub(replace, text)
