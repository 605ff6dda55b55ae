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
from mlblog.markup import scan


@dataclass(frozen=True)
class Kind:
    """A kind of label target: its name, as used in ids, the words before its number, and how to label one."""

    name: str
    words: tuple[str, ...]
    cure: str


KINDS = {
    "fig": Kind("figure", ("Figure", "figure", "Fig.", "fig."), 'give one label="…" on its fence'),
    "tbl": Kind("table", ("Table", "table", "Tab.", "tab."), 'give one label="…" on its fence'),
    "eq": Kind("equation", ("Equation", "equation", "Eq.", "eq."), "end one with `$$ {#eq-…}`"),
    "sec": Kind("section", ("Section", "section", "Sec.", "sec."), "end its heading with `{#sec-…}`"),
}
_LINK = re.compile(rf"\[(?P<text>[^\[\]]*)\]\(#(?P<kind>{'|'.join(KINDS)})-(?P<label>[^()\s]*)\)")


@dataclass(frozen=True)
class Target:
    """The target of a reference.

    Attributes:
        kind: a key of `KINDS`.
        shown: its number, or the title of a section in Markdown.
        anchor: its HTML id.
        line: line of the post with the label.
    """

    kind: str
    shown: str
    anchor: str
    line: int = 0

    def named(self, words: str) -> str:
        """The text of a reference written with `words`."""
        if words and words not in KINDS[self.kind].words:
            return words
        if self.kind == "sec":
            return f"{words} “{self.shown}”" if words else self.shown
        return f"{words or KINDS[self.kind].words[0]} {self.shown}"


def anchor(kind: str, slug: str, label: str) -> str:
    """The HTML id of a labelled target."""
    return identifier(KINDS[kind].name, slug, label)


def identifier(kind: str, slug: str, name: str) -> str:
    """An HTML id unique across posts, since excerpts share pages, with characters that Markdown blocks accept."""
    return f"{kind}-{slug.replace('.', '-')}-{name}"


def link_references(text: str, targets: Mapping[str, Target], path: str, line: int) -> str:
    """Replace the references in Markdown that starts on `line` of the post at `path`.

    Args:
        text: Markdown without fences.
        targets: labelled targets, by kind and label: `fig-loss`.
        path: path of the post, for messages.
        line: of the file, from 1.

    Raises:
        PostError: no target of that kind has that label.

    Example:
        >>> there = {"fig-loss": Target("fig", "2", "figure-a-loss")}
        >>> link_references("See [Figure](#fig-loss).", there, "posts_src/a.md", 1)
        'See [Figure 2](#figure-a-loss).'
    """
    if not _LINK.search(text):
        return text
    live = scan(text, prose=True).without()

    def replace(match: re.Match[str]) -> str:
        kind, label = match["kind"], match["label"]
        if live[match.start()] != "[" or live[match.end() - 1] != ")":
            return match[0]
        found = targets.get(f"{kind}-{label}")
        if found is None:
            where = line + text.count("\n", 0, match.start())
            raise PostError(
                path, where, f"no {KINDS[kind].name} has the label {label!r}; {_hint(kind, label, targets)}"
            )
        return f"[{found.named(match['text'].strip())}](#{found.anchor})"

    return _LINK.sub(replace, text)


def _hint(kind: str, label: str, targets: Mapping[str, Target]) -> str:
    """A suggestion: the same label of another kind, or a similar one."""
    same = next((name for name in targets if name.partition("-")[2] == label), "")
    mine = [name.partition("-")[2] for name, target in targets.items() if target.kind == kind]
    if same:
        return f"did you mean #{same}?"
    if near := get_close_matches(label, mine, n=1):
        return f"did you mean #{kind}-{near[0]}?"
    return f"the labels are {', '.join(mine)}" if mine else KINDS[kind].cure
