"""From the text of a post to its parts. A pure function of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mlblog.errors import PostError
from mlblog.files.text import text_of
from mlblog.press.source import blocks
from mlblog.press.source.document import Cell, Doctest, Options, Part, Post, Prose, Sample
from mlblog.press.source.fences import Fence, Text, find_fences
from mlblog.press.source.frontmatter import split_front_matter
from mlblog.press.source.inline import split_inline
from mlblog.press.source.options import cell_options, shown_options, split_options

_INFO = re.compile(r"(python|pycon)(?![\w+#.-])(.*)")


def parse_post(data: bytes | str, path: str) -> Post:
    r"""Read a post.

    Args:
        data: the file, UTF-8.
        path: where it stands, relative to the project's root, for messages and tracebacks.

    Raises:
        PostError: with the line, whatever is wrong.

    Example:
        >>> post = parse_post("---\ntitle: T\ndate: 2026-01-02\n---\n`{python} 1 + 1`\n", "posts_src/t.md")
        >>> post.units[0].code, post.units[0].line
        ('1 + 1', 5)
    """
    if path.endswith(".ipynb"):
        from mlblog.press.source.notebook import parse_notebook  # which reads its Markdown cells with what is here

        return _checked(parse_notebook(data, path))
    text = text_of(data, path)
    meta, body, first_line = split_front_matter(text, path)
    return _checked(Post(path, meta, tuple(parts_of(body, path, first_line))))


def _checked(post: Post) -> Post:
    seen: dict[str, int] = {}
    for part in post.parts:
        if isinstance(part, Cell) and part.options.label:
            if (label := part.options.label) in seen:
                raise PostError(post.path, part.line, f"label {label!r} is taken by the cell of line {seen[label]}")
            seen[label] = part.line
    return post


def parts_of(body: str, path: str, first_line: int) -> Iterator[Part]:
    """The parts of Markdown that starts on `first_line` of the post.

    Raises:
        PostError: with the line, whatever is wrong.
    """
    ended = body.endswith("\n")
    lines = body.split("\n")[: -1 if ended else None]

    def source(start: int, end: int) -> str:
        last = end == len(lines) and not ended
        return "\n".join(lines[start:end]) + ("" if last or start == end else "\n")

    live: int | None = None  # where the prose in hand, in which expressions count, starts
    for piece in find_fences(lines, path, first_line):
        if isinstance(piece, Text) and not piece.verbatim:
            live = piece.start if live is None else live
            continue
        if live is not None:
            yield from split_inline(source(live, piece.start), first_line + live, path)
            live = None
        text, line = source(piece.start, piece.end), first_line + piece.start
        yield Prose(text, line, verbatim=True) if isinstance(piece, Text) else _fence(piece, text, line, path)
    if live is not None:
        yield from split_inline(source(live, len(lines)), first_line + live, path)


def skipped(code: str, options: Options, prefix: str = "") -> str:
    """What Markdown is given of a cell that its tags keep from running."""
    if options.tags & {"remove-input", "remove-cell"}:
        return ""
    text = blocks.fence("python", code.strip("\n"))
    if options.tags & {"hide-input", "hide-cell"}:
        text = blocks.folded("Code", text, "mlblog-code")
    return blocks.indented(text, prefix)


def _fence(fence: Fence, source: str, line: int, path: str) -> Part:
    match = _INFO.fullmatch(fence.info)
    if not match:
        return Prose(source, line, verbatim=True)
    code = "\n".join(fence.content)
    noeval, found = split_options(match[2], path, line)
    if noeval:
        head = f"{fence.prefix}{fence.marks}{match[1]}{shown_options(found, path, line)}\n"
        return Sample(source, line, head + source.split("\n", 1)[1])
    if match[1] == "pycon":
        if found:
            raise PostError(path, line, f"unknown option {next(iter(found))!r}; a pycon fence has only .noeval")
        return Doctest(source, line, code, line + 1)
    options = cell_options(found, path, line)
    if "skip-execution" in options.tags:
        return Sample(source, line, skipped(code, options, fence.prefix))
    return Cell(source, line, code, line + 1, fence.prefix, options, fence.in_definition)
