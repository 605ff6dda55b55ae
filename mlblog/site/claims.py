"""The page of claims: what papers and posts say, and what became of it here."""

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
from mlblog.site.entries import entry, group, listed

PATH = "claims.md"
_CITED = re.compile(r"\(#ref-([^()\s]+)\)\{ \.mlblog-cite \}")
_LINK = re.compile(r"\[([^\]]*)\]\([^()]*\)(?:\{[^{}]*\})?")
_LABEL = re.compile(r"\(#(fig|tbl|eq|sec)-([^()\s]+)\)")
_HEAD = """---
title: Claims
description: What papers and posts claim, each with the verdict that our numbers give it.
counts: {counts}
---

# Claims

A sentence of a paper, or of a post, with a verdict that is computed from recorded numbers: when the numbers change, it
does. *Did not hold at this size* says what we saw at the size at which we looked, and no more; *Does not hold* is
mathematics, and true of every size. *Not tested at this size*: the method did not pass the control that was to show
that it works here, so nothing follows. A claim about a limit holds in part at best, since no finite size shows one.
"""


@dataclass(frozen=True)
class Listed:
    """A claim, the post that judges it, and where in it.

    Attributes:
        claim: the claim.
        post: whose page states it.
        anchor: its id on that page.
        rests_on: what made the numbers, in a line; empty where they rest on no record.
        experiments: whose records they rest on.
        stale: whether the code behind them has changed since.
        repository: URL of the repository that has the commits, if known.
    """

    claim: Claim
    post: Post
    anchor: str
    rests_on: str
    experiments: tuple[str, ...]
    stale: bool
    repository: str = ""


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
            names = tuple(dict.fromkeys(e.read.experiment for e in recorded))
            yield Listed(
                one.claim, published.post, one.anchor, line, names, any(e.reasons for e in recorded), context.repository
            )


def _body(found: list[Listed], bibliography: Bibliography) -> str:
    counts = Counter(one.claim.verdict for one in found)
    rows = [f"| {_word(verdict)} | {counts[verdict]} |" for verdict in VERDICTS]
    text = "\n" + blocks.block("div.mlblog-counts", "\n".join(["| verdict | claims |", "| --- | ---: |", *rows]))
    by_paper: dict[str, list[Listed]] = defaultdict(list)
    by_post: dict[str, list[Listed]] = defaultdict(list)
    for one in found:
        if one.claim.source:
            by_paper[one.claim.source].append(one)
        else:
            by_post[one.post.path].append(one)
    groups = [_group(_paper(key, bibliography), by_paper[key], bibliography) for key in sorted(by_paper)]
    for ours in by_post.values():
        post = ours[0].post
        heading = f"[{escaped(post.title)}]({_way(post.page)}) {{ #{post.slug} }}"
        groups.append(_group(heading, ours, bibliography))
    return text + "\n" + listed(("verdict", "paper", "post"), "\n".join(groups))


def _group(heading: str, found: list[Listed], bibliography: Bibliography) -> str:
    return group(f"## {heading}", [_entry(one, bibliography) for one in found])


def _entry(one: Listed, bibliography: Bibliography) -> str:
    """A claim as a line that opens on its numbers and its place."""
    claim = one.claim
    sentence = _LINK.sub(r"\1", linked(replace(claim, source="").sentence, one.post, bibliography))
    stale = ' <span class="mlblog-stale">stale</span>' if one.stale else ""
    body = [linked(text, one.post, bibliography) for text in (claim.because, claim.change) if text]
    where = f"[In “{escaped(one.post.title)}”]({_way(one.post.page)}#{one.anchor})"
    rests = _rests(one, ".")
    body.append(blocks.block("p.mlblog-provenance", f"{where} · {rests}"))
    return entry(
        one.anchor,
        f"{_word(claim.verdict)} {sentence}{stale}",
        "\n\n".join(body),
        verdict=VERDICTS[claim.verdict],
        paper=bibliography[claim.source].cite if claim.source else "none: our own",
        post=one.post.title,
    )


def item(one: Listed, bibliography: Bibliography, page: str) -> str:
    """A claim as Markdown for the note on its paper: its verdict, the sentence, the numbers, its place."""
    claim, place = one.claim, f"{_way(one.post.page, page)}#{one.anchor}"
    stale = ' <span class="mlblog-stale">stale</span>' if one.stale else ""
    sentence = linked(replace(claim, source="").sentence, one.post, bibliography, page) + stale
    lines = [("p.mlblog-verdict", f"[{VERDICTS[claim.verdict]}]({_way(PATH, page)}#{one.anchor})")]
    lines.append(("p.mlblog-sentence", sentence))
    if claim.because:
        lines.append(("p.mlblog-because", linked(claim.because, one.post, bibliography, page)))
    if claim.change:
        lines.append(("p.mlblog-overturned", linked(claim.change, one.post, bibliography, page)))
    rests = _rests(one, _way(".", page))
    lines.append(("p.mlblog-provenance", f"[In “{escaped(one.post.title)}”]({place}) · {rests}"))
    inner = "\n".join(blocks.block(element, line) for element, line in lines)
    return blocks.block(f"div.mlblog-claim.mlblog-{claim.verdict}", inner)


def _rests(one: Listed, root: str) -> str:
    return evidence.with_links(one.rests_on, one.experiments, root, one.repository) or "computed in the post itself"


def linked(text: str, post: Post, bibliography: Bibliography, page: str = PATH) -> str:
    """Markdown of `post` for another page: with links to the list of papers, and to what the post has labelled."""
    text = cite(text, bibliography, post.path, 1).text
    text = _CITED.sub(lambda match: f"({_way(_paper_page(match[1], bibliography), page)})", text)

    def there(match: re.Match[str]) -> str:
        kind, label = match[1], match[2]
        name = f"sec-{label}" if kind == "sec" else anchor(kind, post.slug, label)
        return f"({_way(post.page, page)}#{name})"

    return _LABEL.sub(there, text)


def _paper(key: str, bibliography: Bibliography) -> str:
    paper = bibliography[key]
    return f"[{escaped(paper.title)}]({_paper_page(key, bibliography)}) ({escaped(paper.cite)}) {{ #{key} }}"


def _paper_page(key: str, bibliography: Bibliography) -> str:
    return f"papers/{key}.md" if bibliography[key].note else f"papers/index.md#{key}"


def _word(verdict: str) -> str:
    return f'<span class="mlblog-verdict mlblog-{verdict}">{VERDICTS[verdict]}</span>'


def _way(path: str, page: str = PATH) -> str:
    return posixpath.relpath(path, posixpath.dirname(page) or ".")
