"""What the text of a post points at: figures, tables, equations and sections by their label, papers by their key."""

from __future__ import annotations

from collections.abc import Mapping

from mlblog.papers import Bibliography, cite, references
from mlblog.papers.citation import described, sources
from mlblog.press.page.crossrefs import Target, link_references
from mlblog.press.source.document import Post


class Citing:
    """Resolves the references of one post, piece by piece as the page is put together.

    Attributes:
        keys: of the papers cited so far, each once, in order.
    """

    def __init__(self, post: Post, targets: Mapping[str, Target], bibliography: Bibliography) -> None:
        self._post, self._targets, self._bibliography = post, targets, bibliography
        self.keys: list[str] = []

    def resolve(self, text: str, line: int) -> str:
        """Markdown that starts on `line` of the post, with links in place of its references.

        Raises:
            PostError: the post has no such label, or the bibliography no such paper.
        """
        text = link_references(text, self._targets, self._post.path, line)
        cited = cite(text, self._bibliography, self._post.path, line)
        self.keys += [key for key in cited.keys if key not in self.keys]
        return cited.text

    def references(self, root: str) -> str:
        """Markdown of the list of what was cited; nothing where nothing was."""
        return references(self.keys, self._bibliography, root)

    def plain_references(self) -> str:
        """The same list for a notebook, where citations stay as they are written."""
        papers = [self._bibliography[key] for key in sorted(self.keys)]
        lines = [f"- [@{paper.key}] {' '.join([described(paper), *sources(paper)])}\n" for paper in papers]
        return "## References\n\n" + "".join(lines) if lines else ""
