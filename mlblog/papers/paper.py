"""A paper: an entry of the bibliography."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from mlblog.papers.note import Note, read_note


@dataclass(frozen=True)
class Paper:
    """An entry of the bibliography, in Unicode.

    Attributes:
        key: first author, year, first real word of the title, as in `vaswani2017attention`.
        authors: full names, in order.
        surnames: their surnames, particles included.
        more_authors: whether the entry omits some.
        title: without braces.
        year: year of publication, or of the preprint.
        venue: journal, conference, publisher or kind of report; empty for a preprint.
        eprint: arXiv identifier, or empty.
        doi: or empty.
        topic: its topic in the index.
        link: a URL, if there is neither a DOI nor an arXiv identifier.
        label: text of a citation.
        bibtex: its entry as in the file, without the fields used only by this project.
        folder: folder of the notes.
    """

    key: str
    authors: tuple[str, ...]
    surnames: tuple[str, ...]
    more_authors: bool
    title: str
    year: int
    venue: str
    eprint: str
    doi: str
    topic: str
    link: str
    label: str
    bibtex: str
    folder: Path

    @property
    def cite(self) -> str:
        """The text of a citation, as in "Vaswani et al., 2017"."""
        return self.label

    @property
    def url(self) -> str:
        """Its URL: arXiv, DOI or another link; empty if unknown."""
        if self.eprint:
            return f"https://arxiv.org/abs/{self.eprint}"
        return f"https://doi.org/{self.doi}" if self.doi else self.link

    @cached_property
    def note(self) -> Note | None:
        """The note on it, or None.

        Raises:
            InputError: the note is invalid; with the line.
        """
        file = self.folder / f"{self.key}.md"
        return read_note(file) if file.is_file() else None


def written_authors(paper: Paper) -> str:
    """All authors: "A", "A and B", "A, B, and C", "A, B, and others"."""
    names = [*paper.authors, *(["others"] if paper.more_authors else [])]
    if len(names) < 3:
        return " and ".join(names)
    return ", ".join(names[:-1]) + f", and {names[-1]}"


def short_authors(surnames: tuple[str, ...], more_authors: bool) -> str:
    """The authors in a citation: one, two, or the first and "et al."."""
    if more_authors or len(surnames) > 2:
        return f"{surnames[0]} et al."
    return " and ".join(surnames)
