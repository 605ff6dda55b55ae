"""Render the outputs of a cell to Markdown, and to files beside the page."""

from __future__ import annotations

import base64
import gzip
import html
import json
import posixpath
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from mlblog.errors import PostError
from mlblog.papers.citation import escaped
from mlblog.press.kernel.output import FIGURE, Output, as_bytes
from mlblog.press.page import terminal
from mlblog.press.page.citing import Citing
from mlblog.press.page.crossrefs import Target
from mlblog.press.page.images import image_attributes, room
from mlblog.press.page.labels import caption_of
from mlblog.press.page.numbering import Figure, Other
from mlblog.press.page.shown import IMAGES, SOUNDS
from mlblog.press.page.sounds import player
from mlblog.press.page.verdicts import verdict_block
from mlblog.press.source import blocks
from mlblog.press.source.document import TAGS, Cell, Post

#: MIME types that pages show, richest first.
_PREFERENCE = ("text/html", "text/markdown", "text/latex", "application/json", "text/plain")
#: MIME types that pages cannot show, even if a text form is available.
_REFUSED = {
    "application/javascript": "JavaScript, which pages do not run; put it into docs/javascripts, or show "
    'HTML("<script>…</script>")',
}
#: Limits for text on a page; longer texts become a file beside it.
MOST_LINES, MOST_CHARACTERS = 200, 20_000
#: Bytes of a figure, both schemes together, above which a page is slow on a phone.
HEAVY = 2_000_000
#: Compressed bytes of what a figure loads when it is near.
HEAVY_PART = 300_000
#: Kinds of figures that load their files when the reader asks for it, and say how much.
ASKED_FOR = ("model",)


