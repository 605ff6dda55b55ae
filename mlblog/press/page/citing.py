"""Resolve references in a post: figures, tables, equations and sections by label, papers by key."""

from __future__ import annotations

from collections.abc import Mapping

from mlblog.papers import Bibliography, cite, references
from mlblog.papers.citation import described, sources
from mlblog.press.page.crossrefs import Target, link_references
from mlblog.press.source.document import Post


class Citing:
    """Resolves the references of one post, piece by piece.

    Attributes:
        keys: papers cited so far, in order, without repeats.
    """

    def __init__(self, post: Post, targets: Mapping[str, Target], bibliography: Bibliography) -> None:
        self._post, self._targets, self._bibliography = post, targets, bibliography
        self.keys: list[str] = []

    def resolve(self, text: str, line: int) -> str:
        """Replace references by links in Markdown that starts on `line` of the post.

        Raises:
            PostError: the post has no such label, or the bibliography no such paper.
        """
        text = link_references(text, self._targets, self._post.path, line)
        cited = cite(text, self._bibliography, self._post.path, line, prose=True)
        self.keys += [key for key in cited.keys if key not in self.keys]
        return cited.text

    def references(self, root: str) -> str:
        """The list of cited papers in Markdown; empty if there are none."""
        return references(self.keys, self._bibliography, root)

    def plain_references(self) -> str:
        """The same list for a notebook, in which citations are not replaced."""
        papers = [self._bibliography[key] for key in sorted(self.keys)]
        lines = [f"- [@{paper.key}] {' '.join([described(paper), *sources(paper)])}\n" for paper in papers]
        return "## References\n\n" + "".join(lines) if lines else ""
