"""Parse a post into its parts. A pure function of its text."""

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
# fences that Jupytext, MyST, Quarto, Pandoc or Material treat as Python or as a cell
_LIKE_PYTHON = re.compile(r"\{?\s*\.?(?:i?py(?:thon|con)?[\d.]*|code-cell|jupyter-execute)(?![\w+#-]).*", re.IGNORECASE)


def parse_post(data: bytes | str, path: str) -> Post:
    r"""Read a post.

    Args:
        data: the file, UTF-8.
        path: its path relative to the project root, for messages and tracebacks.

    Raises:
        PostError: the post is invalid; with the line.

    Example:
        >>> post = parse_post("---\ntitle: T\ndate: 2026-01-02\n---\n`{python} 1 + 1`\n", "posts_src/t.md")
        >>> post.units[0].code, post.units[0].line
        ('1 + 1', 5)
    """
    if path.endswith(".ipynb"):
        from mlblog.press.source.notebook import parse_notebook  # which imports this module

        return _checked(parse_notebook(data, path))
    text = text_of(data, path)
    meta, body, first_line = split_front_matter(text, path)
    return _checked(Post(path, meta, tuple(parts_of(body, path, first_line))))


def _checked(post: Post) -> Post:
    seen: dict[str, int] = {}
    for part in post.parts:
        if isinstance(part, Cell) and part.options.label:
            if (label := part.options.label) in seen:
                raise PostError(post.path, part.line, f"label {label!r} is already used on line {seen[label]}")
            seen[label] = part.line
    return post


def parts_of(body: str, path: str, first_line: int, *, runs: bool = True) -> Iterator[Part]:
    """The parts of Markdown that starts on `first_line` of the post.

    Args:
        body: the Markdown.
        path: path of the post, for messages.
        first_line: line of the file where the body starts (from 1).
        runs: whether fences run; in a notebook's Markdown cells they do not.

    Raises:
        PostError: the post is invalid; with the line.
    """
    ended = body.endswith("\n")
    lines = body.split("\n")[: -1 if ended else None]

    def source(start: int, end: int) -> str:
        last = end == len(lines) and not ended
        return "\n".join(lines[start:end]) + ("" if last or start == end else "\n")

    live: int | None = None  # start of the current prose in which expressions count
    for piece in find_fences(lines, path, first_line):
        if isinstance(piece, Text) and not piece.verbatim:
            live = piece.start if live is None else live
            continue
        if live is not None:
            yield from split_inline(source(live, piece.start), first_line + live, path)
            live = None
        text, line = source(piece.start, piece.end), first_line + piece.start
        yield Prose(text, line, verbatim=True) if isinstance(piece, Text) else _fence(piece, text, line, path, runs)
    if live is not None:
        yield from split_inline(source(live, len(lines)), first_line + live, path)


def skipped(code: str, options: Options, prefix: str = "") -> str:
    """The Markdown of a cell that its tags keep from running."""
    if options.hides_code:
        return ""
    text = blocks.fence("python", code.strip("\n"))
    if options.tags & {"hide-input", "hide-cell"}:
        text = blocks.folded("Code", text, "mlblog-code")
    return blocks.indented(text, prefix)


def _fence(fence: Fence, source: str, line: int, path: str, runs: bool) -> Part:
    match = _INFO.fullmatch(fence.info)
    if not match and runs and _LIKE_PYTHON.fullmatch(fence.info):
        raise PostError(
            path,
            line,
            f"{fence.marks}{fence.info} looks like a cell but does not run; write {fence.marks}python for a cell,"
            f" {fence.marks}python .noeval to show code only",
        )
    if not match:
        return Prose(source, line, verbatim=True)
    code = "\n".join(fence.content)
    noeval, found = split_options(match[2], path, line)
    if noeval:
        head = f"{fence.prefix}{fence.marks}{match[1]}{shown_options(found, path, line)}\n"
        return Sample(source, line, head + source.split("\n", 1)[1])
    if match[1] == "pycon":
        if found:
            raise PostError(path, line, f"unknown option {next(iter(found))!r}; pycon fences take only .noeval")
        return Doctest(source, line, code, line + 1)
    options = cell_options(found, path, line)
    if options.is_skipped:
        return Sample(source, line, skipped(code, options, fence.prefix))
    return Cell(source, line, code, line + 1, fence.prefix, options, fence.in_definition)
