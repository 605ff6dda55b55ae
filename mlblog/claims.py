"""Claims: a sentence of a paper or of a post, with a verdict computed from what was measured.

A claim displays itself at once, in a notebook as Markdown and on a page as a verdict that the Claims page lists too. It
travels as data among the outputs of its cell, so pages are made of it with nothing run.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any

#: The type under which a claim is among the outputs of a cell: the attributes of `Claim` as JSON.
MIME = "application/vnd.mlblog.claim+json"
#: Each verdict and its words.
VERDICTS = {
    "held": "Held",
    "in-part": "Held in part",
    "failed": "Did not hold at this size",
    "refuted": "Does not hold",
    "not-tested": "Not tested at this size",
}
#: The pages that list claims: of papers, and of posts themselves.
OF_PAPERS, OF_POSTS = "claims.md", "claims/posts.md"
_KEY = re.compile(r"([\w:.+-]+)?")
_NO_LIMIT = "No finite size shows a limit."


@dataclass(frozen=True)
class Claim:
    """A claim and its verdict.

    Attributes:
        text: what is claimed, in Markdown, on one line.
        source: the bibliography key of the paper that claims it; empty where the post does.
        verdict: a key of `VERDICTS`.
        because: the numbers that decide, in Markdown, on one line.
        place: where the source says it, such as "§3.1, Eq. 4".
        overturned_by: which measurement would change the verdict, a sentence in Markdown, on one line.
    """

    text: str
    source: str
    verdict: str
    because: str
    place: str = ""
    overturned_by: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, [f"**{VERDICTS[self.verdict]}.**", self.sentence, self.because, self.change]))

    @property
    def sentence(self) -> str:
        """What is claimed, by whom and where, in Markdown; with the source before the full stop."""
        if not (self.source or self.place):
            return self.text
        bare = self.text.removesuffix(".")
        place = f", {self.place}" if self.place else ""
        cited = f"[@{self.source}{place}]" if self.source else f"({self.place})"
        return f"{bare} {cited}{self.text[len(bare) :]}"

    @property
    def change(self) -> str:
        """What would change the verdict, in Markdown; empty where the claim does not say."""
        return f"*What would change this:* {self.overturned_by}" if self.overturned_by else ""

    @property
    def listed(self) -> str:
        """The page that lists it."""
        return OF_PAPERS if self.source else OF_POSTS

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return {MIME: asdict(self), "text/markdown": str(self), "text/plain": str(self)}


def claim(
    text: str,
    source: str = "",
    *,
    holds: bool | str,
    because: str = "",
    exact: bool = False,
    limit: bool = False,
    place: str = "",
    overturned_by: str = "",
) -> None:
    """Display a claim with its verdict.

    Args:
        text: what is claimed, as a sentence, in Markdown.
        source: the bibliography key of the paper that claims it; empty where the post does.
        holds: True, False, "in part", or "not tested" where the positive control failed; computed from values, not
            typed in.
        because: the numbers that decide, in Markdown.
        exact: the numbers are mathematics, not measurements: what does not hold then holds at no size.
        limit: the claim is about a limit, which no finite size shows: what agrees with it then holds in part.
        place: where the source says it: "Table 2", "§3.1, Eq. 4", "abstract".
        overturned_by: which measurement would change this verdict; a sentence, in Markdown.

    Raises:
        ValueError: `holds` is something else, the text is empty, the source is not a key, the place has brackets or
            semicolons, a verdict of "not tested" has no reason, or a limit is said to be exact.

    Example:
        >>> claim("Two and two make four", holds=2 + 2 == 4, because="2 + 2 = 4")
        **Held.** Two and two make four 2 + 2 = 4
    """
    from IPython.display import display

    if limit and exact:
        raise ValueError("what is proven needs no finite size; write exact=True or limit=True")
    verdict = _verdict(holds, exact)
    if limit and verdict == "held":
        verdict = "in-part"
    reason = " ".join(filter(None, [_line(because), _NO_LIMIT if limit and verdict == "in-part" else ""]))
    made = Claim(_line(text), source, verdict, reason, _line(place), _line(overturned_by))
    if not made.text:
        raise ValueError('a claim needs a text; write claim("what is claimed", holds=…)')
    if not _KEY.fullmatch(source):
        raise ValueError(f"source={source!r} is no bibliography key; give one key without brackets, or leave it out")
    if re.search(r"[\[\];@]", made.place):
        raise ValueError(f'place={place!r}: write it without brackets, semicolons and @, as in "§3.1, Eq. 4"')
    if verdict == "not-tested" and not made.because:
        raise ValueError("because= must say which control failed, where a claim was not tested")
    display(made)  # type: ignore[no-untyped-call]  # IPython gives it no types


def _verdict(holds: object, exact: bool) -> str:
    if isinstance(holds, str):
        if holds in ("in part", "not tested"):
            return holds.replace(" ", "-")
        raise ValueError(f'holds={holds!r}; write True, False, "in part" or "not tested"')
    if hasattr(holds, "item"):  # NumPy's and torch's own truth values, which comparisons give
        holds = holds.item()
    if not isinstance(holds, bool):
        raise ValueError(f'holds={holds!r} is not a verdict; compute True, False, "in part" or "not tested"')
    return "held" if holds else "refuted" if exact else "failed"


def _line(text: str) -> str:
    return " ".join(text.split())
