"""Which outputs of a cell its page shows, and which of them as figures: images and sounds."""

from __future__ import annotations

from collections.abc import Sequence

from mlblog.press.kernel.output import FIGURE, Output
from mlblog.press.source.document import Cell

#: Image types that pages show, and their file suffixes.
IMAGES = {
    "image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp",
    "image/avif": "avif",
}  # fmt: skip
#: Types of sounds that pages play, and their file suffixes.
SOUNDS = {
    "audio/wav": "wav", "audio/x-wav": "wav", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/flac": "flac",
    "audio/x-flac": "flac",
}  # fmt: skip
_STREAMS = {"stdout": "remove-stdout", "stderr": "remove-stderr"}


def visible(cell: Cell, outputs: Sequence[Output]) -> list[Output]:
    """The outputs of a cell that its tags do not hide."""
    if cell.options.hides_outputs:
        return []
    return [output for output in outputs if _STREAMS.get(output.get("name", "")) not in cell.options.tags]


def is_figure(output: Output) -> bool:
    """Whether an output is shown as an image or a sound; HTML takes precedence."""
    data = output.get("data", {})
    known = {*IMAGES, *SOUNDS} & set(data)
    return FIGURE in data or (not {"text/html", "text/markdown"} & set(data) and bool(known))
