"""Formulas of pages: drawn once by the build, which finds those that cannot be drawn, and as text for feeds.

KaTeX runs in QuickJS, and only for formulas that no earlier build has seen. Readers load neither: the script of KaTeX
weighs more than a page.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

from mlblog import design
from mlblog.errors import InputError, PostError
from mlblog.files.canonical import digest, digest_file, encode
from mlblog.files.remembered import Remembered

#: The setting below `extra:` with the macros, which templates pass on to the page.
MACROS = "tex_macros"
_KATEX = design.FOLDER / "assets/katex/katex.min.js"
#: What arithmatex writes around TeX, until it is drawn.
_FORMULA = re.compile(
    r'<(span|div)\b(?![^>]*\bdata-drawn)([^>]*\bclass="arithmatex"[^>]*)>\s*\\([(\[])(.*?)\\[)\]]\s*</\1>', re.DOTALL
)
#: A short formula, and the bracket or punctuation that no line may part from it.
_TIED = re.compile(r'([(“]?)(<span class="arithmatex">\\\([^<>]{1,40}\\\)</span>)([.,:;!?)”’]*)')  # noqa: RUF001
_ANNOTATION = re.compile(r"<annotation .*?</annotation>", re.DOTALL)
_MATHML = re.compile(r"<math\b.*?</math>", re.DOTALL)
_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_IN_TEXT = re.compile(r"(?<![\\$])\$(?=\S)([^$]*[^\s$\\])\$(?!\d)")
_LENGTH = 300  # characters of a description that is taken from the text
_CURES = {
    r"\label": "write {#eq-name} after the closing $$, and refer to it by [Equation](#eq-name)",
    r"\ref": "write [Equation](#eq-name)",
    r"\eqref": "write [Equation](#eq-name)",
}
# JSON both ways, since a string that JavaScript has put together from pieces does not cross over
_DRAW = """globalThis.draw = (given) => {
  const [tex, displayMode, macros] = JSON.parse(given);
  try {
    const options = { displayMode, macros, throwOnError: true, output: "htmlAndMathml" };
    return JSON.stringify([katex.renderToString(tex, options), ""]);
  } catch (error) {
    return JSON.stringify(["", error.rawMessage ?? error.message]);
  }
}; null"""


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
    def _draw(self) -> Callable[[str], str]:
        import quickjs  # only if there are new formulas

        context = quickjs.Context()
        context.eval(_KATEX.read_text(encoding="utf-8") + "; null")
        context.eval(_DRAW)
        draw: Callable[[str], str] = context.get("draw")
        return draw

    def _drawn(self, tex: str, is_display: bool) -> tuple[str, str]:
        """A formula as HTML, without its source and for the search index once; or why it cannot be drawn."""

        def make() -> list[str]:
            made, why = json.loads(self._draw(json.dumps([tex, is_display, self._macros])))
            around = "</span></span>" if is_display else "</span>"
            made = _ANNOTATION.sub("", made).removesuffix(f"</span>{around}")
            # Material leaves out an excluded element as far as the end of the first one within of the same name
            made = made.replace('<span class="katex-html"', '<katex-html class="katex-html" data-search-exclude')
            return [f"{made}</katex-html>{around}" if made else "", why]

        made, why = self._remembered.get(digest(self._settings, str(is_display), tex), make)
        return made, why

    def draw(self, page: str) -> str:
        """HTML with its formulas drawn; one that cannot be is left to the page's own script, which shows it in red."""
        if 'class="arithmatex"' not in page:
            return page

        def replaced(found: re.Match[str]) -> str:
            element, attributes = found[1], found[2]
            made, _ = self._drawn(*_read(found))
            return f"<{element}{attributes} data-drawn>{made}</{element}>" if made else found[0]

        return _FORMULA.sub(replaced, _TIED.sub(_tied, page))

    def errors(self, page: str, sources: Sequence[Path], shown: Callable[[Path], str]) -> Iterator[PostError]:
        """Yield an error for each formula of a page that KaTeX cannot draw.

        Args:
            page: the page's HTML.
            sources: where its text may have come from, in order.
            shown: how to name such a file.
        """
        for found in _FORMULA.finditer(page) if "arithmatex" in page else ():
            tex, is_display = _read(found)
            _, why = self._drawn(tex, is_display)
            if why:
                path, line = place(tex, sources)
                yield PostError(shown(path), line, f"formula {_short(tex)}: {why[:1].lower()}{why[1:]}; {_cure(why)}")

    def description(self, page: str) -> str:
        """The first paragraph of a page as plain text, for lists and feeds."""
        found = _PARAGRAPH.search(page)
        if found is None:
            return ""
        told = _FORMULA.sub(lambda match: html.escape(self.plain(_read(match)[0])), found[1])
        text = " ".join(html.unescape(re.sub(r"<[^>]*>", "", told)).split())
        return text if len(text) <= _LENGTH else f"{text[:_LENGTH].rsplit(' ', 1)[0]} …"

    def without_tex(self, text: str) -> str:
        """A text with each formula between dollars as plain text."""
        return _IN_TEXT.sub(lambda match: self.plain(match[1]), text)

    def plain(self, tex: str) -> str:
        r"""A formula in one line, without TeX: `\frac{a}{2}` gives `a/2`; as it is if it cannot be drawn."""
        made, _ = self._drawn(tex, False)
        tree = _MATHML.search(made)
        return _line(ElementTree.fromstring(tree[0])).strip() if tree else tex  # noqa: S314  # written by KaTeX, here


def _read(found: re.Match[str]) -> tuple[str, bool]:
    """The TeX of a formula, and whether it is a display."""
    return html.unescape(found[4]).strip(), found[3] == "["


def _tied(found: re.Match[str]) -> str:
    return f'<span class="mlblog-tied">{found[0]}</span>' if found[1] or found[3] else found[0]


def place(tex: str, sources: Sequence[Path]) -> tuple[Path, int]:
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
