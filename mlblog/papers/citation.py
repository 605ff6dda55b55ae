"""Turn citations in Markdown into links to the page's list of references, and render that list."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from mlblog.errors import PostError
from mlblog.papers.bibliography import Bibliography
from mlblog.papers.paper import Paper, written_authors
from mlblog.papers.scan import Group, find_citations


class Cited(NamedTuple):
    """Text with linked citations, and the cited keys in order, without repeats."""

    text: str
    keys: tuple[str, ...]


def cite(text: str, bibliography: Bibliography, path: str, line: int, *, prose: bool = False) -> Cited:
    r"""Link the citations in a Markdown text to the references of the page.

    `[@key]` becomes "(Vaswani et al., 2017)". Brackets may hold several, `[@a; @b, §3]`, with words
    before and after each; `[-@key]` gives only the year.

    Args:
        text: Markdown.
        bibliography: looks up keys.
        path: path of the post, for messages.
        line: line of the post where the text starts.
        prose: whether the text is known to hold no indented code.

    Raises:
        PostError: an unknown key, or a part of a citation without a key; with the line.
    """
    pieces, keys, at = [], [], 0
    for group in find_citations(text, prose=prose):
        where = line + text.count("\n", 0, group.start)
        pieces += [text[at : group.start], _links(group, text, bibliography, path, where)]
        keys += [item.key for item in group.items if item]
        at = group.end
    if not at:
        return Cited(text, ())
    return Cited("".join([*pieces, text[at:]]), tuple(dict.fromkeys(keys)))


def cited_keys(text: str, *, prose: bool = False) -> tuple[str, ...]:
    """The keys cited in a Markdown text, in order, without repeats; they need not exist.

    Example:
        >>> cited_keys("As in [@vinyals2015pointer; see @graves2014neural, §3], not `[@here]`.")
        ('vinyals2015pointer', 'graves2014neural')
    """
    return tuple(dict.fromkeys(item.key for group in find_citations(text, prose=prose) for item in group.items if item))


def _links(group: Group, text: str, bibliography: Bibliography, path: str, line: int) -> str:
    out = []
    for item in group.items:
        if item is None:
            raise PostError(path, line, f"a part of {text[group.start : group.end]!r} has no key; write `[@a; @b]`")
        if item.key not in bibliography:
            raise PostError(path, line, bibliography.unknown(item.key))
        label = bibliography[item.key].label
        shown = label.rpartition(", ")[2] if item.year_only else label
        out.append(f"{item.before}[{escaped(shown)}](#ref-{item.key}){{ .mlblog-cite }}{item.after}")
    return f"({'; '.join(out)})"


def references(keys: Iterable[str], bibliography: Bibliography, root: str) -> str:
    """The references section of a page in Markdown; empty if nothing is cited.

    Args:
        keys: cited keys.
        bibliography: looks up keys.
        root: relative path from the page's folder to the site root, as in `../..`.
    """
    papers = [bibliography[key] for key in sorted(set(keys))]  # sorts by author and year
    if not papers:
        return ""
    items = "\n".join(_reference(paper, root) for paper in papers)
    return f"\n## References\n\n////// html | ul.mlblog-references\n\n{items}\n//////\n"


def _reference(paper: Paper, root: str) -> str:
    page = f"{root}/papers/{paper.key}.md" if paper.note else f"{root}/papers/index.md#{paper.key}"
    more = f"[{'our note' if paper.note else 'in our list'}]({page})"
    line = f"{described(paper)} {' · '.join([*sources(paper), more])}"
    return f"///// html | li#ref-{paper.key}\n    markdown: block\n\n{line}\n\n{bibtex_fold(paper)}/////\n"


def described(paper: Paper) -> str:
    """A paper as a list entry in Markdown: authors, title, venue, year."""
    end = "" if paper.title.endswith(("?", "!")) else "."
    venue = f"*{escaped(paper.venue)}*, " if paper.venue else ""
    return f"{escaped(written_authors(paper))}. **{escaped_title(paper.title)}{end}** {venue}{paper.year}."


def sources(paper: Paper) -> list[str]:
    """Links to a paper."""
    found = []
    if paper.eprint:
        found.append(f"[arXiv:{paper.eprint}](https://arxiv.org/abs/{paper.eprint})")
    if paper.doi:
        found.append(f"[doi:{escaped(paper.doi)}](https://doi.org/{paper.doi})")
    if not found and paper.link:
        found.append(f"[{escaped(re.sub(r'^https?://', '', paper.link).rstrip('/'))}]({paper.link})")
    return found


def bibtex_fold(paper: Paper) -> str:
    """A paper's BibTeX in a collapsible block, excluded from search."""
    return (
        '//// html | details.mlblog-bibtex[data-search-exclude=""]\n\n/// html | summary\nBibTeX\n///\n\n'
        f"```text\n{paper.bibtex}```\n\n////\n"
    )


def escaped(text: str) -> str:
    """Escape text for Markdown by character references."""
    return re.sub(r"[!#$&()*+/:<=>@\[\\\]^_`{|}~]", lambda match: f"&#{ord(match[0])};", text)


def escaped_title(title: str) -> str:
    """Escape a title for Markdown, except its formulas."""
    return "".join(piece if piece.startswith("$") else escaped(piece) for piece in re.split(r"(\$[^$]*\$)", title))
