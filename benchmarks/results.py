"""What benchmarks print, and the sections of RESULTS.md that they fill.

    python benchmarks/library.py --json | python benchmarks/results.py [RESULTS.md]

A benchmark prints a Markdown table as it goes or, with `--json`, one document at its end: what was run, when, on how
many cores, and the rows. This program puts such a document between the markers of its section, in place of what was
there; the rest of the file stays.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import sys
from datetime import date
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).with_name("RESULTS.md")


class Report:
    """The rows that a benchmark has found."""

    def __init__(self, section: str, columns: tuple[str, ...], *, as_json: bool) -> None:
        """Begin a report for `section` of RESULTS.md."""
        self.section, self.columns, self._as_json = section, columns, as_json
        self.rows: list[tuple[str, ...]] = []
        if not as_json:
            print(_head(columns))

    def say(self, *cells: str) -> None:
        """Keep a row, its last cells empty where they are not given; print it, unless all is to be one document."""
        if len(cells) > len(self.columns):
            raise ValueError(f"{len(cells)} cells for {len(self.columns)} columns")
        self.rows.append((*cells, *[""] * (len(self.columns) - len(cells))))
        if not self._as_json:
            print(_row(self.rows[-1]), flush=True)

    def end(self) -> None:
        """Print the document, if that was asked for."""
        if self._as_json:
            print(json.dumps(self.document(), indent=1, ensure_ascii=False))

    def document(self) -> dict[str, Any]:
        """What was run, when and where, and what it found."""
        words = [word for word in sys.argv if word != "--json"]
        return {
            "section": self.section,
            "command": shlex.join(["python", f"benchmarks/{Path(words[0]).name}", *words[1:]]),
            "date": date.today().isoformat(),
            "cores": len(os.sched_getaffinity(0)),
            "python": platform.python_version(),
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
        }


def section(document: dict[str, Any]) -> str:
    """A document as Markdown: a line that says what was measured, and a table."""
    cores = "1 core" if document["cores"] == 1 else f"{document['cores']} cores"
    said = f"Measured on {document['date']} by `{document['command']}`, on {cores}, with Python {document['python']}."
    return "\n".join([said, "", _head(document["columns"]), *map(_row, document["rows"])])


def replaced(text: str, document: dict[str, Any]) -> str:
    """`text` with a document between the markers of its section.

    Raises:
        SystemExit: there is no such section.
    """
    name = document["section"]
    pattern = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(\n<!-- /{re.escape(name)} -->)", re.DOTALL)
    if len(pattern.findall(text)) != 1:
        raise SystemExit(f"one section belongs between <!-- {name} --> and <!-- /{name} -->")
    return pattern.sub(lambda match: f"{match[1]}\n{section(document)}\n{match[2]}", text)


def _head(columns: tuple[str, ...] | list[str]) -> str:
    return f"{_row(columns)}\n|{'---|' * len(columns)}"


def _row(cells: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


if __name__ == "__main__":
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS
    new = replaced(target.read_text(encoding="utf-8"), json.load(sys.stdin))
    target.write_text(new, encoding="utf-8")
