"""What the outputs of a cell look like on the page, and the files that they become."""

from __future__ import annotations

import base64
import json
import re

from mlblog.claims import MIME as CLAIM
from mlblog.errors import PostError
from mlblog.papers.citation import escaped
from mlblog.press.kernel.output import FIGURE, Output, Outputs
from mlblog.press.page import verdicts
from mlblog.press.page.citing import Citing
from mlblog.press.page.crossrefs import anchor
from mlblog.press.source import blocks
from mlblog.press.source.document import Cell, Post

_IMAGES = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}
#: From the richest form that a page can show to the plainest.
_PREFERENCE = (CLAIM, FIGURE, "text/html", "text/markdown", *_IMAGES, "text/latex", "application/json", "text/plain")
#: Colours and other orders to a terminal; links (OSC 8) keep their text.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
#: What a page shows of a long text; the whole is a file beside it.
MOST_LINES, MOST_CHARACTERS = 200, 20_000


class Results:
    """The results of one post; collects in `files` what stands beside the page."""

    def __init__(self, post: Post, citing: Citing) -> None:
        self._post, self._citing = post, citing
        self._figures = self._texts = self._claims = 0
        self.files: dict[str, bytes] = {}

    def render(self, cell: Cell, outputs: tuple[Output, ...], records: str = "") -> list[str]:
        """Markdown of each output of a cell.

        Args:
            cell: what ran.
            outputs: what it showed.
            records: a link to what its figures rest on.

        Raises:
            PostError: the cell shows a picture and has no alt text, or refers to a figure or paper that is not there.
        """
        shown = []
        removed = "remove-output" in cell.options.tags
        pictures = 0
        for output in outputs:
            kind = output["output_type"]
            if kind == "stream":
                if text := plain(output["text"]):
                    shown.append(self._text(f"div.mlblog-output.mlblog-{output['name']}", text))
            elif kind == "error":
                text = "\n".join(output["traceback"])
                shown.append(blocks.block("div.mlblog-output.mlblog-error", blocks.fence("text", text)))
            elif mime := _richest(output):
                if removed:
                    continue
                if _is_picture(mime):
                    pictures += 1
                    shown.append(self._picture(cell, mime, output["data"][mime], pictures, records))
                elif claim := verdicts.claim_of(output):
                    self._claims += 1
                    sentence = self._citing.resolve(verdicts.sentence(claim), cell.line)
                    because = self._citing.resolve(claim.because, cell.line)
                    name = verdicts.anchor(self._post, self._claims)
                    shown.append(verdicts.verdict_block(claim.verdict, sentence, because, name))
                else:
                    shown.append(self._bundle(mime, output["data"][mime]))
        return shown

    def _bundle(self, mime: str, data: object) -> str:
        if mime == "application/json":
            text = json.dumps(data, indent=2, ensure_ascii=False) if not isinstance(data, str) else data
            return self._text("div.mlblog-output.mlblog-json", text, "json")
        text = _joined(data)
        if mime == "text/html":
            return blocks.block("div.mlblog-output.mlblog-html", text, raw=True)
        if mime == "text/plain":
            return self._text("div.mlblog-output", plain(text))
        return blocks.block("div.mlblog-output", text)

    def _text(self, element: str, text: str, language: str = "text") -> str:
        """Text as it is; of a long one the start, a note, and the whole as a file."""
        lines = text.split("\n")
        head = "\n".join(lines[:MOST_LINES])[:MOST_CHARACTERS]
        if len(head) == len(text):
            return blocks.block(element, blocks.fence(language, text))
        self._texts += 1
        name = self._file(f"output-{self._texts}.{'json' if language == 'json' else 'txt'}", text.encode())
        note = f"Cut here: {len(lines):,} lines, {len(text):,} characters in all. [The whole]({name}){{ download }}\n"
        return blocks.block(element, f"{blocks.fence(language, head)}\n{note}")

    def _picture(self, cell: Cell, mime: str, data: object, number: int, records: str) -> str:
        options = cell.options
        if not options.alt:
            raise PostError(
                self._post.path,
                cell.line,
                'this cell makes a figure and has no alt text; add alt="what the figure shows"',
            )
        self._figures += 1
        name = options.label or f"figure-{self._figures}"
        name = name if number == 1 or not options.label else f"{name}-{number}"
        alt = escaped(" ".join(options.alt.split()))
        if mime == FIGURE:
            assert isinstance(data, dict)
            images = "\n".join(
                f"![{alt}]({self._file(f'{name}-{scheme}.svg', data[scheme].encode())}#only-{scheme})"
                for scheme in ("light", "dark")
            )
            table = self._file(f"{name}.csv", data["data"].encode()) if data["data"] else ""
        else:
            text = _joined(data)
            content = text.encode() if mime == "image/svg+xml" else base64.b64decode(text)
            images, table = f"![{alt}]({self._file(f'{name}.{_IMAGES[mime]}', content)})", ""
        caption = options.caption if number == 1 else ""
        caption = self._citing.resolve(caption, cell.line)
        below = [
            f"**Figure {self._figures}**{{ .mlblog-number }}",
            caption,
            f"[Data]({table}){{ .mlblog-data download }}" if table else "",
            records,
        ]
        figcaption = "\n" + blocks.block("figcaption", " ".join(filter(None, below)))
        name = f"#{anchor(self._post.slug, options.label)}" if options.label and number == 1 else ""
        return blocks.block(f"figure.mlblog-figure{name}", f"{images}\n{figcaption}")

    def _file(self, name: str, content: bytes) -> str:
        path = f"{self._post.slug}/{name}"
        self.files[path] = content
        return path


def figure_numbers(post: Post, outputs: Outputs) -> dict[str, int]:
    """The number of each labelled figure; the label of a cell with several is that of its first."""
    found: dict[str, int] = {}
    figures = 0
    for unit, ran in zip(post.units, outputs.ran, strict=True):
        if isinstance(unit, Cell) and "remove-output" not in unit.options.tags:
            for output in ran.outputs:
                if "data" in output and _is_picture(_richest(output)):
                    figures += 1
                    if unit.options.label:
                        found.setdefault(unit.options.label, figures)
    return found


def _richest(output: Output) -> str:
    return next((mime for mime in _PREFERENCE if mime in output["data"]), "")


def _is_picture(mime: str) -> bool:
    return mime == FIGURE or mime in _IMAGES


def _joined(data: object) -> str:
    return "".join(data) if isinstance(data, list) else str(data)


def plain(text: str) -> str:
    """Text as a terminal would have left it: no colours, and what a carriage return overwrote is gone."""
    lines = (line.rstrip("\r").rpartition("\r")[2].rstrip() for line in _ANSI.sub("", text).split("\n"))
    return "\n".join(lines).strip("\n")
