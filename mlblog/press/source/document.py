"""What a post is made of: its front matter and, in order, the parts of its body.

A post's parts put together are its body, character for character. Cells, doctests and inline expressions
are its *units*: what runs, in the order in which it stands.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

#: Jupyter's tags that mean something here; all others are somebody else's business.
TAGS = frozenset({
    "hide-input", "hide-output", "hide-cell", "remove-input", "remove-output", "remove-cell", "remove-stdout",
    "remove-stderr", "raises-exception", "skip-execution",
})  # fmt: skip


@dataclass(frozen=True)
class Options:
    """What the line of a fence says about its cell.

    Attributes:
        tags: Jupyter's.
        caption: of what it shows first, in Markdown.
        alt: text for those who do not see its figures: one for all, or one for each.
        label: by which the text refers to what it shows first.
        layout: rows and columns in which its figures stand; none of either where each stands alone.
        raster: whether what its figures draw of data is pixels.
        timeout: in seconds; 0 for no limit but the post's.
    """

    tags: frozenset[str] = frozenset()
    caption: str = ""
    alt: tuple[str, ...] = ()
    label: str = ""
    layout: tuple[int, int] = (0, 0)
    raster: bool = False
    timeout: float = 0


@dataclass(frozen=True)
class Prose:
    """Text of the page, fences of other languages included; `verbatim` for those, comments and indented code."""

    source: str
    line: int
    verbatim: bool = False


@dataclass(frozen=True)
class Sample:
    """A Python fence that is displayed and does not run; `shown` is what Markdown is given."""

    source: str
    line: int
    shown: str


@dataclass(frozen=True)
class Cell:
    """A Python fence that runs.

    `prefix` is the indentation (or the quotation marks) in front of the fence; `code` comes without it and starts
    on `code_line` of the file.
    """

    source: str
    line: int
    code: str
    code_line: int
    prefix: str = ""
    options: Options = Options()
    in_definition: bool = False  # of a list of definitions, where blocks must hold no blank lines


@dataclass(frozen=True)
class Doctest:
    """A `pycon` fence: it runs, and what it prints must be what it shows."""

    source: str
    line: int
    code: str
    code_line: int


@dataclass(frozen=True)
class Inline:
    """An expression in the prose whose value stands in its place."""

    source: str
    line: int
    code: str


Part = Prose | Sample | Cell | Doctest | Inline
Unit = Cell | Doctest | Inline


@dataclass(frozen=True)
class Post:
    """One document: `path` relative to the project's root, front matter, parts of the body.

    `files` are pictures that a notebook holds itself, by their names beside its page.
    """

    path: str
    meta: dict[str, Any]
    parts: tuple[Part, ...]
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """Last part of the page's address, and the name of the folder of its figures."""
        return str(self.meta.get("slug") or PurePosixPath(self.path).stem)

    @property
    def folder(self) -> str:
        """Where its page stands: Material's blog plugin looks for posts in `blog/posts`."""
        return "scribbles" if PurePosixPath(self.path).parts[1:2] == ("scribbles",) else "blog/posts"

    @property
    def page(self) -> str:
        """Path of its page below the folder of pages."""
        return f"{self.folder}/{self.slug}.md"

    @property
    def title(self) -> str:
        """Title from the front matter."""
        return str(self.meta["title"])

    @property
    def units(self) -> tuple[Unit, ...]:
        """What runs, in order."""
        return tuple(part for part in self.parts if isinstance(part, (Cell, Doctest, Inline)))

    @property
    def shadow(self) -> list[str]:
        """Lines of a module that has the post's code on the post's lines and nothing anywhere else.

        Given to `linecache` under the post's path, it gives tracebacks and `inspect.getsource` the lines of the `.md`
        file; lines of prose would make `inspect` fail when it parses the file to find a class.
        """
        cells = [part for part in self.parts if isinstance(part, Cell)]
        lines: list[str] = []
        for cell in cells:
            lines += ["\n"] * (cell.code_line - 1 - len(lines))
            lines += [line + "\n" for line in _as_python(cell.code)]
        return lines


def _as_python(code: str) -> list[str]:
    """The lines of a cell, so that the file parses: IPython's magics become comments."""
    lines = code.split("\n")
    for attempt in (
        lines,
        [re.sub(r"^(\s*)([%!].*)", r"\1pass  # \2", line) for line in lines],
    ):
        try:
            ast.parse("\n".join(attempt))
        except SyntaxError:
            continue
        return attempt
    return [f"# {line}" for line in lines]
