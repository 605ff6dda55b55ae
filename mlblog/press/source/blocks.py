"""The Markdown of a page's building blocks. All take and give text that ends with a line end."""

from __future__ import annotations

import re


def fence(language: str, text: str) -> str:
    """A fence that is longer than any run of backticks in its text."""
    marks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{marks}{language}\n{text}\n{marks}\n"


def block(element: str, content: str, *, raw: bool = False) -> str:
    """An element around Markdown, or around raw HTML."""
    marks = "/" * max(3, 1 + max((len(run) for run in re.findall(r"(?m)^\s*(/{3,})", content)), default=2))
    mode = "    markdown: html\n" if raw else ""
    return f"{marks} html | {element}\n{mode}\n{content.rstrip()}\n{marks}\n"


def tight(element: str, content: str) -> str:
    """An element around Markdown of one paragraph, or of blocks without blank lines between: fit for any place."""
    marks = "/" * max(3, 1 + max((len(run) for run in re.findall(r"(?m)^\s*(/{3,})", content)), default=2))
    return f"{marks} html | {element}\n{content.rstrip()}\n{marks}\n"


def folded(title: str, content: str, kind: str = "note") -> str:
    """Content behind a title that opens it; `kind` is the style's name for it."""
    return f'??? {kind} "{title}"\n\n{indented(content, "    ")}'


def indented(text: str, prefix: str) -> str:
    """Every line of `text` behind `prefix`; empty lines get no trailing space."""
    lines = [(prefix + line).rstrip() if line else prefix.rstrip() for line in text.rstrip("\n").split("\n")]
    return "\n".join(lines) + "\n"


def unspaced(text: str) -> str:
    """Blocks without blank lines: in a list of definitions, Markdown's blocks end at the first.

    Those in fences stay, and raw HTML gets a comment for each, which leaves even preformatted text as it is.
    """
    found: list[str] = []
    fenced = raw = ""  # the marks that end what is open
    for line in text.split("\n"):
        if raw:
            if line == raw:
                raw = ""
            elif not line.strip():
                line = "<!-- -->" if found[-1].strip() != "markdown: html" else ""
        elif fenced:
            fenced = "" if line.strip() == fenced else fenced
        elif opening := re.match(r"\s*(`{3,})", line):
            fenced = opening[1]
        elif line.strip() == "markdown: html":
            raw = found[-1].partition(" ")[0]
        if line.strip() or fenced:
            found.append(line)
    return "\n".join(found) + "\n"
