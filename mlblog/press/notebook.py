"""Posts that are Jupyter notebooks: read as the Markdown document that they would be, without their outputs.

Code cells run; of Markdown cells only inline expressions do, as a fence in them runs in no notebook. Lines are those of
that document, as `jupytext --to md` writes it but for the metadata that no page reads.
"""

from __future__ import annotations

import contextlib
import json
from datetime import date
from typing import Any

import yaml

from mlblog.errors import PostError
from mlblog.press.blocks import fence
from mlblog.press.document import Cell, Doctest, Part, Post, Sample
from mlblog.press.frontmatter import split_front_matter
from mlblog.press.options import CELL_KEYS, cell_options
from mlblog.press.parse import parts_of, text_of


def parse_notebook(data: bytes | str, path: str) -> Post:
    """Read a notebook of format 4; its front matter is its first cell (raw or Markdown), or `mlblog` in its metadata.

    Raises:
        PostError: with the line, whatever is wrong.
    """
    cells, head = _cells(text_of(data, path), path)
    if cells and not head and cells[0]["cell_type"] != "code" and _source(cells[0], path).startswith("---"):
        head = _source(cells.pop(0), path).rstrip("\n") + "\n\n"
    meta, rest, line = split_front_matter(head, path)
    parts: list[Part] = list(parts_of(rest, path, line)) if rest else []
    line = head.count("\n") + 1
    for cell in cells:
        text = _source(cell, path)
        if cell["cell_type"] == "code":
            parts.append(_code_cell(text, cell.get("metadata", {}), path, line))
        elif cell["cell_type"] == "markdown":
            if cell.get("attachments"):
                raise PostError(path, line, "this cell has an attachment; put the picture below docs/ and link to it")
            inside = parts_of(text.rstrip("\n") + "\n\n", path, line)
            parts += [Sample(p.source, p.line, p.source) if isinstance(p, Cell | Doctest) else p for p in inside]
        else:
            continue  # raw cells are for other converters
        line = 1 + head.count("\n") - rest.count("\n") + sum(part.source.count("\n") for part in parts)
    return Post(path, meta, tuple(parts))


def _code_cell(code: str, metadata: dict[str, Any], path: str, line: int) -> Cell:
    options = cell_options({key: metadata[key] for key in CELL_KEYS if metadata.get(key)}, path, line)
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
            raise PostError(path, 1, f"cell {number} is none; open the notebook in Jupyter and save it")
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
        raise PostError(path, 1, "the source of a cell is no text; open the notebook in Jupyter and save it")
    return source.replace("\r\n", "\n").replace("\r", "\n")
