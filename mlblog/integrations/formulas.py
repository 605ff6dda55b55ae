"""Formulas of pages, checked by KaTeX as it is served to readers, and as text for feeds.

KaTeX runs in V8, and only for formulas that no earlier build has seen.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from mlblog import design
from mlblog.errors import InputError, PostError
from mlblog.files.canonical import digest, digest_file, encode
from mlblog.files.remembered import Remembered

if TYPE_CHECKING:
    from py_mini_racer import MiniRacer

#: The setting below `extra:` with the macros, which templates pass on to the page.
MACROS = "tex_macros"
_KATEX = design.FOLDER / "assets/katex/katex.min.js"
_FORMULA = re.compile(r'<(span|div)\b[^>]*\bclass="arithmatex"[^>]*>(.*?)</\1>', re.DOTALL)
_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_IN_TEXT = re.compile(r"(?<![\\$])\$(?=\S)([^$]*[^\s$\\])\$(?!\d)")
_LENGTH = 300  # characters of a description that is taken from the text
_CURES = {
    r"\label": "write {#eq-name} after the closing $$, and refer to it by [Equation](#eq-name)",
    r"\ref": "write [Equation](#eq-name)",
    r"\eqref": "write [Equation](#eq-name)",
}
_CALLS = """
function wrong(tex, display, macros) {
  try {
    katex.renderToString(tex, { displayMode: display, throwOnError: true, macros: { ...macros } });
    return "";
  } catch (error) {
    return error.rawMessage ?? error.message;
  }
}
function tree(tex, macros) {
  return katex.renderToString(tex, { output: "mathml", throwOnError: false, macros: { ...macros } });
}
"""


class Formulas:
    """The formulas of a site."""

    def __init__(self, remembered: Remembered, macros: object) -> None:
        """Use what is remembered of formulas under the same macros and the same KaTeX.

        Raises:
            InputError: `macros` are not texts by command.
        """
        if macros is None:
            macros = {}
        if not isinstance(macros, Mapping) or not all(
            str(name).startswith("\\") and isinstance(value, str) for name, value in macros.items()
        ):
            raise InputError(f"mkdocs.yml: extra: {MACROS}: must hold a text for each command: \\R: \\mathbb{{R}}")
        self._remembered = remembered
        self._macros = {str(name): str(value) for name, value in macros.items()}

    @cached_property
    def _settings(self) -> str:
        return digest("formulas", digest_file(_KATEX), digest_file(Path(__file__)), encode(self._macros))

    @cached_property
    def _engine(self) -> MiniRacer:
        from py_mini_racer import MiniRacer

        engine = MiniRacer()
        engine.eval(_KATEX.read_text(encoding="utf-8"))
        engine.eval(_CALLS)
        return engine

    def _call(self, name: str, *arguments: Any) -> str:
        key = digest(name, self._settings, encode(list(arguments)))
        return str(self._remembered.get(key, lambda: self._engine.call(name, *arguments, self._macros)))

    def errors(self, page: str, sources: Sequence[Path], shown: Callable[[Path], str]) -> Iterator[PostError]:
        """Yield an error for each formula of a page that KaTeX cannot draw.

        Args:
            page: the page's HTML.
            sources: where its text may have come from, in order.
            shown: how to name such a file.
        """
        for match in _FORMULA.finditer(page) if "arithmatex" in page else ():
            text = html.unescape(match[2]).strip()
            tex = text[2:-2]
            if why := self._call("wrong", tex, text.startswith("\\[")):
                path, line = _place(tex, sources)
                yield PostError(shown(path), line, f"formula {_short(tex)}: {why[:1].lower()}{why[1:]}; {_cure(why)}")

    def description(self, page: str) -> str:
        """The first paragraph of a page as plain text, for lists and feeds."""
        found = _PARAGRAPH.search(page)
        if found is None:
            return ""
        drawn = _FORMULA.sub(lambda match: html.escape(self.plain(html.unescape(match[2]).strip()[2:-2])), found[1])
        text = " ".join(html.unescape(re.sub(r"<[^>]*>", "", drawn)).split())
        return text if len(text) <= _LENGTH else f"{text[:_LENGTH].rsplit(' ', 1)[0]} …"

    def without_tex(self, text: str) -> str:
        """A text with each formula between dollars as plain text."""
        return _IN_TEXT.sub(lambda match: self.plain(match[1]), text)

    def plain(self, tex: str) -> str:
        r"""A formula in one line, without TeX: `\frac{a}{2}` gives `a/2`."""
        tree = ElementTree.fromstring(self._call("tree", tex))  # noqa: S314  # written by KaTeX, here
        return _line(tree).strip()


def _place(tex: str, sources: Sequence[Path]) -> tuple[Path, int]:
    """The file and the line of a formula; the first line of the first file if it is written nowhere as it is."""
    there = [path for path in sources if path.is_file()]
    for path in there:
        text = path.read_text(encoding="utf-8")
        written = json.dumps(tex, ensure_ascii=False)[1:-1] if path.suffix == ".ipynb" else tex
        words = [re.escape(word) for word in written.split()]
        if words and (found := re.search(r"[\s>]+".join(words), text)):
            return path, text.count("\n", 0, found.start()) + 1
    return (there or list(sources))[0], 1


def _short(tex: str) -> str:
    told = " ".join(tex.split())
    return told if len(told) <= 60 else f"{told[:59]}…"


def _cure(why: str) -> str:
    unknown = re.search(r"Undefined control sequence: (\\\w+)", why)
    if unknown is None:
        return "correct the formula"
    return _CURES.get(unknown[1], f"correct it, or define it in mkdocs.yml under extra: {MACROS}:")


def _line(node: ElementTree.Element) -> str:
    tag = node.tag.rpartition("}")[2]
    if tag == "annotation":
        return ""
    parts = [_line(child) for child in node]
    if tag == "mfrac":
        return f"{_group(parts[0])}/{_group(parts[1])}"
    if tag == "msqrt":
        return f"√{_group(''.join(parts))}"
    if tag in ("msup", "mover") and not node.get("accent"):
        return f"{parts[0]}^{_group(parts[1])}"
    if tag in ("msub", "munder"):
        return f"{parts[0]}_{_group(parts[1])}"
    if tag in ("msubsup", "munderover"):
        return f"{parts[0]}_{_group(parts[1])}^{_group(parts[2])}"
    if tag == "mover":
        return parts[0]
    if tag in ("mtr", "mspace"):
        return f"{' '.join(parts)} "
    return (node.text or "").replace("\u2061", " ") + "".join(parts)


def _group(text: str) -> str:
    return text if len(text) == 1 or text.isalnum() else f"({text})"
