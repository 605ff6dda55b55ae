"""Parse a post into its parts. A pure function of its text."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlblog.errors import PostError
from mlblog.files.text import text_of
from mlblog.markup import Fence, Scan, Token, scan
from mlblog.press.source import blocks
from mlblog.press.source.document import Cell, Doctest, Inline, Options, Part, Post, Prose, Sample
from mlblog.press.source.frontmatter import split_front_matter
from mlblog.press.source.options import cell_options, shown_options, split_options

_MARK = "{python}"
_IN_FORMULA = re.compile(r"(?<![`\\])`(\{python\}[^`]*)`(?!`)")
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
    found = scan(body)
    found.refuse_broken(path, first_line)
    fences = iter(found.fences)
    codes: list[Token] = []
    at = 0
    for token in found.tokens:
        if token.kind in ("code", "formula"):
            codes.append(token)
        if token.kind not in ("fence", "indented") and not _is_hidden_block(body, token):
            continue
        yield from _prose(found, at, token.start, codes, path, first_line)
        codes = []
        at = token.end + (body[token.end : token.end + 1] == "\n")
        source, line = body[token.start : at], first_line + found.row(token.start)
        if token.kind == "fence":
            fence = next(fences)
            yield _fence(fence, source, line, path, runs, fence.start in found.defined)
        else:
            yield Prose(source, line, verbatim=True)
    yield from _prose(found, at, len(body), codes, path, first_line)


def _is_hidden_block(body: str, token: Token) -> bool:
    """Whether a token is a comment of several lines that starts one."""
    if token.kind != "comment" or "\n" not in body[token.start : token.end]:
        return False
    return not body[body.rfind("\n", 0, token.start) + 1 : token.start].strip()


def _prose(
    found: Scan, start: int, end: int, codes: list[Token], path: str, first_line: int
) -> Iterator[Prose | Inline]:
    """Text and the expressions `` `{python} expr` `` in it, which may be in formulas, too."""
    for left, right, content in _expressions(found.text, codes):
        code = " ".join(content.removeprefix(_MARK).split("\n")).strip()
        line = first_line + found.row(left)
        try:
            ast.parse(code, mode="eval")
        except SyntaxError as error:
            raise PostError(path, line, f"`{content}` is not a Python expression: {error.msg}") from error
        if left > start:
            yield Prose(found.text[start:left], first_line + found.row(start))
        yield Inline(found.text[left:right], line, code)
        start = right
    if end > start:
        yield Prose(found.text[start:end], first_line + found.row(start))


def _expressions(body: str, codes: list[Token]) -> Iterator[tuple[int, int, str]]:
    for token in codes:
        if token.kind == "formula":
            for found in _IN_FORMULA.finditer(body, token.start, token.end):
                yield *found.span(), found[1]
        elif token.content.startswith(_MARK) and body[token.start + 1] != "`":
            yield token.start, token.end, token.content


def skipped(code: str, options: Options, prefix: str = "") -> str:
    """The Markdown of a cell that its tags keep from running."""
    if options.hides_code:
        return ""
    text = blocks.fence("python", code.strip("\n"))
    if options.tags & {"hide-input", "hide-cell"}:
        text = blocks.folded("Code", text, "mlblog-code")
    return blocks.indented(text, prefix)


def _fence(fence: Fence, source: str, line: int, path: str, runs: bool, in_definition: bool) -> Part:
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
    return Cell(source, line, code, line + 1, fence.prefix, options, in_definition)
