"""Put a paper into the bibliography, from BibTeX or by its number, with a note on it."""

from __future__ import annotations

import re
from pathlib import Path

from mlblog.errors import InputError
from mlblog.files.atomic import write_atomically
from mlblog.lab import Project
from mlblog.papers import Bibliography
from mlblog.papers.bibliography import FILE
from mlblog.papers.entry import HEAD, Entry, put_in_order, with_topic
from mlblog.papers.fetch import fetch, number_of
from mlblog.scaffold.new import Created, new_note

#: Abbreviations that an entry cannot take along.
_MACRO = re.compile(r"(?mi)^[ \t]*@string\b")


def new_paper(project: Project, source: str, topic: str = "") -> list[Created]:
    """Put papers into the bibliography; one that is new or without a note gets one.

    Args:
        project: the blog.
        source: an arXiv number, a DOI, a URL with either, a BibTeX file, or BibTeX.
        topic: their topic in the index.

    Returns:
        The bibliography if anything was added to it, and the notes that were begun.

    Raises:
        InputError: the source names no paper, or the paper and its note are there already.
    """
    known = Bibliography.of(project)
    file = project.root.joinpath(*project.packages[0].split(".")) / FILE
    is_file = "\n" not in source and len(source) < 256 and Path(source).is_file()
    if not is_file and source.endswith(".bib"):
        raise InputError(f"{source}: no such file")
    text = Path(source).read_text(encoding="utf-8") if is_file else source
    added: dict[str, str] = {}
    if HEAD.search(text):
        keys = _from_bibtex(text, source if is_file else "the entry", topic, known, added)
    else:
        keys = [_from_library(source, topic, known, added)]
    created = []
    if added:
        bibliography = file.read_text(encoding="utf-8") if file.exists() else ""
        for key, entry in added.items():
            bibliography = put_in_order(bibliography, key, entry)
        from mlblog.papers.bibtex import parse  # imports pybtex

        parse(bibliography.encode(), project.relative(file))
        write_atomically(file, bibliography.encode())
        told = f"cite it: [@{next(iter(added))}]" if len(added) == 1 else f"{len(added)} papers added"
        created.append(Created(file, (told,) if topic else (told, "give each a topic: `topic = {…},`")))
    notes = file.parent / "notes"
    missing = [key for key in keys if not (notes / f"{key}.md").exists()]
    if not missing:
        raise InputError(f"{', '.join(keys)}: already in {known.place}, with a note")
    return created + [new_note(project, key) for key in missing]


def _from_bibtex(text: str, place: str, topic: str, known: Bibliography, added: dict[str, str]) -> list[str]:
    from mlblog.papers.bibtex import parse, without_macros  # imports pybtex

    entries = {entry["key"]: entry for entry in parse(text.encode(), place)}
    written = without_macros(text) if _MACRO.search(text) else {}
    heads = [head.start() for head in HEAD.finditer(text)]
    keys = []
    for start, end in zip(heads, [*heads[1:], len(text)], strict=True):
        source = text[start:end].strip()
        source = source[: source.rindex("}") + 1]
        head = HEAD.match(source)
        assert head is not None
        found = entries[head[2]]
        key = head[2]
        if not re.fullmatch(
            r"[A-Za-z][A-Za-z0-9_-]*", key
        ):  # such as DBLP:conf/nips/Vaswani17, which no citation takes
            key = Entry(head[1], found["surnames"][0], found["title"], {"year": str(found["year"])}).key
        same = _known_as(known, found["eprint"], found["doi"])
        if same is None and key in known and known[key].title.casefold() != found["title"].casefold():
            raise InputError(f"{place}: {key} is another paper in {known.place}; give the new one another key")
        if same is None and key not in known:
            added[key] = written[head[2]].text(key, topic) if written else with_topic(source, key, topic)
        keys.append(same or key)
    return keys


def _known_as(known: Bibliography, eprint: str, doi: str) -> str | None:
    """The key of the paper with one of these numbers."""
    numbers = {number.casefold() for number in (eprint, doi) if number}
    return next((paper.key for paper in known if numbers & {paper.eprint.casefold(), paper.doi.casefold()}), None)


def _from_library(source: str, topic: str, known: Bibliography, added: dict[str, str]) -> str:
    library, number = number_of(source)
    if not library:
        raise InputError(
            f"{source}: not an arXiv number, a DOI, a URL with either, or a BibTeX file;"
            " save its BibTeX and give that: mlblog new paper FILE.bib"
        )
    if same := _known_as(known, number if library == "arxiv" else "", number if library == "doi" else ""):
        return same
    found = fetch(library, number)
    key = found.key
    while key in known:  # another paper of the same author and year
        key += "x"
    added[key] = found.text(key, topic)
    return key
