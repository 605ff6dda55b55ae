"""Markdown building blocks of pages. All take and return text that ends with a newline."""

from __future__ import annotations

import re


def fence(language: str, text: str) -> str:
    """A fence that is longer than any run of backticks in its text."""
    marks = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{marks}{language}\n{text}\n{marks}\n"


def block(element: str, content: str, *, raw: bool = False, nested: bool = False) -> str:
    """An element around Markdown, or around raw HTML; `nested` where `element` holds no blocks otherwise, as `li`."""
    marks = "/" * max(3, 1 + max((len(run) for run in re.findall(r"(?m)^\s*(/{3,})", content)), default=2))
    mode = "    markdown: html\n" if raw else "    markdown: block\n" if nested else ""
    return f"{marks} html | {element}\n{mode}\n{content.rstrip()}\n{marks}\n"


def tight(element: str, content: str) -> str:
    """An element around Markdown without blank lines, which is valid anywhere."""
    marks = "/" * max(3, 1 + max((len(run) for run in re.findall(r"(?m)^\s*(/{3,})", content)), default=2))
    return f"{marks} html | {element}\n{content.rstrip()}\n{marks}\n"


def folded(title: str, content: str, kind: str = "note") -> str:
    """A collapsible block with a title; `kind` is its style."""
    return f'??? {kind} "{title}"\n\n{indented(content, "    ")}'


def indented(text: str, prefix: str) -> str:
    """Prefix every line of `text`; empty lines get no trailing space."""
    lines = [(prefix + line).rstrip() if line else prefix.rstrip() for line in text.rstrip("\n").split("\n")]
    return "\n".join(lines) + "\n"


def unspaced(text: str) -> str:
    """Remove blank lines from blocks: in a definition list, Markdown blocks end at the first one.

    Blank lines in fences stay; in raw HTML, comments replace them, which keeps preformatted text intact.
    """
    found: list[str] = []
    fenced = raw = ""  # closing marks of open blocks
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
