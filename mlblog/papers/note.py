"""Notes on papers: `papers/notes/<key>.md`.

The front matter gives the state of reading; sections follow, one of them *Summary*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mlblog.errors import PostError
from mlblog.files.text import text_of
from mlblog.markup import frontmatter, scan

#: States of reading, in order.
STATES = ("to read", "skimmed", "read", "implemented", "replicated")
_KNOWN = ("topic", "state", "confidence", "figure")
_FIGURE = re.compile(r"[\w.-]+#[\w-]+")


@dataclass(frozen=True)
class Note:
    """A note on a paper.

    Attributes:
        key: of the paper.
        topic: topic, as in the bibliography.
        state: one of `STATES`.
        confidence: confidence in having understood the paper, of 5; None if unread.
        sections: title and Markdown of each section, in order.
        lines: the line where each section's text starts.
        figure: the figure of a post that shows what was found, as `post#label`; may be empty.
        figure_line: the line of the file that names it.
    """

    key: str
    topic: str
    state: str
    confidence: int | None
    sections: tuple[tuple[str, str], ...]
    lines: tuple[int, ...]
    figure: str = ""
    figure_line: int = 1

    @property
    def summary(self) -> str:
        """The section *Summary*, or empty."""
        return dict(self.sections).get("Summary", "")


def read_note(file: Path, place: str = "") -> Note:
    """Read the note in `file`, named after the paper's key.

    Args:
        file: Markdown, UTF-8.
        place: its name in messages.

    Raises:
        PostError: the note is invalid; with the line.
    """
    place = place or file.as_posix()
    return parse_note(text_of(file.read_bytes(), place), file.stem, place)


def parse_note(text: str, key: str, place: str) -> Note:
    """Read the text of a note. A pure function.

    Raises:
        PostError: the note is invalid; with the line.
    """
    head = frontmatter.read(text, place, "a note starts with `---`, `topic: …`, `state: …`, `---`")
    meta = head.values
    if unknown := [name for name in meta if name not in _KNOWN]:
        raise head.error(str(unknown[0]), f"unknown key {unknown[0]!r}; notes have {', '.join(_KNOWN)}")
    if not isinstance(meta.get("topic"), str):
        raise head.error("topic", "no topic; write `topic: …`")
    if meta.get("state") not in STATES:
        raise head.error("state", f"state {meta.get('state')!r}; write one of: {', '.join(STATES)}")
    found = re.fullmatch(r"([0-5])/5", str(meta.get("confidence", "")))
    if not found and not (meta["state"] == "to read" and "confidence" not in meta):
        raise head.error("confidence", f"confidence {meta.get('confidence')!r}; write it as `confidence: 3/5`")
    if not _FIGURE.fullmatch(figure := str(meta.get("figure", "a#b"))):
        raise head.error("figure", f"figure {figure!r}; write it as `figure: post#label`")
    sections = _sections(head.body, head.line, place)
    if meta["state"] != "to read" and not any(title == "Summary" and body for title, body, _ in sections):
        raise PostError(place, head.line, "no summary; add a section `## Summary`")
    return Note(
        key,
        meta["topic"],
        meta["state"],
        int(found[1]) if found else None,
        tuple((title, body) for title, body, _ in sections),
        tuple(line for *_, line in sections),
        str(meta.get("figure", "")),
        head.line_of("figure"),
    )


def _sections(body: str, first: int, place: str) -> list[tuple[str, str, int]]:
    """Title, text and first line of text of each `## …` section."""
    lines = body.split("\n")
    headings = [one for one in scan(body).headings if one.level == 2]
    top = next((row for row, line in enumerate(lines) if line.strip()), len(lines))
    if top < (headings[0].row if headings else len(lines)):
        raise PostError(place, first + top, "text before the first section; start one with `## Summary`")
    found: list[tuple[str, str, int]] = []
    for one, end in zip(headings, [*(one.row for one in headings[1:]), len(lines)], strict=False):
        if any(one.text == other for other, *_ in found):
            raise PostError(place, first + one.row, f"duplicate section {one.text!r}; merge the two")
        row = next((row for row in range(one.row + 1, end) if lines[row].strip()), one.row + 1)
        found.append((one.text, "\n".join(lines[row:end]).strip(), first + row))
    return found
