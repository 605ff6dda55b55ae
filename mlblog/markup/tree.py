"""What blocks are read into, and how a block is taken apart."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from mlblog.markup.lines import Line

Block = list[Line]
Kind = Literal["text", "heading", "indented", "formula", "fence"]


class Leaf(NamedTuple):
    """Lines of one kind; of a heading, `level` is 1 to 6."""

    kind: Kind
    lines: tuple[Line, ...]
    level: int = 0
    in_definition: bool = False


@dataclass
class Node:
    """What is built so far in a container: only kinds and order count."""

    kind: str
    defines: bool = False
    inside: list[Node] = field(default_factory=list)

    @property
    def last(self) -> Node | None:
        """What came last."""
        if self.kind == "unknown" and not self.inside:
            self.add("unknown")
        return self.inside[-1] if self.inside else None

    def add(self, kind: str) -> Node:
        """Add what came now."""
        self.inside.append(Node(kind, self.defines or kind == "dd"))
        return self.inside[-1]


def split(lines: Iterable[Line]) -> Iterator[Block]:
    """Cut lines at blank ones; an empty block is a further blank line."""
    block: Block = []
    for line in lines:
        if line.text.strip(" "):
            block.append(line)
        else:
            yield block
            block = []
    yield block


def detabbed(block: Block, width: int = 4) -> tuple[Block, Block]:
    """The first lines, indented by `width`, without that; and the rest."""
    margin = " " * width
    count = next((i for i, line in enumerate(block) if not line.text.startswith(margin)), len(block))
    return [line.cut(width) for line in block[:count]], block[count:]


def loosened(block: Iterable[Line], width: int = 4) -> Block:
    """All lines, without that indentation where they have it."""
    return [line.cut(width) if line.text.startswith(" " * width) else line for line in block]


def first(pattern: re.Pattern[str], block: Sequence[Line], start: int = 0) -> int | None:
    """The index of the first line that a pattern matches."""
    return next((i for i in range(start, len(block)) if pattern.match(block[i].text)), None)
