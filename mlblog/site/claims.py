"""The pages of claims: what papers say, what posts say themselves, and what became of it here."""

from __future__ import annotations

import json
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace

from mlblog.claims import OF_PAPERS, OF_POSTS, VERDICTS, Claim
from mlblog.papers import Bibliography, cite
from mlblog.papers.citation import escaped
from mlblog.press import Context, Page, Post
from mlblog.press.page import evidence
from mlblog.press.page.crossrefs import anchor
from mlblog.press.page.provenance import summary
from mlblog.press.source import blocks
from mlblog.site.entries import entry, group, listed

_CITED = re.compile(r"\(#ref-([^()\s]+)\)\{ \.mlblog-cite \}")
_LINK = re.compile(r"\[([^\]]*)\]\([^()]*\)(?:\{[^{}]*\})?")
_LABEL = re.compile(r"\(#(fig|tbl|eq|sec)-([^()\s]+)\)")
_HEAD = """---
title: Claims of papers
description: What papers claim, each with the verdict that our numbers give it.
counts: {counts}
---

# Claims of papers

A sentence of a paper, with a verdict that is computed from recorded numbers: when the numbers change, it
does. *Did not hold at this size* says what we saw at the size at which we looked, and no more; *Does not hold* is
mathematics, and true of every size. *Not tested at this size*: the method did not pass the control that was to show
that it works here, so nothing follows. A claim about a limit holds in part at best, since no finite size shows one.
"""
_HEAD_OF_POSTS = """---
title: Claims of posts
description: What posts claim themselves, each with the verdict that our numbers give it.
---

# Claims of posts

What no paper is named for: sentences of posts, judged like [those of papers](../claims.md), by recorded numbers.
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
    """Yield the pages, if any post states a claim; the first has the number of all."""
    if found := list(claims(context)):
        bibliography = Bibliography.of(context.project)
        counts = Counter(one.claim.verdict for one in found)
        told = json.dumps({VERDICTS[verdict]: counts[verdict] for verdict in VERDICTS if counts[verdict]})
        of_papers = [one for one in found if one.claim.source]
        of_posts = [one for one in found if not one.claim.source]
        more = f"\nWhat posts claim themselves has [a page of its own]({OF_POSTS}).\n" if of_posts else ""
        yield Page(OF_PAPERS, _HEAD.format(counts=told) + more + _by_paper(of_papers, bibliography))
        if of_posts:
            yield Page(OF_POSTS, _HEAD_OF_POSTS + _by_post(of_posts, bibliography))


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


def _by_paper(found: list[Listed], bibliography: Bibliography) -> str:
    groups: dict[str, list[Listed]] = defaultdict(list)
    for one in found:
        groups[one.claim.source].append(one)
    text = [
        group(f"## {_paper(key, bibliography)}", [_entry(one, bibliography, OF_PAPERS) for one in groups[key]])
        for key in sorted(groups)
    ]
    return _counted(found) + listed(("verdict", "paper", "post"), "\n".join(text))


def _by_post(found: list[Listed], bibliography: Bibliography) -> str:
    groups: dict[str, list[Listed]] = defaultdict(list)
    for one in found:
        groups[one.post.path].append(one)
    text = []
    for ours in groups.values():
        post = ours[0].post
        heading = f"## [{escaped(post.title)}]({_way(post.page, OF_POSTS)}) {{ #{post.slug} }}"
        text.append(group(heading, [_entry(one, bibliography, OF_POSTS) for one in ours]))
    return _counted(found) + listed(("verdict", "post"), "\n".join(text))


def _counted(found: list[Listed]) -> str:
    counts = Counter(one.claim.verdict for one in found)
    rows = [f"| {_word(verdict)} | {counts[verdict]} |" for verdict in VERDICTS]
    return "\n" + blocks.block("div.mlblog-counts", "\n".join(["| verdict | claims |", "| --- | ---: |", *rows])) + "\n"


def _entry(one: Listed, bibliography: Bibliography, page: str) -> str:
    """A claim as a line that opens on its numbers and its place."""
    claim = one.claim
    sentence = _LINK.sub(r"\1", linked(replace(claim, source="").sentence, one.post, bibliography, page))
    stale = ' <span class="mlblog-stale">stale</span>' if one.stale else ""
    body = [linked(text, one.post, bibliography, page) for text in (claim.because, claim.change) if text]
    where = f"[In “{escaped(one.post.title)}”]({_way(one.post.page, page)}#{one.anchor})"
    rests = _rests(one, _way(".", page))
    body.append(blocks.block("p.mlblog-provenance", f"{where} · {rests}"))
    kinds = {"paper": bibliography[claim.source].cite} if claim.source else {}
    return entry(
        one.anchor,
        f"{_word(claim.verdict)} {sentence}{stale}",
        "\n\n".join(body),
        verdict=VERDICTS[claim.verdict],
        **kinds,
        post=one.post.title,
    )


def item(one: Listed, bibliography: Bibliography, page: str) -> str:
    """A claim as Markdown for the note on its paper: its verdict, the sentence, the numbers, its place."""
    claim, place = one.claim, f"{_way(one.post.page, page)}#{one.anchor}"
    stale = ' <span class="mlblog-stale">stale</span>' if one.stale else ""
    sentence = linked(replace(claim, source="").sentence, one.post, bibliography, page) + stale
    lines = [("p.mlblog-verdict", f"[{VERDICTS[claim.verdict]}]({_way(claim.listed, page)}#{one.anchor})")]
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


def linked(text: str, post: Post, bibliography: Bibliography, page: str) -> str:
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


def _way(path: str, page: str) -> str:
    return posixpath.relpath(path, posixpath.dirname(page) or ".")
