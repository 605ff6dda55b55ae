"""The parts of a post: front matter and, in order, the parts of its body.

The concatenated parts are exactly the body. Cells, doctests and inline expressions
are its *units*, which run in order.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath
from typing import Any, ClassVar, Literal

import yaml

#: Keys of the front matter that limit a run: seconds and GiB.
LIMITS = ("timeout", "memory")
#: Supported Jupyter tags; all others are ignored.
TAGS = frozenset({
    "hide-input", "hide-output", "hide-cell", "remove-input", "remove-output", "remove-cell", "remove-stdout",
    "remove-stderr", "raises-exception", "skip-execution",
})  # fmt: skip


@dataclass(frozen=True)
class Options:
    """Options of a cell, from the line of its fence.

    Attributes:
        tags: Jupyter tags.
        caption: caption of its first output, in Markdown.
        alt: alt text: one for all figures, or one each.
        label: label for references to its first output.
        layout: rows and columns of its figures; zeros if each is separate.
        raster: whether its figures rasterise their data.
        timeout: in seconds; 0 for the post's limit only.
    """

    tags: frozenset[str] = frozenset()
    caption: str = ""
    alt: tuple[str, ...] = ()
    label: str = ""
    layout: tuple[int, int] = (0, 0)
    raster: bool = False
    timeout: float = 0

    @property
    def may_raise(self) -> bool:
        """Whether the cell must raise an exception, which its page shows."""
        return "raises-exception" in self.tags

    @property
    def is_skipped(self) -> bool:
        """Whether the cell is displayed but does not run."""
        return "skip-execution" in self.tags

    @property
    def hides_code(self) -> bool:
        """Whether the page omits the code."""
        return bool(self.tags & {"remove-input", "remove-cell"})

    @property
    def hides_outputs(self) -> bool:
        """Whether the page omits the outputs."""
        return bool(self.tags & {"remove-output", "remove-cell"})


@dataclass(frozen=True)
class Prose:
    """Text, including fences of other languages; `verbatim` for these, comments and indented code."""

    source: str
    line: int
    verbatim: bool = False


@dataclass(frozen=True)
class Sample:
    """A Python fence that is displayed but does not run; `shown` is its Markdown."""

    source: str
    line: int
    shown: str


@dataclass(frozen=True)
class Cell:
    """A Python fence that runs.

    `prefix` is the indentation (or quote marks) before the fence; `code` excludes it and starts
    on `code_line` of the file.
    """

    kind: ClassVar[Literal["cell"]] = "cell"

    source: str
    line: int
    code: str
    code_line: int
    prefix: str = ""
    options: Options = Options()
    in_definition: bool = False  # in a definition list, where blocks must not contain blank lines


@dataclass(frozen=True)
class Doctest:
    """A `pycon` fence, which runs and must print what it shows."""

    kind: ClassVar[Literal["doctest"]] = "doctest"
    options: ClassVar[Options] = Options()

    source: str
    line: int
    code: str
    code_line: int


@dataclass(frozen=True)
class Inline:
    """An expression in prose, replaced by its value."""

    kind: ClassVar[Literal["expression"]] = "expression"
    options: ClassVar[Options] = Options()

    source: str
    line: int
    code: str

    @property
    def code_line(self) -> int:
        """The line of the expression."""
        return self.line


Part = Prose | Sample | Cell | Doctest | Inline
Unit = Cell | Doctest | Inline


@dataclass(frozen=True)
class Post:
    """One post: `path` relative to the project root, front matter, parts of the body.

    `files` are images attached to a notebook or shown from beside the post, by their names beside its page; `pictures`
    are the paths of the latter, relative to the project root.
    """

    path: str
    meta: dict[str, Any]
    parts: tuple[Part, ...]
    files: dict[str, bytes] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()

    @property
    def shown_meta(self) -> dict[str, Any]:
        """Front matter without the limits, which readers need not know."""
        return {key: value for key, value in self.meta.items() if key not in LIMITS}

    @property
    def front_matter(self) -> str:
        """Front matter of its page, as YAML.

        It has the slug, because the URL comes from the file name, so that it survives a change of title.
        """
        return str(yaml.safe_dump({**self.shown_meta, "slug": self.slug}, allow_unicode=True, sort_keys=False))

    @property
    def limits(self) -> tuple[float | None, ...]:
        """Limits that may stop it early, in the order of `LIMITS`; None for the default."""
        return tuple(self.meta.get(name) for name in LIMITS)

    @property
    def slug(self) -> str:
        """Last part of the page's URL, and the name of its figures folder."""
        return str(self.meta.get("slug") or PurePosixPath(self.path).stem)

    @property
    def folder(self) -> str:
        """The folder of its page: Material's blog plugin expects posts in `blog/posts`."""
        return "scribbles" if PurePosixPath(self.path).parts[1:2] == ("scribbles",) else "blog/posts"

    @property
    def page(self) -> str:
        """Path of its page below the pages folder."""
        return f"{self.folder}/{self.slug}.md"

    @property
    def title(self) -> str:
        """Title from the front matter."""
        return str(self.meta["title"])

    @property
    def day(self) -> date:
        """When it was written; in Material's extended form of a date, when it was created."""
        found: Any = self.meta["date"]
        day: date = found["created"] if isinstance(found, dict) else found
        return day

    @property
    def units(self) -> tuple[Unit, ...]:
        """Cells, doctests and inline expressions, in order."""
        return tuple(part for part in self.parts if isinstance(part, (Cell, Doctest, Inline)))

    @property
    def shadow(self) -> list[str]:
        """Lines of a module with the post's code on the post's lines and empty lines elsewhere.

        In `linecache` under the post's path, they give tracebacks and `inspect.getsource` the lines of the `.md`
        file; lines of prose would make `inspect` fail when it parses the file to find a class.
        """
        cells = [part for part in self.parts if isinstance(part, Cell)]
        lines: list[str] = []
        for cell in cells:
            lines += ["\n"] * (cell.code_line - 1 - len(lines))
            lines += [line + "\n" for line in _as_python(cell.code)]
        return lines


def _as_python(code: str) -> list[str]:
    """The lines of a cell with IPython magics commented out, so that the file parses."""
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
