"""The prose between cells, with placeholders for inline values until the Markdown has been processed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlblog.markup import scan
from mlblog.papers.citation import escaped
from mlblog.press.kernel.output import Outputs, Ran
from mlblog.press.source.document import Cell, Doctest, Inline, Part, Post, Prose

# private use characters, which texts do not contain
_OPEN, _CLOSE = "\ue010", "\ue011"
_PLACE = re.compile(f"{_OPEN}(\\d+){_CLOSE}")
# would start a list, a rule or indented code at the start of a line
_STARTS = re.compile(r"^(?: |\d+(?=[.)](?:\s|$))|[-+](?=\s|$)|-+(?=[-\s]*$))")


@dataclass(frozen=True)
class Passage:
    """Prose that starts on `line` of the post, with placeholders for `values`."""

    text: str
    line: int
    values: tuple[Ran, ...] = ()

    def filled(self, text: str) -> str:
        """Fill values into processed `text`: raw in formulas, escaped elsewhere."""
        if not self.values:
            return text
        formulas = [one for one in scan(text, prose=True).tokens if one.kind in ("formula", "maths")]

        def shown(match: re.Match[str]) -> str:
            in_formula = any(one.start <= match.start() < one.end for one in formulas)
            return value_text(self.values[int(match[1])], in_formula=in_formula)

        return _PLACE.sub(shown, text)


def pieces(post: Post, outputs: Outputs) -> Iterator[tuple[Passage | Part, int]]:
    """Yield the passages and other parts of a post, in order, each with the index of the next unit."""
    number, text, line = 0, "", 0
    values: list[Ran] = []

    def end() -> Iterator[tuple[Passage, int]]:
        nonlocal text
        if text:
            yield Passage(text, line, tuple(values)), number
        text = ""
        values.clear()

    for part in post.parts:
        line = line if text else part.line
        if isinstance(part, Prose) and not part.verbatim:
            text += part.source
        elif isinstance(part, Inline):
            text += f"{_OPEN}{len(values)}{_CLOSE}"
            values.append(outputs.ran[number])
            number += 1
            if "\n" in part.source:  # the placeholder is on one line, so line counting restarts after it
                yield from end()
        else:
            yield from end()
            yield part, number
            number += isinstance(part, Cell | Doctest)
    yield from end()


def value_text(ran: Ran, *, in_formula: bool = False) -> str:
    """The text of an inline value; Markdown only if marked as such, as by IPython's `Markdown`.

    Example:
        >>> value_text(Ran(({"data": {"text/plain": "a_b"}},)))
        'a&#95;b'
    """
    return "".join(_shown(output["data"], in_formula) for output in ran.outputs if "data" in output)


def _shown(data: dict[str, Any], in_formula: bool) -> str:
    if in_formula:
        return str(data["text/latex"]).strip("$") if "text/latex" in data else str(data["text/plain"])
    for mime in ("text/markdown", "text/latex"):
        if mime in data:
            return str(data[mime])
    text = re.sub(r"[ \t\n\r\f]+", " ", str(data["text/plain"]))  # as in HTML; several could mean something in Markdown
    return _STARTS.sub(lambda match: "".join(f"&#{ord(sign)};" for sign in match[0]), escaped(text))
