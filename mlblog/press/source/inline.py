"""Find `` `{python} expr` `` in prose; longer runs of backticks are ordinary code."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlblog.errors import PostError
from mlblog.press.source.document import Inline, Prose

_TICKS = re.compile(r"(?<!\\)`+")
_MARK = "{python}"


def split_inline(source: str, line: int, path: str) -> Iterator[Prose | Inline]:
    """Split prose into text and inline expressions, in order and without gaps.

    A code span ends at the next run of backticks of the same length, within its paragraph.

    Raises:
        PostError: an inline expression is not valid Python.
    """
    start = at = 0
    while opening := _TICKS.search(source, at):
        at = opening.end()
        paragraph_end = _paragraph_end(source, at)
        closing = next(
            (m for m in re.finditer(r"`+", source[at:paragraph_end]) if len(m.group()) == len(opening.group())), None
        )
        if closing is None:
            continue
        content, end = source[at : at + closing.start()], at + closing.end()
        at = end
        if len(opening.group()) != 1 or not content.startswith(_MARK):
            continue
        where = line + source.count("\n", 0, opening.start())
        code = " ".join(content[len(_MARK) :].split("\n")).strip()
        try:
            ast.parse(code, mode="eval")
        except SyntaxError as error:
            raise PostError(path, where, f"`{content}` is not a Python expression: {error.msg}") from error
        if opening.start() > start:
            yield Prose(source[start : opening.start()], line + source.count("\n", 0, start))
        yield Inline(source[opening.start() : end], where, code)
        start = end
    if start < len(source):
        yield Prose(source[start:], line + source.count("\n", 0, start))


def _paragraph_end(source: str, at: int) -> int:
    match = re.compile(r"\n[ \t]*\n").search(source, at)
    return match.start() if match else len(source)