class Results:
    """Renders the outputs of one post; collects files beside the page in `files`, and `warnings`.

    `first_figure` is what lists of posts need to show the first figure: its files beside the page by scheme (`any` if
    it has one only), alt text and size.
    """

    def __init__(self, post: Post, citing: Citing) -> None:
        self._post, self._citing = post, citing
        self._pictures = self._texts = 0
        self.files: dict[str, bytes] = {}
        self.warnings: list[str] = []
        self.first_figure: dict[str, Any] = {}

    def render(self, cell: Cell, items: Sequence[Figure | Other], records: str = "") -> list[str]:
        """Markdown of each output of a cell.

        Args:
            cell: the cell.
            items: its visible outputs, numbered.
            records: a link to the records behind its figures.

        Raises:
            PostError: the cell shows an image or a sound without alt text, shows what no page can, or refers to a label
                or a paper that does not exist.
        """
        self._warn_of_options(cell, is_empty=not items)
        alts = self._alts(cell, sum(len(item.images) for item in items if isinstance(item, Figure)))
        shown: list[str] = []
        for item in items:
            if isinstance(item, Figure):
                places = enumerate(item.images, item.first)
                panels = [self._picture(cell, image, alts[place - 1], place) for place, image in places]
                caption = cell.options.caption if item.first == 1 else ""
                shown.append(self._figure(cell, panels, caption, item.target, records))
            elif item.claim is not None:
                claims = posixpath.relpath(item.claim.claim.listed, self._post.folder)
                shown.append(verdict_block(item.claim, lambda text: self._citing.resolve(text, cell.line), claims))
            elif text := self._other(cell, item.output):
                shown.append(text if item.target is None else self._captioned(cell, text, item.target))
        return shown

    def _other(self, cell: Cell, output: Output) -> str:
        """Markdown of an output other than an image or a claim."""
        if output["output_type"] == "stream":
            return self._printed(f"div.mlblog-output.mlblog-{output['name']}", output["text"])
        if output["output_type"] == "error":
            text = terminal.plain(terminal.lines("\n".join(output["traceback"])))
            return blocks.block("div.mlblog-output.mlblog-error", blocks.fence("text", text))
        mime = self._richest(cell, output)
        data = output["data"][mime]
        if mime == "application/json":
            text = json.dumps(data, indent=2, ensure_ascii=False) if not isinstance(data, str) else data
            return self._text("div.mlblog-output.mlblog-json", text, "json")
        text = _joined(data)
        if mime == "text/html":
            return blocks.block("div.mlblog-output.mlblog-html", text, raw=True)
        if mime == "text/plain":
            return self._printed("div.mlblog-output", text)
        # Markdown has blank lines, which a block in a definition list must not
        return f"{text.rstrip()}\n" if cell.in_definition else blocks.block("div.mlblog-output", text)

    def _richest(self, cell: Cell, output: Output) -> str:
        data = output["data"]
        found = next((mime for mime in _PREFERENCE if mime in data), "")
        if found in ("", "text/plain"):
            for mime, what in _REFUSED.items():
                if mime in data:
                    raise PostError(self._post.path, cell.line, f"this cell shows {what}")
        if not found:
            kinds = ", ".join(data) or "nothing"
            cure = 'show it as text, HTML or a picture, or add tags=["remove-output"]'
            raise PostError(self._post.path, cell.line, f"this cell shows {kinds}, which pages cannot show; {cure}")
        return found

    def _printed(self, element: str, text: str) -> str:
        """Terminal text; HTML if it has colours."""
        lines = terminal.lines(text)
        if not lines:
            return ""
        content = terminal.coloured(lines)
        whole = terminal.plain(lines)
        if not content or len(lines) > MOST_LINES or len(whole) > MOST_CHARACTERS:
            return self._text(element, whole)
        return blocks.block(element, f'<div class="highlight"><pre><code>{content}\n</code></pre></div>', raw=True)

    def _text(self, element: str, text: str, language: str = "text") -> str:
        """Verbatim text; a long one is cut, with a note and a file of the whole."""
        lines = text.split("\n")
        head = "\n".join(lines[:MOST_LINES])[:MOST_CHARACTERS]
        if len(head) == len(text):
            return blocks.block(element, blocks.fence(language, text))
        self._texts += 1
        name = self._file(f"output-{self._texts}.{'json' if language == 'json' else 'txt'}", text.encode())
        note = f"Truncated: {len(lines):,} lines, {len(text):,} characters. [Full output]({name}){{ download }}\n"
        return blocks.block(element, f"{blocks.fence(language, head)}\n{note}")

    def _captioned(self, cell: Cell, text: str, target: Target) -> str:
        """A table or other output with its numbered caption above it."""
        name = f"#{target.anchor}" if target.anchor else ""
        caption = caption_of(target, self._citing.resolve(cell.options.caption, cell.line))
        return blocks.block(f"figure.mlblog-table{name}", f"{caption}\n{text}")

    def _alts(self, cell: Cell, pictures: int) -> list[str]:
        """The alt text of each image of a cell."""
        alts, (rows, columns) = cell.options.alt, cell.options.layout
        if not pictures:
            return []
        wrong = ""
        if not alts:
            wrong = 'makes a figure and has no alt text; add alt="what the figure shows", or of a sound what is heard'
        elif 1 < len(alts) != pictures:
            wrong = f"makes {pictures} figures but has {len(alts)} alt texts; write one for each, or one for all"
        elif rows and rows * columns < pictures:
            wrong = f'makes {pictures} figures, but layout="{rows}x{columns}" has room for {rows * columns}'
        if wrong:
            raise PostError(self._post.path, cell.line, f"this cell {wrong}")
        return [escaped(" ".join(alt.split())) for alt in (alts * pictures if len(alts) == 1 else alts)]

    def _picture(self, cell: Cell, output: Output, alt: str, number: int) -> tuple[str, str]:
        """The image lines of one picture, or the player of a sound, and the file name of its data, if any."""
        self._pictures += 1
        name = cell.options.label or f"figure-{self._pictures}"
        name = name if number == 1 or not cell.options.label else f"{name}-{number}"
        drawn = output["data"].get(FIGURE)
        if not drawn and (kind := next((mime for mime in SOUNDS if mime in output["data"]), "")):
            return self._sound(cell, name, kind, output["data"][kind], html.unescape(alt)), ""
        if drawn:
            files = [
                (f"{name}-{scheme}.svg", drawn[scheme].encode(), f"#only-{scheme}") for scheme in ("light", "dark")
            ]
            lettering = drawn.get("lettering", "")
            table = self._file(f"{name}.csv", drawn["data"].encode()) if drawn["data"] else ""
        else:
            mime = next(mime for mime in IMAGES if mime in output["data"])
            text = _joined(output["data"][mime])
            content = text.encode() if mime == "image/svg+xml" else base64.b64decode(text)
            files, table, lettering = [(f"{name}.{IMAGES[mime]}", content, "")], "", ""
        size = sum(len(content) for _, content, _ in files)
        if size > HEAVY:
            cure = "draw fewer points" if cell.options.raster else "add raster=true to its fence, or draw fewer points"
            self._warn(cell, f"a figure of this cell is {size / 1e6:.1f} MB; {cure}")
        if not self.first_figure:
            shown = {scheme.removeprefix("#only-") or "any": file for file, _, scheme in files}
            self.first_figure = {**shown, "alt": html.unescape(alt), **room(files[0][1])}
        images = "\n".join(
            f"![{alt}]({self._file(file, content)}{scheme}){image_attributes(content, lettering)}"
            for file, content, scheme in files
        )
        if drawn and (interactive := drawn.get("interactive")):
            images = self._interactive(cell, name, images, interactive)
        if drawn and (heard := drawn.get("sound")):
            images += "\n\n" + self._sound(cell, name, "audio/wav", heard["wav"], heard["transcript"])
        return images, table

    def _sound(self, cell: Cell, name: str, kind: str, data: str, transcript: str) -> str:
        content = base64.b64decode(data)
        if len(content) > HEAVY:
            self._warn(cell, f"a sound of this cell is {len(content) / 1e6:.1f} MB; shorten it, or compress it")
        return player(self._file(f"{name}.{SOUNDS[kind]}", content), content, transcript)

    def _interactive(self, cell: Cell, name: str, images: str, interactive: dict[str, Any]) -> str:
        """The images, and links to what the script of this kind of figure loads: MkDocs keeps links right anywhere."""
        kind = interactive["kind"]
        links = ""
        for suffix, text in interactive["files"].items():
            content = as_bytes(text)
            if kind not in ASKED_FOR and (size := len(gzip.compress(content, 6, mtime=0))) > HEAVY_PART:
                self._warn(cell, f"a figure of this cell loads {size / 1000:.0f} kB, compressed; draw less in it")
            path = self._file(f"{name}-{kind}-{suffix}", content)
            links += f"[{kind}]({path}){{ .mlblog-part hidden data-search-exclude data-bytes={len(content)} }}\n"
        return blocks.block(f"div.mlblog-interactive.mlblog-{kind}", f"{images}\n\n{links}")

    def _figure(self, cell: Cell, panels: Sequence[tuple[str, str]], caption: str, target: Target, records: str) -> str:
        """One image, or a grid of them, with a caption."""
        images = panels[0][0]
        if columns := cell.options.layout[1]:
            inside = "\n".join(blocks.block("div", one) for one, _ in panels)
            images = blocks.block(f"div.mlblog-panels.mlblog-columns-{columns}", inside)
        tables = [table for _, table in panels if table]
        named = ("Data",) if len(tables) == 1 else (f"Data {number}" for number in range(1, len(tables) + 1))
        links = [f"[{name}]({table}){{ .mlblog-data download }}" for name, table in zip(named, tables, strict=True)]
        below = caption_of(target, self._citing.resolve(caption, cell.line), *links, records)
        name = f"#{target.anchor}" if target.anchor else ""
        return blocks.block(f"figure.mlblog-figure{name}", f"{images.rstrip()}\n\n{below}")

    def _warn_of_options(self, cell: Cell, *, is_empty: bool) -> None:
        options = cell.options
        for tag in sorted(options.tags - TAGS):
            if near := get_close_matches(tag.lower().replace("_", "-"), TAGS, n=1, cutoff=0.85):
                self._warn(cell, f"unknown tag {tag!r}; did you mean {near[0]!r}?")
        if is_empty and options.caption and not options.hides_outputs:
            self._warn(cell, "this cell has a caption but no output")

    def _warn(self, cell: Cell, text: str) -> None:
        self.warnings.append(f"{self._post.path}:{cell.line}: {text}")

    def _file(self, name: str, content: bytes) -> str:
        path = f"{self._post.slug}/{name}"
        self.files[path] = content
        return path


def _joined(data: object) -> str:
    return "".join(data) if isinstance(data, list) else str(data)
