"""Posts as Jupyter notebooks, read as the equivalent Markdown document, without outputs.

Code cells run; in Markdown cells only inline expressions do, since notebooks do not run fences. Lines are those of
that document, as written by `jupytext --to md` except for unused metadata; messages
show the number of the cell and the line in it instead.
"""

from __future__ import annotations

import contextlib
import json
import re
from datetime import date
from typing import Any

import yaml

from mlblog.errors import PostError
from mlblog.files.text import text_of
from mlblog.press.source.attachments import place_attachments
from mlblog.press.source.blocks import fence
from mlblog.press.source.document import Cell, Doctest, Part, Post, Sample
from mlblog.press.source.frontmatter import split_front_matter
from mlblog.press.source.options import CELL_KEYS, cell_options
from mlblog.press.source.parse import parts_of, skipped

#: Tag of the cells that downloads put before the post; they are dropped when such a notebook becomes a post.
PREFACE = "mlblog-preface"


class CellLine(int):
    """A line of a notebook's Markdown document, displayed as `cell 3, line 2`.

    Attributes:
        cell: number of the cell, from 1, counting all types.
        within: the line in the cell, from 1; 0 for the cell itself.
    """

    cell: int
    within: int

    def __new__(cls, line: int, cell: int, within: int) -> CellLine:
        """Line `line` of the document, which is line `within` of a cell."""
        made = super().__new__(cls, line)
        made.cell, made.within = cell, within
        return made

    def __add__(self, lines: int) -> CellLine:
        """A later line in the same cell."""
        return CellLine(int(self) + lines, self.cell, self.within + lines)

    def __str__(self) -> str:
        return f"cell {self.cell}, line {self.within}" if self.within > 0 else f"cell {self.cell}"

    def __format__(self, form: str) -> str:
        return format(str(self), form)


def place(post: Post, line: int) -> int:
    """Line `line` of `post`, as `CellLine` if the post is a notebook."""
    before = [part.line for part in post.parts if part.line <= line]
    return before[-1] + (line - int(before[-1])) if before else line


def by_cells(post: Post, text: str) -> str:
    """`text` (a traceback or warning) with line numbers of `post` replaced by cells and their lines."""
    if not post.path.endswith(".ipynb") or post.path not in text:
        return text
    name = re.escape(post.path)
    text = re.sub(rf'(File "{name}"), line (\d+)', lambda m: f"{m[1]}, {place(post, int(m[2]))}", text)
    return re.sub(rf"({name}):(\d+)", lambda m: f"{m[1]}:{place(post, int(m[2]))}", text)


def parse_notebook(data: bytes | str, path: str) -> Post:
    """Read a notebook of format 4; front matter is its first cell (raw or Markdown) or `mlblog` in its metadata.

    Raises:
        PostError: with the line, whatever is wrong.
    """
    cells, head = _cells(text_of(data, path), path)
    first = 1
    if cells and not head and cells[0]["cell_type"] != "code" and _source(cells[0], path).startswith("---"):
        head = _source(cells.pop(0), path).rstrip("\n") + "\n\n"
        first = 2
    try:
        meta, rest, line = split_front_matter(head, path)
    except PostError as error:
        raise PostError(path, CellLine(error.line, 1, error.line) if first == 2 else 1, error.message) from error
    parts: list[Part] = list(parts_of(rest, path, CellLine(line, 1, line), runs=False)) if rest else []
    files: dict[str, bytes] = {}
    slug = Post(path, meta, ()).slug
    line = head.count("\n") + 1
    for number, cell in enumerate(cells, first):
        text = _source(cell, path)
        if PREFACE in cell.get("metadata", {}).get("tags", ()):
            continue  # from a downloaded notebook
        if cell["cell_type"] == "code":
            parts.append(_code_cell(text, cell.get("metadata", {}), path, CellLine(line, number, 0)))
        elif cell["cell_type"] == "markdown":
            at = CellLine(line, number, 1)
            text = place_attachments(text, cell.get("attachments") or {}, f"{slug}/cell-{number}", files, path, at)
            inside = parts_of(text.rstrip("\n") + "\n\n", path, at, runs=False)
            parts += [Sample(p.source, p.line, p.source) if isinstance(p, Cell | Doctest) else p for p in inside]
        else:
            continue  # raw cells are meant for other converters
        line = 1 + head.count("\n") - rest.count("\n") + sum(part.source.count("\n") for part in parts)
    return Post(path, meta, tuple(parts), files)


def _code_cell(code: str, metadata: dict[str, Any], path: str, line: CellLine) -> Cell | Sample:
    options = cell_options({key: metadata[key] for key in CELL_KEYS if metadata.get(key)}, path, line)
    if options.is_skipped:
        return Sample(fence("python", code) + "\n", line, skipped(code, options) + "\n")
    return Cell(fence("python", code) + "\n", line, code, line + 1, "", options)


def _cells(text: str, path: str) -> tuple[list[dict[str, Any]], str]:
    try:
        book = json.loads(text)
    except ValueError as error:
        raise PostError(path, getattr(error, "lineno", 1), f"not a notebook: {error}") from error
    if not isinstance(book, dict) or book.get("nbformat") != 4 or not isinstance(book.get("cells"), list):
        raise PostError(path, 1, "not a notebook of format 4; open it in Jupyter and save it")
    for number, cell in enumerate(book["cells"], 1):
        if not isinstance(cell, dict) or not isinstance(cell.get("metadata", {}), dict) or "cell_type" not in cell:
            raise PostError(path, 1, f"cell {number} is not a valid cell; open the notebook in Jupyter and save it")
    metadata = book.get("metadata")
    given = metadata.get("mlblog") if isinstance(metadata, dict) else None
    if isinstance(given, dict) and isinstance(given.get("date"), str):  # JSON has no dates
        with contextlib.suppress(ValueError):
            given["date"] = date.fromisoformat(given["date"])
    head = f"---\n{yaml.safe_dump(given, allow_unicode=True, sort_keys=False)}---\n\n" if given else ""
    return [dict(cell) for cell in book["cells"]], head


def _source(cell: dict[str, Any], path: str) -> str:
    source = cell.get("source", "")
    source = "".join(source) if isinstance(source, list) and all(isinstance(s, str) for s in source) else source
    if not isinstance(source, str):
        raise PostError(path, 1, "the source of a cell is not text; open the notebook in Jupyter and save it")
    return source.replace("\r\n", "\n").replace("\r", "\n")
