"""Notes are read strictly, and those of this project are what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import mlblog
from mlblog.errors import InputError
from mlblog.lab import Project
from mlblog.papers import STATES, Bibliography, cited_keys, parse_note, read_note
from mlblog.papers.uses import modules_citing

ROOT = Path(mlblog.__file__).parents[1]
NOTES = sorted((ROOT / "mlblog" / "papers" / "notes").glob("*.md"))
NOTE = """\
---
topic: Graphs
state: read
confidence: 3/5
---

## Summary

They draw edges. A giant appears.

```text
## no section
```

## Doubts

Few.
"""


def test_a_note_and_its_sections() -> None:
    note = parse_note(NOTE, "erdos1960evolution", "x.md")
    assert (note.key, note.topic, note.state, note.confidence) == ("erdos1960evolution", "Graphs", "read", 3)
    assert note.sections == (
        ("Summary", "They draw edges. A giant appears.\n\n```text\n## no section\n```"),
        ("Doubts", "Few."),
    )
    assert note.lines == (9, 17)
    assert [NOTE.split("\n")[line - 1] for line in note.lines] == ["They draw edges. A giant appears.", "Few."]
    assert note.summary == note.sections[0][1]


def test_headings_in_code_and_comments_start_no_section() -> None:
    quiet = "    ## indented\n\n<!--\n## hidden\n-->\n\n~~~\n## fenced\n````\n~~~\n\n- a\n\n    ```\n## not a fence\n"
    note = parse_note(NOTE.replace("Few.", f"Few.\n\n{quiet}"), "k", "x.md")
    assert [title for title, _ in note.sections] == ["Summary", "Doubts", "not a fence"]
    assert "## indented" in note.sections[1][1]
    assert "## fenced" in note.sections[1][1]


def test_a_paper_to_read_needs_neither_confidence_nor_summary() -> None:
    note = parse_note("---\ntopic: T\nstate: to read\n---\n", "k", "x.md")
    assert (note.confidence, note.sections, note.summary) == (None, (), "")


@pytest.mark.parametrize("line_ends", ["\n", "\r\n"])
def test_a_file_is_named_for_its_key(tmp_path: Path, line_ends: str) -> None:
    file = tmp_path / "gauss1801disquisitiones.md"
    file.write_bytes(NOTE.replace("\n", line_ends).encode())
    assert read_note(file) == parse_note(NOTE, "gauss1801disquisitiones", "")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("---\ntopic", "topic", 1, "no front matter"),
        ("5\n---\n", "5\n", 1, "the front matter is not closed"),
        ("state: read", "state: read: it", 3, "not YAML"),
        ("state: read", "state: 2020-02-30", 2, "not YAML"),
        ("topic: Graphs\nstate: read\nconfidence: 3/5", "- a", 2, "`key: value`"),
        ("topic: Graphs\n", "", 1, "no topic"),
        ("state: read", "state: known", 3, "state 'known'; write one of: to read, skimmed, read"),
        ("3/5", "6/5", 4, "confidence '6/5'"),
        ("confidence: 3/5\n", "", 1, "confidence None"),
        ("confidence", "sure: 1\nconfidence", 4, "unknown key 'sure'"),
        ("## Summary\n", "## Idea\n", 6, "no summary"),
        ("They draw edges. A giant appears.\n\n```text\n## no section\n```\n", "", 6, "no summary"),
        ("## Doubts", "## Summary", 15, "duplicate section 'Summary'"),
        ("\n## Summary", "Well.\n\n## Summary", 6, "text before the first section"),
    ],
)
def test_what_is_wrong_has_a_line(old: str, new: str, line: int, said: str) -> None:
    assert NOTE.count(old) == 1
    with pytest.raises(InputError) as caught:
        parse_note(NOTE.replace(old, new), "k", "notes/k.md")
    assert str(caught.value).startswith(f"notes/k.md:{line}: ")
    assert said in str(caught.value)


def test_another_encoding_is_an_error_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "k.md"
    file.write_bytes(NOTE.replace("Few", "F\u00fcw").encode("latin-1"))
    with pytest.raises(InputError, match=r"k\.md:17: not UTF-8"):
        read_note(file)


@pytest.mark.parametrize("file", NOTES, ids=lambda file: file.stem)
def test_a_note_of_this_project(file: Path) -> None:
    project = Project.find(ROOT)
    bibliography = Bibliography.of(project)
    note = bibliography[file.stem].note
    assert note is not None
    assert note.topic == bibliography[file.stem].topic
    assert [key for _, text in note.sections for key in cited_keys(text) if key not in bibliography] == []
    assert len(re.findall(r"\.(?=\s|$)", note.summary)) >= 2
    named = re.findall(r"`(mlblog(?:\.\w+)+)`", "".join(text for _, text in note.sections))
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in (ROOT / "mlblog").rglob("*.py")}
    packages = {module.removesuffix(".__init__") for module in modules}
    assert [name for name in named if name not in packages] == []
    if STATES.index(note.state) >= STATES.index("implemented"):
        library = [m for m in modules_citing(project).get(file.stem, ()) if ".experiments." not in m]
        assert library, "the note says that it is implemented, and no module cites the paper"
