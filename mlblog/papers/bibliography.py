"""The bibliography of a project: `papers/references.bib` in its first package, cached by file content."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mlblog.errors import InputError
from mlblog.files.canonical import digest
from mlblog.files.made_by import made_by
from mlblog.files.memo import Memo
from mlblog.lab import Project
from mlblog.papers.paper import Paper

FILE = Path("papers") / "references.bib"
NOTES = Path("papers") / "notes"
_PARSER = [str(Path(__file__).with_name(name)) for name in ("bibtex.py", "paper.py")]


class Bibliography:
    """Papers by key."""

    def __init__(self, papers: Iterable[Paper] = (), *, place: str = "references.bib", digest: str = "") -> None:
        self._papers = {paper.key: paper for paper in sorted(papers, key=lambda paper: paper.key)}
        self.place = place
        self.digest = digest

    @classmethod
    def of(cls, project: Project) -> Bibliography:
        """The bibliography of a project; empty if it has none.

        The parsed entries are cached in the project's work folder.

        Raises:
            InputError: the file is invalid; with the line.
        """
        package = project.root.joinpath(*project.packages[0].split("."))
        return cls.read(package / FILE, place=project.relative(package / FILE), work=project.work)

    @classmethod
    def read(cls, file: Path, *, place: str = "", work: Path | None = None) -> Bibliography:
        """The bibliography in a file, with notes in the folder `notes` beside it; empty if there is no file.

        Args:
            file: BibTeX, UTF-8.
            place: its name in messages.
            work: folder for the cache of parsed entries; None for no cache.

        Raises:
            InputError: the file is invalid; with the line.
        """
        place = place or file.as_posix()
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return cls(place=place)
        key = digest("bibliography", made_by(*_PARSER), data)

        def parsed() -> list[dict[str, Any]]:
            from mlblog.papers.bibtex import parse  # imports pybtex

            return parse(data, place)

        entries = Memo(work / "bibliography.json" if work else None).value(key, parsed)
        return cls((_paper(entry, file.parent / "notes") for entry in entries), place=place, digest=key)

    def __getitem__(self, key: str) -> Paper:
        """Return the paper with a key.

        Raises:
            InputError: there is none; with the closest key.
        """
        if key in self._papers:
            return self._papers[key]
        raise InputError(self.unknown(key))

    def unknown(self, key: str) -> str:
        """The error message for an unknown key, with a suggestion."""
        near = difflib.get_close_matches(key, self._papers, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}?" if near else "add the paper there, or correct the key"
        return f"no paper {key!r} in {self.place}; {hint}"

    def __contains__(self, key: object) -> bool:
        return key in self._papers

    def __iter__(self) -> Iterator[Paper]:
        return iter(self._papers.values())

    def __len__(self) -> int:
        return len(self._papers)


def paper(key: str) -> Paper:
    """Return the paper with a key from the bibliography of the current project.

    Raises:
        InputError: there is none; with the closest key.

    Example:
        >>> paper("vinyals2015pointer").cite
        'Vinyals et al., 2015'
    """
    return Bibliography.of(Project.find())[key]


def _paper(entry: dict[str, Any], notes: Path) -> Paper:
    lists = {name: tuple(entry[name]) for name in ("authors", "surnames")}
    return Paper(**{**entry, **lists}, folder=notes)
