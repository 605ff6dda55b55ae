"""Render a post and its outputs to a page, in Markdown for stock MkDocs, and the files beside it.

Elements without Markdown syntax use `/// html` blocks: unlike raw HTML they work in admonitions, tabs and lists, and
Markdown images and links in them stay valid wherever Material shows the excerpt.
"""

from __future__ import annotations

import dataclasses
import functools
import posixpath
from collections.abc import Callable
from dataclasses import dataclass, field

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
from mlblog.press.page.series import box
from mlblog.press.page.site_context import SiteContext
from mlblog.press.page.values import Passage, pieces
from mlblog.press.source import blocks
from mlblog.press.source.document import Cell, Post, Sample


@dataclass(frozen=True)
class Page:
    """A page, by path below the pages folder, and the files beside it, by path below the page's folder.

    `warnings` are suggestions to its author, with file and line.
    """

    path: str
    text: str
    files: dict[str, bytes] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


def render_post(post: Post, outputs: Outputs, look_up: Callable[[Read], Evidence], around: SiteContext) -> Page:
    """Render the page of a post that has run.

    Args:
        post: the post.
        outputs: its outputs.
        look_up: returns the records behind a read.
        around: the site context.

    Raises:
        PostError: a figure has no alt text, or a referenced label or paper does not exist.
    """
    outputs = outputs.settled()
    reads = resting_on(post, outputs)
    numbering = number_post(post, outputs)
    home = around.origin.repository if around.origin else ""
    provenance = functools.partial(evidence.provenance, repository=home)
    citing = Citing(post, numbering.targets, around.bibliography)
    results = Results(post, citing)
    root = _to_root(post)
    text = [box(post, around.series)]
    for part, number in pieces(post, outputs):
        if isinstance(part, Passage):
            text.append(part.filled(with_labels(citing.resolve(part.text, part.line), numbering.targets)))
        elif isinstance(part, Sample):
            text.append(part.shown)
        elif isinstance(part, Cell):
            recorded = [one for one in map(look_up, reads[number]) if one.records]
            name = identifier("made", post.slug, str(number + 1))
            link = evidence.records_link(recorded, root, name)
            shown = results.render(part, numbering.cells[number], link)
            text.append(_cell(part, shown, provenance(recorded, root, name) if shown and recorded else ""))
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
    meta = post.meta | ({"first_figure": results.first_figure} if results.first_figure else {})
    head = _head(dataclasses.replace(post, meta=meta))
    return Page(post.page, head + "".join(text), files, tuple(results.warnings))


def render_error(post: Post, error: MlblogError) -> Page:
    """Render an error page for a post."""
    trace = getattr(error, "traceback", "")
    text = blocks.block("div.mlblog-error", "**This post does not compile.**\n\n" + blocks.fence("text", str(error)))
    if trace:
        text += "\n" + blocks.folded("Traceback", blocks.fence("text", trace))
    return Page(post.page, _head(post) + text)


def _head(post: Post) -> str:
    return f"---\n{post.front_matter}---\n"


def _cell(cell: Cell, shown: list[str], provenance: str) -> str:
    """Code, outputs and provenance; the last is never folded."""
    tags = cell.options.tags
    if "remove-cell" in tags:
        return ""
    code = "" if cell.options.hides_code else blocks.fence("python", cell.code.strip("\n"))
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
