"""The page of claims: what papers and posts say, and what became of it here, by verdict, by paper and by post."""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mlblog.claims import VERDICTS, Claim
from mlblog.papers import Bibliography, cite
from mlblog.papers.citation import escaped
from mlblog.press import Context, Page, Post
from mlblog.press.page import evidence
from mlblog.press.page.crossrefs import anchor
from mlblog.press.page.provenance import summary
from mlblog.press.source import blocks

PATH = "claims.md"
_CITED = re.compile(r"\(#ref-([^()\s]+)\)\{ \.mlblog-cite \}")
_LABEL = re.compile(r"\(#(fig|tbl|eq|sec)-([^()\s]+)\)")
_HEAD = """---
title: Claims
description: What papers and posts claim, each with the verdict that our numbers give it.
counts: {counts}
---

# Claims

A sentence of a paper, or of a post, with a verdict that is computed from recorded numbers: when the numbers change, it
does. *Did not hold at this size* says what we saw at the size at which we looked, and no more; *Does not hold* is
mathematics, and true of every size. *Not tested at this size*: a control failed on which the method was to show that
it works here, so its failure elsewhere says nothing of it. A claim about a limit holds in part at best, since no finite
size shows one.
"""


@dataclass(frozen=True)
class Listed:
    """A claim, the post that judges it, and where in it.

    Attributes:
        claim: the claim.
        post: whose page states it.
        anchor: its id on that page.
        rests_on: what made the numbers, in a line; empty where they rest on no record.
        stale: whether the code behind them has changed since.
    """

    claim: Claim
    post: Post
    anchor: str
    rests_on: str
    stale: bool


def pages(context: Context) -> Iterator[Page]:
    """Yield the page, if any post states a claim."""
    if found := list(claims(context)):
        counts = Counter(one.claim.verdict for one in found)
        told = json.dumps({VERDICTS[verdict]: counts[verdict] for verdict in VERDICTS if counts[verdict]})
        yield Page(PATH, _HEAD.format(counts=told) + _body(found, Bibliography.of(context.project)))


def claims(context: Context) -> Iterator[Listed]:
    """Yield the claims of all posts, the newest post's first."""
    for published in sorted(context.posts, key=lambda one: str(one.post.meta["date"]), reverse=True):
        for one in published.claims:
            recorded = [e for e in map(context.look_up, one.reads) if e.records]
            line = (recorded[0].line() if len(recorded) == 1 else summary(recorded)) if recorded else ""
            yield Listed(one.claim, published.post, one.anchor, line, any(e.reasons for e in recorded))


def _body(found: list[Listed], bibliography: Bibliography) -> str:
    counts = Counter(one.claim.verdict for one in found)
    rows = [f"| {_word(verdict)} | {counts[verdict]} |" for verdict in VERDICTS]
    text = "\n" + blocks.block("div.mlblog-counts", "\n".join(["| verdict | claims |", "| --- | ---: |", *rows]))
    by_paper: dict[str, list[Listed]] = defaultdict(list)
    by_post: dict[str, list[Listed]] = defaultdict(list)
    for one in found:
        by_post[one.post.path].append(one)
        if one.claim.source:
            by_paper[one.claim.source].append(one)
    if by_paper:
        text += "\n## By paper\n"
        for key in sorted(by_paper):
            text += f"\n### {_paper(key, bibliography)}\n\n"
            text += "".join(_item(one, bibliography, by_paper=True) for one in by_paper[key])
    text += "\n## By post\n"
    for listed in by_post.values():
        post = listed[0].post
        text += f"\n### [{escaped(post.title)}]({_way(post.page)}) {{ #{post.slug} }}\n\n"
        text += "".join(_item(one, bibliography, by_paper=False) for one in listed)
    return text


def _item(one: Listed, bibliography: Bibliography, *, by_paper: bool) -> str:
    """A claim: its verdict, the sentence, its place; the numbers once, under the paper or else under the post."""
    claim, place = one.claim, f"{_way(one.post.page)}#{one.anchor}"
    stale = ' <span class="mlblog-stale">stale</span>' if one.stale else ""
    text = replace(claim, source="").sentence if by_paper else claim.sentence
    lines = [("p.mlblog-verdict", VERDICTS[claim.verdict])]
    lines.append(("p.mlblog-sentence", _linked(text, one, bibliography) + stale))
    where = f"[In “{escaped(one.post.title)}”]({place})" if by_paper else f"[Where it stands]({place})"
    if by_paper or not claim.source:
        if claim.because:
            lines.append(("p.mlblog-because", _linked(claim.because, one, bibliography)))
        if claim.change:
            lines.append(("p.mlblog-overturned", _linked(claim.change, one, bibliography)))
        where += f" · {evidence.named(one.rests_on) or 'computed in the post itself'}"
    lines.append(("p.mlblog-provenance", where))
    inner = "\n".join(blocks.block(element, line) for element, line in lines)
    return blocks.block(f"div.mlblog-claim.mlblog-{claim.verdict}", inner)


def _linked(text: str, one: Listed, bibliography: Bibliography) -> str:
    """A claim with what it points at on another page: the list of papers, and what its post has labelled."""
    text = cite(text, bibliography, one.post.path, 1).text
    text = _CITED.sub(lambda match: f"({_paper_page(match[1], bibliography)})", text)

    def there(match: re.Match[str]) -> str:
        kind, label = match[1], match[2]
        name = f"sec-{label}" if kind == "sec" else anchor(kind, one.post.slug, label)
        return f"({_way(one.post.page)}#{name})"

    return _LABEL.sub(there, text)


def _paper(key: str, bibliography: Bibliography) -> str:
    paper = bibliography[key]
    return f"[{escaped(paper.title)}]({_paper_page(key, bibliography)}) ({escaped(paper.cite)}) {{ #{key} }}"


def _paper_page(key: str, bibliography: Bibliography) -> str:
    return f"papers/{key}.md" if bibliography[key].note else f"papers/index.md#{key}"


def _word(verdict: str) -> str:
    return f'<span class="mlblog-verdict mlblog-{verdict}">{VERDICTS[verdict]}</span>'


def _way(path: str) -> str:
    return posixpath.relpath(path, posixpath.dirname(PATH) or ".")
