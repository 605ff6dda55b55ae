"""Labels in prose, in the syntax of Pandoc and Quarto: equations, tables with a caption, and headings.

An equation ends with `$$ {#eq-label}`, a table is followed by a line `: caption {#tbl-label}`, a heading ends with
`{#sec-label}`. Headings keep that id; equations and tables get a number and a wrapping block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from mlblog.markup import VERBATIM, scan
from mlblog.press.page.crossrefs import Target
from mlblog.press.source.blocks import indented, tight

_LABEL = re.compile("#(?:eq|tbl|sec)-")
_PREFIX = r"[ \t>]*+"
_LABELLED = re.compile(
    # a display formula in a paragraph of its own
    rf"^(?P<before>{_PREFIX})(?P<formula>\$\$(?:(?!\$\$|\n{_PREFIX}\n).)+?\$\$"
    rf"|\\\[(?:(?!\n{_PREFIX}\n).)+?\\\]"
    rf"|\\begin\{{(?P<environment>\w+\*?)\}}(?:(?!\n{_PREFIX}\n).)+?\\end\{{(?P=environment)\}})"
    r"[ \t]*\{:?[ \t]*\#eq-(?P<eq>[^\s{}]+)[ \t]*\}[ \t]*$"
    # a table: header, delimiter row, rows and a caption
    rf"|^(?P<margin>{_PREFIX})(?P<table>[^\n|]*\|[^\n]*\n"
    r"(?P=margin)[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-*:?[ \t]*)*\n"
    rf"(?>(?P=margin)[^\n|]*\|[^\n]*\n)*+)(?:{_PREFIX}\n)?(?P=margin)(?:Table)?:[ \t]+"
    rf"(?P<caption>(?:(?!\n{_PREFIX}\n).)+?)\s*\{{:?[ \t]*\#tbl-(?P<tbl>[^\s{{}}]+)[ \t]*\}}[ \t]*$"
    # an ATX or setext heading
    r"|^[ \t>]*+(?=[^\n]*\{[^\n]*\#sec-)(?:\#{1,6}[ \t]+(?P<title>[^\n]+?)(?:[ \t]+\#+)?"
    r"|(?P<underlined>[^\s\#|][^\n]*?))[ \t]*"
    rf"\{{:?[^{{}}\n]*\#sec-(?P<sec>[^\s{{}}]+)[^{{}}\n]*\}}[ \t]*$(?(underlined)(?=\n{_PREFIX}(?:=+|-+)[ \t]*$))",
    re.DOTALL | re.MULTILINE,
)


class Labelled(NamedTuple):
    """A label in prose: a key of `crossrefs.KINDS`, the label, the title of a section, its offset in the text."""

    kind: str
    label: str
    title: str
    start: int


def labelled(text: str) -> Iterator[Labelled]:
    """Yield the labels in a piece of prose, in order."""
    for match in _found(text):
        kind = _kind(match)
        yield Labelled(
            kind, match[kind], _written(text, match, "title" if match["title"] else "underlined"), match.start(kind)
        )


def with_labels(text: str, targets: Mapping[str, Target]) -> str:
    """Number the labelled equations and tables in Markdown."""
    pieces, at = [], 0
    for match in _found(text):
        kind = _kind(match)
        if kind == "sec":
            continue
        target = targets[f"{kind}-{match[kind]}"]
        prefix = match["before"] if kind == "eq" else match["margin"]
        made = _equation(text, match, target) if kind == "eq" else _table(text, match, target)
        # blank lines around it, but never two: in a footnote they would end the note
        line = prefix.rstrip() + "\n"
        above = "" if _is_blank(text[: match.start()].removesuffix("\n").rpartition("\n")[2]) else line
        below = "" if _is_blank(text[match.end() + 1 :].partition("\n")[0]) else "\n" + line.rstrip("\n")
        pieces += [text[at : match.start()], f"{above}{indented(made, prefix).rstrip()}{below}"]
        at = match.end()
    return "".join([*pieces, text[at:]])


def _found(text: str) -> Iterator[re.Match[str]]:
    """Matches of labels in Markdown without indented code, in which code and comments are blank."""
    if not _LABEL.search(text):
        return iter(())
    return _LABELLED.finditer(scan(text, prose=True).without(*VERBATIM))


def _written(text: str, match: re.Match[str], group: str) -> str:
    """A group of a match as it is written in the text, code and all."""
    return text[slice(*match.span(group))]


def caption_of(target: Target, caption: str, *more: str) -> str:
    """A numbered caption as a block."""
    number = f"**{target.named('')}**{{ .mlblog-number }}"
    return tight("figcaption", " ".join(filter(None, (number, caption, *more))))


def _is_blank(line: str) -> bool:
    return not line.strip(" \t>")


def _kind(match: re.Match[str]) -> str:
    return next((kind for kind in ("eq", "tbl", "sec") if match[kind]), "")


def _equation(text: str, match: re.Match[str], target: Target) -> str:
    formula = _unindented(_written(text, match, "formula"), match["before"])
    return tight(
        f"div.mlblog-equation#{target.anchor}", f"{formula}\n{tight('div.mlblog-equation-number', f'({target.shown})')}"
    )


def _table(text: str, match: re.Match[str], target: Target) -> str:
    caption = " ".join(_unindented(_written(text, match, "caption"), match["margin"]).split())
    table = _unindented(_written(text, match, "table"), match["margin"])
    return tight(f"figure.mlblog-table#{target.anchor}", caption_of(target, caption) + table)


def _unindented(text: str, prefix: str) -> str:
    lines = text.split("\n")
    return "\n".join(
        line[len(prefix) :] if line.startswith(prefix) else line.removeprefix(prefix.rstrip()) for line in lines
    )
