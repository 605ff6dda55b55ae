"""What the outputs of a cell look like on the page, and the files that they become."""

from __future__ import annotations

import base64
import json
import re

from mlblog.errors import PostError
from mlblog.press import blocks
from mlblog.press.document import Cell, Post
from mlblog.press.output import FIGURE, Output

_IMAGES = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg"}
#: From the richest form that a page can show to the plainest.
_PREFERENCE = (FIGURE, "text/html", "text/markdown", *_IMAGES, "text/latex", "application/json", "text/plain")
#: Colours and other orders to a terminal; links (OSC 8) keep their text.
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\^_])")
#: What a page shows of a long text; the whole is a file beside it.
MOST_LINES, MOST_CHARACTERS = 200, 20_000


class Results:
    """The results of one post; collects in `files` what stands beside the page."""

    def __init__(self, post: Post) -> None:
        self._post = post
        self._figures = self._texts = 0
        self.files: dict[str, bytes] = {}

    def render(self, cell: Cell, outputs: tuple[Output, ...]) -> list[str]:
        """Markdown of each output of a cell.

        Raises:
            PostError: the cell shows a picture and has no alt text.
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
            elif mime := next((mime for mime in _PREFERENCE if mime in output["data"]), None):
                if removed:
                    continue
                if mime == FIGURE or mime in _IMAGES:
                    pictures += 1
                    shown.append(self._picture(cell, mime, output["data"][mime], pictures))
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

    def _picture(self, cell: Cell, mime: str, data: object, number: int) -> str:
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
        alt = blocks.escaped(" ".join(options.alt.split()))
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
        link = f"[Data]({table}){{ .mlblog-data download }}" if table else ""
        below = " ".join(piece for piece in (caption, link) if piece)
        figcaption = "\n" + blocks.block("figcaption", below) if below else ""
        anchor = f"#{options.label}" if options.label and number == 1 else ""
        return blocks.block(f"figure.mlblog-figure{anchor}", f"{images}\n{figcaption}")

    def _file(self, name: str, content: bytes) -> str:
        path = f"{self._post.slug}/{name}"
        self.files[path] = content
        return path


def _joined(data: object) -> str:
    return "".join(data) if isinstance(data, list) else str(data)


def plain(text: str) -> str:
    """Text as a terminal would have left it: no colours, and what a carriage return overwrote is gone."""
    lines = (line.rstrip("\r").rpartition("\r")[2].rstrip() for line in _ANSI.sub("", text).split("\n"))
    return "\n".join(lines).strip("\n")
