"""Draw formulas while the site is built, so that readers load no KaTeX: its code weighs more than the page.

QuickJS runs the KaTeX that the site has in its `docs`. Without QuickJS, or without KaTeX, formulas stay as they are and
the page's own script draws them.
"""

from __future__ import annotations

import functools
import html
import importlib.util
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlblog.files.canonical import digest
from mlblog.integrations.remembered import Remembered

#: KaTeX and its style sheet, below `docs`.
SCRIPT, SHEET = "assets/katex/katex.min.js", "assets/katex/katex.min.css"
#: What arithmatex writes around TeX.
_FORMULA = re.compile(r'<(span|div) class="arithmatex">\s*\\([(\[])(.*?)\\[)\]]\s*</\1>', re.DOTALL)
#: A short formula, and the bracket or punctuation that no line may part from it.
_TIED = re.compile(r'([(“]?)(<span class="arithmatex">\\\([^<>]{1,40}\\\)</span>)([.,:;!?)”’]*)')  # noqa: RUF001
# JSON, since a string that JavaScript has put together from pieces does not cross over
_DRAWN = """globalThis.drawn = (tex, display) => JSON.stringify(katex.renderToString(
    tex, {displayMode: display, throwOnError: false, output: "htmlAndMathml"})); null"""


class Formulas:
    """Draws the formulas of pages, each once."""

    def __init__(self, docs: Path, kept: Remembered) -> None:
        self._script, self._kept = docs / SCRIPT, kept
        self._pages: dict[str, tuple[str, str]] = {}
        self._draw: Callable[[str, bool], str] | None = None
        self.is_able = self._script.is_file() and importlib.util.find_spec("quickjs") is not None
        self._version = _version(self._script) if self.is_able else ""

    def content(self, text: str) -> str:
        """The HTML of a page's content with its formulas drawn."""
        if not self.is_able or 'class="arithmatex"' not in text:
            return text
        tied = _TIED.sub(
            lambda found: f'<span class="mlblog-tied">{found[0]}</span>' if found[1] or found[3] else found[0], text
        )
        return _FORMULA.sub(self._drawn, tied)

    def page(self, name: str, text: str, root: str) -> str:
        """A whole page with its formulas drawn, and with their style sheet.

        Args:
            name: of the page; what was drawn last is remembered under it.
            text: its HTML.
            root: relative URL of the site's root.
        """
        if not self.is_able or "arithmatex" not in text:
            return text
        before, after = self._pages.get(name, ("", ""))
        if before != text:
            link = f'<link rel="stylesheet" href="{root}/{SHEET}">'
            after = self.content(text).replace("</head>", f"{link}</head>", 1)
            self._pages[name] = text, after
        return after

    def _drawn(self, found: re.Match[str]) -> str:
        element, is_display, tex = found[1], found[2] == "[", html.unescape(found[3])
        made = self._kept.get(digest(self._version, str(is_display), tex), lambda: self._made(tex, is_display))
        return f'<{element} class="arithmatex" data-drawn>{made}</{element}>'

    def _made(self, tex: str, is_display: bool) -> str:
        if self._draw is None:
            self._draw = _katex(self._script)
        made: str = json.loads(self._draw(tex, is_display))
        # the source, which no reader sees, and for the search index the formula once
        made = re.sub(r"<annotation .*?</annotation>", "", made, flags=re.DOTALL)
        return made.replace('<span class="katex-html"', '<span class="katex-html" data-search-exclude')


def _version(script: Path) -> str:
    return digest("formulas", script.read_bytes(), Path(__file__).read_bytes())


@functools.cache
def _katex(script: Path) -> Callable[[str, bool], str]:
    import quickjs  # no part of the lab

    context: Any = quickjs.Context()
    context.eval(script.read_text(encoding="utf-8") + "; null")
    context.eval(_DRAWN)
    draw: Callable[[str, bool], str] = context.get("drawn")
    return draw
