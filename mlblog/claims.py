"""Claims: a sentence of a paper or of a post, with a verdict computed from what was measured.

A claim displays itself at once, in a notebook as Markdown and on a page as a verdict that the Claims page lists too. It
travels as data among the outputs of its cell, so pages are made of it with nothing run.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

#: The type under which a claim stands among the outputs of a cell: `{"text", "source", "verdict", "because"}`.
MIME = "application/vnd.mlblog.claim+json"
#: Each verdict and its words.
VERDICTS = {
    "held": "Held",
    "in-part": "Held in part",
    "failed": "Did not hold at this size",
    "refuted": "Does not hold",
}
_KEY = re.compile(r"([\w:.+-]+)?")


@dataclass(frozen=True)
class Claim:
    """A claim and its verdict.

    Attributes:
        text: what is claimed, in Markdown, on one line.
        source: the bibliography key of the paper that claims it; empty where the post does.
        verdict: a key of `VERDICTS`.
        because: the numbers that decide, in Markdown, on one line.
    """

    text: str
    source: str
    verdict: str
    because: str

    def __str__(self) -> str:
        source = f" [@{self.source}]" if self.source else ""
        return " ".join(filter(None, [f"**{VERDICTS[self.verdict]}.**", f"{self.text}{source}", self.because]))

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {MIME: asdict(self), "text/markdown": str(self), "text/plain": str(self)}


def claim(text: str, source: str = "", *, holds: bool | str, because: str = "", exact: bool = False) -> None:
    """Display a claim with its verdict.

    Args:
        text: what is claimed, as a sentence, in Markdown.
        source: the bibliography key of the paper that claims it; empty where the post does.
        holds: True, False or "in part"; computed from values, not typed in.
        because: the numbers that decide, in Markdown.
        exact: the numbers are mathematics, not measurements: what does not hold then holds at no size.

    Raises:
        ValueError: `holds` is something else, the text is empty, or the source is no key.

    Example:
        >>> claim("Two and two make four", holds=2 + 2 == 4, because="2 + 2 = 4")
        **Held.** Two and two make four 2 + 2 = 4
    """
    from IPython.display import display

    made = Claim(_line(text), source, _verdict(holds, exact), _line(because))
    if not made.text:
        raise ValueError('a claim needs a text; write claim("what is claimed", holds=…)')
    if not _KEY.fullmatch(source):
        raise ValueError(f"source={source!r} is no bibliography key; give one key without brackets, or leave it out")
    display(made)  # type: ignore[no-untyped-call]  # IPython gives it no types


def _verdict(holds: object, exact: bool) -> str:
    if isinstance(holds, str):
        if holds == "in part":
            return "in-part"
        raise ValueError(f'holds={holds!r}; write True, False or "in part"')
    if hasattr(holds, "item"):  # NumPy's and torch's own truth values, which comparisons give
        holds = holds.item()
    if not isinstance(holds, bool):
        raise ValueError(f'holds={holds!r} is no verdict; compute True, False or "in part" from the numbers')
    return "held" if holds else "refuted" if exact else "failed"


def _line(text: str) -> str:
    return " ".join(text.split())
