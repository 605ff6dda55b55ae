"""From a post and its outputs to a page, in Markdown that stock MkDocs renders, and the files beside it.

What has no Markdown form goes into `/// html` blocks: unlike raw HTML they work inside admonitions, tabs and lists, and
Markdown's own images and links in them follow the page wherever Material shows its excerpt.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from mlblog.errors import MlblogError
from mlblog.lab import Read
from mlblog.press.kernel.output import Outputs, inline_text
from mlblog.press.page import evidence
from mlblog.press.page.citing import Citing
from mlblog.press.page.colophon import colophon
from mlblog.press.page.crossrefs import identifier
from mlblog.press.page.download import notebook
from mlblog.press.page.provenance import Evidence, merged, resting_on
from mlblog.press.page.results import Results, figure_numbers
from mlblog.press.page.site_context import Surroundings
from mlblog.press.source import blocks
from mlblog.press.source.document import Cell, Doctest, Inline, Post, Prose, Sample


@dataclass(frozen=True)
class Page:
    """A page and the files beside it: its path below the folder of pages, theirs below the page's own folder."""

    path: str
    text: str
    files: dict[str, bytes] = field(default_factory=dict)


def render_post(post: Post, outputs: Outputs, look_up: Callable[[Read], Evidence], around: Surroundings) -> Page:
    """Write the page of a post that has run.

    Args:
        post: what was written.
        outputs: what it left.
        look_up: gives the records behind a read.
        around: the site.

    Raises:
        PostError: a figure has no alt text, or there is no such figure or paper as the post refers to.
    """
    reads = resting_on(post, outputs)
    citing = Citing(post, figure_numbers(post, outputs), around.bibliography)
    results = Results(post, citing)
    root = _to_root(post)
    text, number = [], 0
    for part in post.parts:
        if isinstance(part, Prose):
            text.append(part.source if part.verbatim else citing.resolve(part.source, part.line))
            continue
        if isinstance(part, Sample):
            text.append(part.shown)
            continue
        ran, behind = outputs.ran[number], reads[number]
        number += 1
        if isinstance(part, Inline):
            text.append(inline_text(ran))
        elif isinstance(part, Doctest):
            text.append(part.source)
        else:
            recorded = [one for one in map(look_up, behind) if one.records]
            name = identifier("made", post.slug, str(number))
            shown = results.render(part, ran.outputs, evidence.records_link(recorded, root, name))
            if shown and recorded:
                shown.append(evidence.provenance(recorded, root, name))
            text.append(_cell(part, shown))
    recorded = [one for one in map(look_up, merged(reads)) if one.records]
    if listed := citing.references(root):
        text.append("\n" + listed)
    book = f"{post.slug}/{post.slug}.ipynb" if any(isinstance(unit, Cell) for unit in post.units) else ""
    if book:
        results.files[book] = notebook(post, outputs, citing.plain_references())
    text.append(colophon(post, around, recorded, root, book))
    return Page(post.page, _front_matter(post.meta, post.slug) + "".join(text), results.files)


def render_error(post: Post, error: MlblogError) -> Page:
    """Write a page that says why a post has none."""
    trace = getattr(error, "traceback", "")
    text = blocks.block("div.mlblog-error", "**This post does not compile.**\n\n" + blocks.fence("text", str(error)))
    if trace:
        text += "\n" + blocks.folded("Traceback", blocks.fence("text", trace))
    return Page(post.page, _front_matter(post.meta, post.slug) + text)


def _front_matter(meta: dict[str, Any], slug: str) -> str:
    # the address is the file's name, not the title's: it stays when the title is improved, and figures stand below it
    meta = {key: value for key, value in meta.items() if key not in ("timeout", "memory")}  # how it runs
    return f"---\n{yaml.safe_dump({**meta, 'slug': slug}, allow_unicode=True, sort_keys=False)}---\n"


def _cell(cell: Cell, shown: list[str]) -> str:
    tags = cell.options.tags
    code = blocks.fence("python", cell.code.strip("\n"))
    pieces = []
    if "hide-input" in tags:
        pieces.append(blocks.folded("Code", code, "mlblog-code"))
    elif "remove-input" not in tags:
        pieces.append(code)
    if "remove-output" not in tags:
        pieces += shown
    return blocks.indented("\n".join(pieces), cell.prefix)


def _to_root(post: Post) -> str:
    return posixpath.relpath(".", post.folder)
