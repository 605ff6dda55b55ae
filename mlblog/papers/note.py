"""Notes on papers: `papers/notes/<key>.md`.

The front matter gives the state of reading; sections follow, one of them *Summary*.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from mlblog.errors import InputError
from mlblog.files.text import text_of

#: States of reading, in order.
STATES = ("to read", "skimmed", "read", "implemented", "replicated")
_KNOWN = ("topic", "state", "confidence", "figure")
_FIGURE = re.compile(r"[\w.-]+#[\w-]+")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader, if available
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")


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
        InputError: the note is invalid; with the line.
    """
    place = place or file.as_posix()
    return parse_note(text_of(file.read_bytes(), place), file.stem, place)


def parse_note(text: str, key: str, place: str) -> Note:
    """Read the text of a note. A pure function.

    Raises:
        InputError: the note is invalid; with the line.
    """
    lines = text.split("\n")
    end = next((i for i, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    if lines[0].rstrip() != "---" or end is None:
        raise InputError(f"{place}:1: no front matter; a note starts with `---`, `topic: …`, `state: …`, `---`")
    try:
        meta = yaml.load("\n".join(lines[1:end]), _LOADER)  # noqa: S506  # a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise InputError(f"{place}:{2 + (mark.line if mark else 0)}: the front matter is not YAML") from error
    except (ValueError, RecursionError) as error:  # an impossible date, too many nested brackets
        raise InputError(f"{place}:2: the front matter is not YAML: {error}") from error
    if not isinstance(meta, dict):
        raise InputError(f"{place}:2: the front matter must be `key: value` lines")

    def at(name: str) -> str:
        return f"{place}:{next((i for i, line in enumerate(lines[:end], 1) if line.startswith(f'{name}:')), 1)}"

    if unknown := [name for name in meta if name not in _KNOWN]:
        raise InputError(f"{at(str(unknown[0]))}: unknown key {unknown[0]!r}; notes have {', '.join(_KNOWN)}")
    if not isinstance(meta.get("topic"), str):
        raise InputError(f"{at('topic')}: no topic; write `topic: …`")
    if meta.get("state") not in STATES:
        raise InputError(f"{at('state')}: state {meta.get('state')!r}; write one of: {', '.join(STATES)}")
    found = re.fullmatch(r"([0-5])/5", str(meta.get("confidence", "")))
    if not found and not (meta["state"] == "to read" and "confidence" not in meta):
        raise InputError(f"{at('confidence')}: confidence {meta.get('confidence')!r}; write it as `confidence: 3/5`")
    if not _FIGURE.fullmatch(figure := str(meta.get("figure", "a#b"))):
        raise InputError(f"{at('figure')}: figure {figure!r}; write it as `figure: post#label`")
    sections = _sections(lines, end + 1, place)
    if meta["state"] != "to read" and not any(title == "Summary" and body for title, body, _ in sections):
        raise InputError(f"{place}:{end + 2}: no summary; add a section `## Summary`")
    return Note(
        key,
        meta["topic"],
        meta["state"],
        int(found[1]) if found else None,
        tuple((title, body) for title, body, _ in sections),
        tuple(line for *_, line in sections),
        str(meta.get("figure", "")),
        int(at("figure").rpartition(":")[2]),
    )


def _sections(lines: list[str], start: int, place: str) -> list[tuple[str, str, int]]:
    """Title, text and first line of text of each `## …` section, ignoring fences."""
    found: list[tuple[str, list[str], int]] = []
    mark = ""
    for number, line in enumerate(lines[start:], start + 1):
        if fence := _FENCE.match(line):
            mark = "" if mark and fence[1].startswith(mark) else mark or fence[1]
        if line.startswith("## ") and not mark:
            title = line[3:].strip()
            if any(title == other for other, *_ in found):
                raise InputError(f"{place}:{number}: duplicate section {title!r}; merge the two")
            found.append((title, [], number + 1))
        elif found:
            found[-1][1].append(line)
        elif line.strip():
            raise InputError(f"{place}:{number}: text before the first section; start one with `## Summary`")
    return [
        (title, "\n".join(body).strip(), line + next((i for i, text in enumerate(body) if text.strip()), 0))
        for title, body, line in found
    ]
