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
from mlblog.press.kernel.output import Outputs
from mlblog.press.page import evidence
from mlblog.press.page.citing import Citing
from mlblog.press.page.colophon import colophon
from mlblog.press.page.crossrefs import identifier
from mlblog.press.page.download import notebook
from mlblog.press.page.labels import with_labels
from mlblog.press.page.numbering import number_post
from mlblog.press.page.provenance import Evidence, merged, resting_on
from mlblog.press.page.results import Results
from mlblog.press.page.site_context import Surroundings
from mlblog.press.page.values import Passage, pieces
from mlblog.press.source import blocks
from mlblog.press.source.document import Cell, Post, Sample


@dataclass(frozen=True)
class Page:
    """A page and the files beside it: its path below the folder of pages, theirs below the page's own folder.

    `warnings` say what its author could do better, with file and line.
    """

    path: str
    text: str
    files: dict[str, bytes] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def render_post(post: Post, outputs: Outputs, look_up: Callable[[Read], Evidence], around: Surroundings) -> Page:
    """Write the page of a post that has run.

    Args:
        post: what was written.
        outputs: what it left.
        look_up: gives the records behind a read.
        around: the site.

    Raises:
        PostError: a figure has no alt text, or there is no such label or paper as the post refers to.
    """
    outputs = outputs.settled()
    reads = resting_on(post, outputs)
    numbering = number_post(post, outputs)
    citing = Citing(post, numbering.targets, around.bibliography)
    results = Results(post, citing, numbering.outputs)
    root = _to_root(post)
    text = []
    for part, number in pieces(post, outputs):
        if isinstance(part, Passage):
            text.append(part.filled(with_labels(citing.resolve(part.text, part.line), numbering.targets)))
        elif isinstance(part, Sample):
            text.append(part.shown)
        elif isinstance(part, Cell):
            recorded = [one for one in map(look_up, reads[number]) if one.records]
            name = identifier("made", post.slug, str(number + 1))
            link = evidence.records_link(recorded, root, name)
            shown = results.render(part, number, outputs.ran[number].outputs, link)
            text.append(_cell(part, shown, evidence.provenance(recorded, root, name) if shown and recorded else ""))
        else:
            text.append(part.source)
    recorded = [one for one in map(look_up, merged(reads)) if one.records]
    if listed := citing.references(root):
        text.append("\n" + listed)
    book = f"{post.slug}/{post.slug}.ipynb" if any(isinstance(unit, Cell) for unit in post.units) else ""
    if book:
        results.files[book] = notebook(post, outputs, around, citing.plain_references())
    text.append(colophon(post, around, recorded, root, book))
    files = post.files | results.files
    return Page(post.page, _front_matter(post.meta, post.slug) + "".join(text), files, tuple(results.warnings))


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


def _cell(cell: Cell, shown: list[str], provenance: str) -> str:
    """Code, outputs and what these rest on; the last is never folded away."""
    tags = cell.options.tags
    if "remove-cell" in tags:
        return ""
    code = "" if "remove-input" in tags else blocks.fence("python", cell.code.strip("\n"))
    results = "\n".join(shown)
    if "hide-cell" in tags:
        parts = [blocks.folded("Code and output" if results else "Code", _joined(code, results), "mlblog-code")]
    else:
        if "hide-input" in tags and code:
            code = blocks.folded("Code", code, "mlblog-code")
        if "hide-output" in tags and results:
            results = blocks.folded("Output", results, "mlblog-code")
        parts = [code, results]
    text = _joined(*parts, provenance)
    return blocks.indented(blocks.unspaced(text) if cell.in_definition else text, cell.prefix)


def _joined(*pieces: str) -> str:
    return "\n".join(filter(None, pieces))


def _to_root(post: Post) -> str:
    return posixpath.relpath(".", post.folder)
