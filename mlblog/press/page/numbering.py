"""Number the figures, tables and equations of a page, and resolve its labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlblog.claims import MIME as CLAIM
from mlblog.errors import PostError
from mlblog.press.kernel.output import Output, Outputs
from mlblog.press.page.crossrefs import KINDS, Target, anchor
from mlblog.press.page.labels import labelled
from mlblog.press.page.shown import is_figure, visible
from mlblog.press.page.values import Passage, pieces
from mlblog.press.page.verdicts import Stated, stated
from mlblog.press.source.document import Cell, Post


@dataclass(frozen=True)
class Figure:
    """Images or sounds that share a number; `first` is the place of the first among all of the cell, from 1."""

    images: tuple[Output, ...]
    first: int
    target: Target


@dataclass(frozen=True)
class Other:
    """A visible output of another kind. `target` is its number, if its cell has a caption or a label for it."""

    output: Output
    target: Target | None = None
    claim: Stated | None = None


@dataclass(frozen=True)
class Numbering:
    """The numbers of one page.

    Attributes:
        targets: labelled targets, by kind and label: `fig-loss`.
        cells: what each cell shows, by unit number.
    """

    targets: Mapping[str, Target]
    cells: Mapping[int, Sequence[Figure | Other]]


def number_post(post: Post, outputs: Outputs) -> Numbering:
    """Number the figures, tables and equations of `post` in order.

    Raises:
        PostError: a label is used twice.
    """
    numbers = _Numbers(post, outputs)
    cells: dict[int, Sequence[Figure | Other]] = {}
    for piece, number in pieces(post, outputs):
        if isinstance(piece, Passage):
            for one in labelled(piece.text):
                line = piece.line + piece.text.count("\n", 0, one.start)
                shown = piece.filled(one.title) if one.kind == "sec" else numbers.next(one.kind)
                id_ = f"sec-{one.label}" if one.kind == "sec" else anchor(one.kind, post.slug, one.label)
                numbers.add(one.label, Target(one.kind, shown, id_, line))
        elif isinstance(piece, Cell):
            cells[number] = numbers.of_cell(piece, number, outputs.ran[number].outputs)
    return Numbering(numbers.targets, cells)


class _Numbers:
    def __init__(self, post: Post, outputs: Outputs) -> None:
        self._post = post
        self._count: Counter[str] = Counter()
        self._claims = {(one.unit, one.place): one for one in stated(post, outputs)}
        self.targets: dict[str, Target] = {}

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

    def of_cell(self, cell: Cell, unit: int, outputs: Sequence[Output]) -> list[Figure | Other]:
        """Number the images of a cell, or one layout of them, or else the output that its caption belongs to."""
        options, shown = cell.options, visible(cell, outputs)
        images = tuple(output for output in shown if is_figure(output))
        prefix, _, rest = options.label.partition("-")
        kind, label = (
            (prefix, rest) if prefix in ("fig", "tbl") and rest else ("fig" if images else "tbl", options.label)
        )
        captioned = _captioned(shown) if not images and (options.caption or options.label) else None
        items: list[Figure | Other] = []
        count = 0
        for place, output in enumerate(shown):
            if not is_figure(output):
                target = self._target(cell, kind, label) if place == captioned else None
                items.append(Other(output, target, self._claims.get((unit, place))))
                continue
            count += 1
            if count == 1:
                together = images if options.layout[0] else (output,)
                items.append(Figure(together, count, self._target(cell, kind, label)))
            elif not options.layout[0]:
                items.append(Figure((output,), count, self._target(cell, "fig", "")))
        return items

    def _target(self, cell: Cell, kind: str, label: str) -> Target:
        target = Target(kind, self.next(kind), anchor(kind, self._post.slug, label) if label else "", cell.line)
        if label:
            self.add(label, target)
        return target


def _captioned(shown: Sequence[Output]) -> int | None:
    """Among outputs other than images, the first rich one, else the first printed text."""
    rich = (place for place, output in enumerate(shown) if "data" in output and CLAIM not in output["data"])
    printed = (place for place, output in enumerate(shown) if output.get("text", "").strip())
    return next(rich, next(printed, None))
