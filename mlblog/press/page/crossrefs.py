"""References: `[Figure](#fig-width)` in prose or a caption becomes “Figure 2”, a link to the figure.

So do `[Table](#tbl-…)`, `[Equation](#eq-…)` and `[Section](#sec-…)`, which is named by its title. They are ordinary
Markdown links, so that a notebook or a repository's viewer shows the word. A link with a text of its own keeps it and
gets no number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from mlblog.errors import PostError


@dataclass(frozen=True)
class Kind:
    """What a label may stand for: its name, as ids have it, the words that a number follows, how it is labelled."""

    name: str
    words: tuple[str, ...]
    cure: str


KINDS = {
    "fig": Kind("figure", ("Figure", "figure", "Fig.", "fig."), 'give one label="…" on its fence'),
    "tbl": Kind("table", ("Table", "table", "Tab.", "tab."), 'give one label="…" on its fence'),
    "eq": Kind("equation", ("Equation", "equation", "Eq.", "eq."), "end one with `$$ {#eq-…}`"),
    "sec": Kind("section", ("Section", "section", "Sec.", "sec."), "end its heading with `{#sec-…}`"),
}
#: A code span or a comment, in which nothing counts.
QUIET = r"(?P<code>`++)(?:(?!\n\s*\n).)+?(?<!`)(?P=code)(?!`)|<!--.*?-->"
_LINK = re.compile(rf"{QUIET}|\[(?P<text>[^\[\]]*)\]\(#(?P<kind>{'|'.join(KINDS)})-(?P<label>[^()\s]*)\)", re.DOTALL)


@dataclass(frozen=True)
class Target:
    """Something that can be referred to.

    Attributes:
        kind: a key of `KINDS`.
        shown: its number; of a section, its title in Markdown.
        anchor: its id on the page.
        line: of the post, on which it is labelled.
    """

    kind: str
    shown: str
    anchor: str
    line: int = 0

    def named(self, words: str) -> str:
        """What a reference shows that says `words`."""
        if words and words not in KINDS[self.kind].words:
            return words
        if self.kind == "sec":
            return f"{words} “{self.shown}”" if words else self.shown
        return f"{words or KINDS[self.kind].words[0]} {self.shown}"


def anchor(kind: str, slug: str, label: str) -> str:
    """The id on a page of what has a label."""
    return identifier(KINDS[kind].name, slug, label)


def identifier(kind: str, slug: str, name: str) -> str:
    """An id that no other post has, since excerpts of several share a page; as Markdown's blocks can write it."""
    return f"{kind}-{slug.replace('.', '-')}-{name}"


def link_references(text: str, targets: Mapping[str, Target], path: str, line: int) -> str:
    """Replace the references in Markdown that starts on `line` of the post at `path`.

    Args:
        text: Markdown; fences are no part of it.
        targets: what the post has labelled, by kind and label: `fig-loss`.
        path: the post, for messages.
        line: of the file, from 1.

    Raises:
        PostError: nothing of that kind has that label.

    Example:
        >>> there = {"fig-loss": Target("fig", "2", "figure-a-loss")}
        >>> link_references("See [Figure](#fig-loss).", there, "posts_src/a.md", 1)
        'See [Figure 2](#figure-a-loss).'
    """

    def replace(match: re.Match[str]) -> str:
        kind, label = match["kind"], match["label"]
        if kind is None:
            return match[0]
        found = targets.get(f"{kind}-{label}")
        if found is None:
            where = line + text.count("\n", 0, match.start())
            raise PostError(
                path, where, f"there is no {KINDS[kind].name} with the label {label!r}; {_hint(kind, label, targets)}"
            )
        return f"[{found.named(match['text'].strip())}](#{found.anchor})"

    return _LINK.sub(replace, text)


def _hint(kind: str, label: str, targets: Mapping[str, Target]) -> str:
    """What may have been meant: a label that is spelled like this one, or the same of another kind."""
    same = next((name for name in targets if name.partition("-")[2] == label), "")
    mine = [name.partition("-")[2] for name, target in targets.items() if target.kind == kind]
    if same:
        return f"did you mean #{same}?"
    if near := get_close_matches(label, mine, n=1):
        return f"did you mean #{kind}-{near[0]}?"
    return f"the labels are {', '.join(mine)}" if mine else KINDS[kind].cure
