"""Number the figures, tables and equations of a page, and resolve its labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlblog.claims import MIME as CLAIM
from mlblog.errors import PostError
from mlblog.press.kernel.output import FIGURE, Output, Outputs
from mlblog.press.page.crossrefs import KINDS, Target, anchor
from mlblog.press.page.labels import labelled
from mlblog.press.page.values import Passage, pieces
from mlblog.press.source.document import Cell, Post

#: Image types that pages show, and their file suffixes.
IMAGES = {
    "image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/webp": "webp",
    "image/avif": "avif",
}  # fmt: skip
_STREAMS = {"stdout": "remove-stdout", "stderr": "remove-stderr"}


@dataclass(frozen=True)
class Numbering:
    """The numbers of one page.

    Attributes:
        targets: labelled targets, by kind and label: `fig-loss`.
        outputs: targets by unit number and index among the unit's visible outputs.
    """

    targets: Mapping[str, Target]
    outputs: Mapping[tuple[int, int], Target]


def visible(cell: Cell, outputs: Sequence[Output]) -> list[Output]:
    """The outputs of a cell that its tags do not hide."""
    tags = cell.options.tags
    if tags & {"remove-output", "remove-cell"}:
        return []
    return [output for output in outputs if _STREAMS.get(output.get("name", "")) not in tags]


def is_picture(output: Output) -> bool:
    """Whether an output is shown as an image; HTML takes precedence."""
    data = output.get("data", {})
    return FIGURE in data or (not {"text/html", "text/markdown"} & set(data) and any(mime in data for mime in IMAGES))


def number_post(post: Post, outputs: Outputs) -> Numbering:
    """Number the figures, tables and equations of `post` in order.

    Raises:
        PostError: a label is used twice.
    """
    found = _Numbers(post)
    for piece, number in pieces(post, outputs):
        if isinstance(piece, Passage):
            for one in labelled(piece.text):
                line = piece.line + piece.text.count("\n", 0, one.start)
                shown = piece.filled(one.title) if one.kind == "sec" else found.next(one.kind)
                id_ = f"sec-{one.label}" if one.kind == "sec" else anchor(one.kind, post.slug, one.label)
                found.add(one.label, Target(one.kind, shown, id_, line))
        elif isinstance(piece, Cell):
            found.number_cell(piece, number, outputs.ran[number].outputs)
    return Numbering(found.targets, found.outputs)


class _Numbers:
    def __init__(self, post: Post) -> None:
        self._post = post
        self._count: Counter[str] = Counter()
        self.targets: dict[str, Target] = {}
        self.outputs: dict[tuple[int, int], Target] = {}

    def next(self, kind: str) -> str:
        self._count[kind] += 1
        return str(self._count[kind])

    def add(self, label: str, target: Target) -> None:
        name = f"{target.kind}-{label}"
        if name in self.targets:
            first = self.targets[name].line
            raise PostError(
                self._post.path,
                target.line,
                f"label {label!r} is already used by the {KINDS[target.kind].name} on line {first}",
            )
        self.targets[name] = target

    def number_cell(self, cell: Cell, unit: int, outputs: Sequence[Output]) -> None:
        """Number the images of a cell, or one layout of them, or else the output that its caption belongs to."""
        options, shown = cell.options, visible(cell, outputs)
        places = [place for place, output in enumerate(shown) if is_picture(output)]
        places = places[:1] if options.layout[0] else places
        named, _, rest = options.label.partition("-")
        kind, label = (named, rest) if named in ("fig", "tbl") and rest else ("fig" if places else "tbl", options.label)
        if not places and (options.caption or options.label):
            places = _captioned(shown)
        for place in places:
            is_first = place == places[0]
            name = label if is_first else ""
            own = kind if is_first else "fig"
            target = Target(own, self.next(own), anchor(own, self._post.slug, name) if name else "", cell.line)
            self.outputs[unit, place] = target
            if name:
                self.add(name, target)


def _captioned(shown: Sequence[Output]) -> list[int]:
    """Among outputs other than images, the first rich one, else the first printed text."""
    rich = [place for place, output in enumerate(shown) if "data" in output and CLAIM not in output["data"]]
    return (rich or [place for place, output in enumerate(shown) if output.get("text", "").strip()])[:1]
