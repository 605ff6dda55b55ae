"""Claims among the outputs of a post, and how verdicts are rendered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from mlblog.claims import MIME, VERDICTS, Claim
from mlblog.press.kernel.output import Output, Outputs
from mlblog.press.page.crossrefs import identifier
from mlblog.press.page.shown import visible
from mlblog.press.source import blocks
from mlblog.press.source.document import Cell, Post


@dataclass(frozen=True)
class Stated:
    """A claim and its place.

    Attributes:
        claim: the claim.
        anchor: its HTML id on the post's page.
        unit: index in `post.units` of the unit that made it.
        place: its index among the visible outputs of that unit.
    """

    claim: Claim
    anchor: str
    unit: int
    place: int


def stated(post: Post, outputs: Outputs) -> Iterator[Stated]:
    """Yield the claims on the page of `post`, in order."""
    number = 0
    for at, (unit, ran) in enumerate(zip(post.units, outputs.ran, strict=True)):
        if isinstance(unit, Cell):
            for place, output in enumerate(visible(unit, ran.outputs)):
                if (claim := _claim_of(output)) is not None:
                    number += 1
                    # unique across posts, because excerpts share pages
                    yield Stated(claim, identifier("claim", post.slug, str(number)), at, place)


def _claim_of(output: Output) -> Claim | None:
    """The claim in an output, if it is one."""
    data = output.get("data", {}).get(MIME)
    return None if data is None else Claim(**data)


def verdict_block(statement: Stated, resolve: Callable[[str], str], claims: str = "") -> str:
    """A verdict on a page: the word, to which the style puts a sign, the sentence, the numbers, what would change it.

    Args:
        statement: the claim.
        resolve: turns citations and references in Markdown into links.
        claims: relative path of the page of claims, where it has an entry of the same name; empty for no link.
    """
    claim = statement.claim
    pieces = [
        ("p.mlblog-sentence", claim.sentence),
        ("p.mlblog-because", claim.because),
        ("p.mlblog-overturned", claim.change),
    ]
    word = VERDICTS[claim.verdict]
    word = blocks.block("p.mlblog-verdict", f"[{word}]({claims}#{statement.anchor})" if claims else word)
    text = "\n".join([word, *(blocks.block(element, resolve(content)) for element, content in pieces if content)])
    return blocks.block(f"div.mlblog-claim.mlblog-{claim.verdict}#{statement.anchor}", text)
