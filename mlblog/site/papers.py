"""The pages of papers: an index by topic, a page per note, and the bibliography as a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from mlblog.errors import InputError
from mlblog.papers import STATES, Bibliography, Paper, cite
from mlblog.papers.bibliography import FILE, NOTES
from mlblog.papers.citation import bibtex_fold, described, escaped, escaped_title, references, sources
from mlblog.press import Context, Page
from mlblog.press.source.blocks import block
from mlblog.site.claims import item
from mlblog.site.entries import entry, group, listed
from mlblog.site.note_figure import figure_of
from mlblog.site.paper_uses import FOLDER, Uses, shown, uses_of_papers

#: The section of a note to which its figure and the verdicts on its paper's claims are added.
FOUND = "What we found"
#: The section of a note to which the list of what cites its paper is added.
HERE = "Where it is here"
_HEAD = """---
title: Papers
description: Every paper used here, by topic, with our notes, code and results.
hide: [toc]
---

# Papers
"""
_STATES = (
    "Each says how far we are: to read, skimmed, read, implemented, replicated. "
    "Each also says what it was written from: the paper, or its equations and results as others state them. "
    "A paper without a note is cited or waits, and nothing more is claimed."
)


def pages(context: Context) -> Iterator[Page]:
    """Yield the index and the pages of notes, if there is a bibliography.

    Raises:
        InputError: the bibliography or a note is invalid, or a note has no paper; with the line.
        PostError: a note cites an unknown paper.
    """
    project = context.project
    bibliography = Bibliography.of(project)
    if not len(bibliography):
        return
    package = project.root.joinpath(*project.packages[0].split("."))
    for file in sorted((package / NOTES).glob("*.md")):
        if file.stem not in bibliography:
            raise InputError(f"{project.relative(file)}:1: {bibliography.unknown(file.stem)}")
    uses = uses_of_papers(context)
    bibtex = {"references.bib": (package / FILE).read_bytes()}
    yield Page(f"{FOLDER}/index.md", index(bibliography, uses), bibtex)
    for paper in bibliography:
        if paper.note:
            place = project.relative(package / NOTES / f"{paper.key}.md")
            text = note_page(paper, bibliography, uses.get(paper.key, Uses()), place, context)
            yield Page(f"{FOLDER}/{paper.key}.md", text)


def index(bibliography: Bibliography, uses: dict[str, Uses]) -> str:
    """The Markdown of the index."""
    topics: dict[str, list[Paper]] = {}
    for paper in bibliography:
        topics.setdefault(paper.topic or "Further", []).append(paper)
    states = Counter(paper.note.state for paper in bibliography if paper.note)
    counted = ", ".join(f"{states[state]} {state}" for state in STATES if states[state])
    notes = f"There are notes on {sum(states.values())} ({counted}). {_STATES}" if states else ""
    used = sum(1 for paper in bibliography if paper.key in uses)
    text = (
        f"\n{len(bibliography)} papers, books and posts, {used} of them used by code, posts or claims here. {notes}\n\n"
        "The whole list as [BibTeX](references.bib).\n"
    )
    groups = [
        group(f"## {escaped(topic)}", [_item(paper, uses.get(paper.key, Uses())) for paper in topics[topic]])
        for topic in sorted(topics)
    ]
    return _HEAD + text + "\n" + listed(("topic", "state"), "\n".join(groups))


def _item(paper: Paper, uses: Uses) -> str:
    more = sources(paper)
    if paper.note:
        more.insert(0, f"**[Note]({paper.key}.md)** {_state(paper)}")
    lines = [described(paper), " · ".join(more), *shown(uses, paper.key)]
    text = "  \n".join(line for line in lines if line)
    state = f"note: {_state(paper)}" if paper.note else ""
    aside = " · ".join(filter(None, [escaped(paper.label), state]))
    return entry(
        "",
        f'### {escaped_title(paper.title)} {{ #{paper.key} }}\n\n<span class="mlblog-aside">{aside}</span>',
        f"{text}\n\n{bibtex_fold(paper)}",
        topic=paper.topic or "Further",
        state=paper.note.state if paper.note else "no note",
    )


def _state(paper: Paper) -> str:
    if not paper.note:
        return ""
    sure = "" if paper.note.confidence is None else f", confidence {paper.note.confidence} of 5"
    return f"{paper.note.state}{sure}"


def note_page(paper: Paper, bibliography: Bibliography, uses: Uses, place: str, context: Context) -> str:
    """The Markdown of the page of a note.

    Raises:
        InputError: the note names a figure that is not there.
        PostError: the note cites a paper that is not there.
    """
    note = paper.note
    assert note is not None
    page = f"{FOLDER}/{paper.key}.md"
    found = figure_of(context, note.figure, f"{place}:{note.figure_line}", page, bibliography) if note.figure else ""
    found += "".join(item(one, bibliography, page) for one in uses.claims)
    here = shown(Uses(uses.modules, uses.experiments, uses.posts), paper.key)
    added = {FOUND: found, HERE: "".join(f"- {line}\n" for line in here)}
    keys: list[str] = []
    sections = ""
    for (title, text), line in zip(note.sections, note.lines, strict=True):
        cited = cite(text, bibliography, place, line)
        keys += cited.keys
        sections += f"\n## {title}\n\n{cited.text}\n"
        if more := added.pop(title, ""):
            sections += f"\n{more}"
    sections += "".join(f"\n## {title}\n\n{more}" for title, more in added.items() if more)
    more = " · ".join([*sources(paper), f"[{escaped(paper.topic)}](index.md#{paper.key})"])
    head = block("div.mlblog-paper", f"{described(paper)} {more}\n\nState: {_state(paper)}")
    described_as = f"Note on {paper.label}: {_state(paper)}."
    return (
        f"---\ntitle: {_quoted(paper.title)}\ndescription: {_quoted(described_as)}\n---\n\n"
        f"# {escaped_title(paper.title)}\n\n"
        f"{head}\n{bibtex_fold(paper)}{sections}"
        + references([key for key in keys if key != paper.key], bibliography, "..")
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
