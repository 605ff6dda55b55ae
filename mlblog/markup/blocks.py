"""The blocks of Markdown as Python-Markdown builds them, with the extensions of `mkdocs.yml`.

A text is cut at blank lines. Each block goes to what contains it: a list item, a quote, an admonition, a tab, a
definition or a footnote, by its indentation and by what came last there. What is left is code, a formula, a heading or
text.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable
from typing import Literal

from mlblog.markup import marks
from mlblog.markup.lines import Line
from mlblog.markup.tables import cells
from mlblog.markup.tree import Block, Kind, Leaf, Node, detabbed, first, loosened, split

#: A line that stands for a fence, or for a comment or element that starts a line.
FENCE, RAW = "\x02", "\x03"
_DEEPEST = 150  # deeper in, all is text
_LISTS, _ITEMS = ("list", "dl"), ("li", "dd")
State = Literal["", "list", "loose", "detabbed"]


def find_blocks(
    lines: Iterable[Line], fence: Callable[[int], list[Line]], *, part: bool = False, prose: bool = False
) -> list[Leaf]:
    """The leaves of a text, by row.

    Args:
        lines: of the text, with `FENCE` and `RAW` for what was read before.
        fence: gives the lines of the fence that starts at a row.
        part: whether the text may begin inside of containers that are not in it.
        prose: whether no indentation makes code.
    """
    root = Node("root")
    if part:
        root.add("unknown")
    reader = _Reader(fence, prose)
    reader.parse(root, split(lines))
    return sorted(reader.leaves, key=lambda leaf: leaf.lines[0][:2])


class _Reader:
    def __init__(self, fence: Callable[[int], list[Line]], prose: bool) -> None:
        self.leaves: list[Leaf] = []
        self._fence = fence
        self._prose = prose
        self._depth = 0  # of containers
        self._open: list[int] = []  # how many slashes each `/// html` around has

    def parse(self, parent: Node, blocks: Iterable[Block], state: State = "") -> None:
        left = deque(blocks)
        self._depth += 1
        while left:
            block = left.popleft()
            while block and not block[0].text.strip(" "):
                block = block[1:]
            if not block:
                continue
            marked = marks.MARKED.search("\n".join([line.text for line in block]))
            if not marked or self._depth > _DEEPEST:
                self._paragraph(parent, block)
                continue
            for read in self._READERS:
                if read(self, parent, block, left, state):
                    break
        self._depth -= 1

    def _box(self, parent: Node, block: Block, left: deque[Block], _: State) -> bool:
        """An admonition, a fold or a tab, or what goes on in one."""
        at = first(marks.BOX, block)
        if at is not None:
            self.parse(parent, [block[:at]])
            target = parent.add("box")
            inside, rest = detabbed(block[at + 1 :])
        else:
            box = parent.last
            if box is None or box.kind not in ("box", "unknown") or not block[0].text.startswith("    "):
                return False
            target, width = box, 4
            while target.last and target.last.kind in _LISTS and block[0].text.startswith(" " * (width + 4)):
                assert target.last.last is not None
                target, width = target.last.last, width + 4
            inside, rest = detabbed(block, width)
        self.parse(target, [inside])
        left.appendleft(rest)
        return True

    def _indented(self, parent: Node, block: Block, _: deque[Block], state: State) -> bool:
        """A block that belongs to a list item above."""
        last = parent.last
        if state == "detabbed" or not block[0].text.startswith("    "):
            return False
        if parent.kind not in _ITEMS and not (last and last.kind in _LISTS):
            return False
        wanted = (len(block[0].text) - len(block[0].text.lstrip(" "))) // 4
        level, found = (1 if state == "list" else 0), parent
        while wanted > level and found.last and found.last.kind in _LISTS + _ITEMS:
            level += found.last.kind in _LISTS
            found = found.last
        block = loosened(block, 4 * level)
        if parent.kind in _ITEMS:
            self.parse(last if last and last.kind in _LISTS else parent, [block], "detabbed")
        elif found.kind in _ITEMS:
            self.parse(found, [block], "detabbed")
        elif found.last and found.last.kind in _ITEMS:
            self.parse(found.last, [block], "detabbed")
        else:
            self.parse(found.add("li"), [block], "detabbed")
        return True

    def _html(self, parent: Node, block: Block, left: deque[Block], _: State) -> bool:
        """The first or last line of `/// html` and its options; what is between is indented no deeper."""
        for at, line in enumerate(block):
            found = marks.HTML.match(line.text)
            if found and found[2]:
                after = block[at + 1].text if at + 1 < len(block) else ""
                if not after.startswith("    ") or marks.OPTION.match(after):
                    break
            elif found and self._open and self._open[-1] == len(found[1]):
                break
        else:
            return False
        self.parse(parent, [block[:at]])
        parent.add("html")
        at += 1
        if found[2]:
            self._open.append(len(found[1]))
            at = next((i for i in range(at, len(block)) if not marks.OPTION.match(block[i].text)), len(block))
        else:
            self._open.pop()
        left.appendleft(block[at:])
        return True

    def _code(self, parent: Node, block: Block, left: deque[Block], _: State) -> bool:
        if not block[0].text.startswith("    "):
            return False
        inside, rest = detabbed(block)
        # SuperFences takes back all fences of a block that starts with code
        left.appendleft([one for line in rest for one in self._taken_back(line)])
        if self._prose:
            left.appendleft(inside)
        else:
            parent.add("code")
            self.leaves.append(Leaf("indented", tuple(inside)))
        return True

    def _taken_back(self, line: Line) -> Block:
        return [one.cut(line.column) for one in self._fence(line.row)] if FENCE in line.text else [line]

    def _formula(self, parent: Node, block: Block, _: deque[Block], __: State) -> bool:
        if block[0].text[0] not in "$\\" or not marks.FORMULA.fullmatch("\n".join(line.text for line in block)):
            return False
        parent.add("formula")
        self.leaves.append(Leaf("formula", tuple(block)))
        return True

    def _table(self, parent: Node, block: Block, _: deque[Block], __: State) -> bool:
        found = cells(block)
        if found is None:
            return False
        parent.add("table")
        for cell in found:
            self._leaf("text", [cell], parent.defines)
        return True

    def _heading(self, parent: Node, block: Block, left: deque[Block], state: State) -> bool:
        at = first(marks.HEADING, block)
        if at is None or not (found := marks.HEADING.match(block[at].text)):
            return False
        if block[:at]:
            self.parse(parent, [block[:at]], state)
        parent.add("heading")
        start, end = found.span(2)
        title = Line(block[at].row, block[at].column + start, block[at].text[start:end])
        self.leaves.append(Leaf("heading", (title,), len(found[1])))
        left.appendleft(loosened(block[at + 1 :]) if state == "loose" else block[at + 1 :])
        return True

    def _underlined(self, parent: Node, block: Block, left: deque[Block], _: State) -> bool:
        if len(block) < 2 or not marks.UNDERLINE.match(block[1].text):
            return False
        parent.add("heading")
        self._leaf("heading", block[:1], parent.defines, 1 if block[1].text[0] == "=" else 2)
        left.appendleft(block[2:])
        return True

    def _rule(self, parent: Node, block: Block, left: deque[Block], state: State) -> bool:
        at = first(marks.RULE, block)
        if at is None:
            return False
        if block[:at]:
            self.parse(parent, [block[:at]], state)
        parent.add("rule")
        left.appendleft(block[at + 1 :])
        return True

    def _list(self, parent: Node, block: Block, _: deque[Block], __: State) -> bool:
        if not marks.ITEM.match(block[0].text):
            return False
        items: list[Block] = []
        for line in block:
            if marker := marks.ITEM.match(line.text):
                items.append([line.cut(marker.end())])
            elif marks.NESTED.match(line.text) and not items[-1][0].text.startswith("    "):
                items.append([line])
            else:
                items[-1].append(line)
        found = parent.last
        if found and found.kind == "list":
            self.parse(found.add("li"), [items.pop(0)], "loose")
        else:
            found = parent if parent.kind == "list" else parent.add("list")
        for item in items:
            indented = item[0].text.startswith("    ") and found.last
            self.parse(indented or found.add("li"), [item], "list")
        return True

    def _definition(self, parent: Node, block: Block, left: deque[Block], _: State) -> bool:
        at = first(marks.DEFINITION, block)
        if at is None or not (marker := marks.DEFINITION.match(block[at].text)):
            return False
        terms, after, last = block[:at], block[at + 1 :], parent.last
        if not terms and last is None:
            return False
        state: State = "list"
        if not terms and last and last.kind == "text":
            parent.inside.pop()  # the paragraph above holds the terms, a line each
            last, state = parent.last, "loose"
            above = self.leaves.pop()
            self.leaves += [above._replace(lines=(line,)) for line in above.lines]
        for term in terms:
            self._leaf("text", [term], parent.defines)
        inside, rest = (after, []) if after and re.match(r" {0,3}[^ :]", after[0].text) else detabbed(after)
        found = last if last and last.kind == "dl" else parent.add("dl")
        self.parse(found.add("dd"), [[block[at].cut(marker.end()), *inside]], state)
        left.appendleft(rest)
        return True

    def _quote(self, parent: Node, block: Block, _: deque[Block], state: State) -> bool:
        at = first(marks.QUOTE, block)
        if at is None:
            return False
        if block[:at]:
            self.parse(parent, [block[:at]], state)
        lines = [line.cut(mark.end()) if (mark := marks.QUOTE.match(line.text)) else line for line in block[at:]]
        last = parent.last
        quote = last if last and last.kind == "quote" else parent.add("quote")
        self.parse(quote, split(lines))
        return True

    def _note(self, parent: Node, block: Block, left: deque[Block], _: State) -> bool:
        """A footnote: the rest of its block, and indented blocks that follow at once."""
        at = first(marks.NOTE, block)
        if at is None or not (marker := marks.NOTE.match(block[at].text)):
            return False
        after = first(marks.NOTE, block, at + 1)
        content = [[block[at].cut(marker.end()), *loosened(block[at + 1 : after])]]
        if after is not None:
            left.appendleft(block[after:])
        while after is None and left and left[0] and left[0][0].text.startswith("    "):
            more = left.popleft()
            after = first(marks.NOTE, more)
            content.append(loosened(more[:after]))
            if after is not None:
                left.appendleft(more[after:])
        self.parse(Node("note", parent.defines), content)
        left.appendleft(block[:at])
        return True

    def _paragraph(self, parent: Node, block: Block, *_: object) -> bool:
        self._leaf("text", block, parent.defines)
        parent.add("text" if self.leaves and self.leaves[-1].lines[-1] is block[-1] else "raw")
        return True

    def _leaf(self, kind: Kind, block: Block, defines: bool, level: int = 0) -> None:
        """Text, with the fences in it for themselves."""
        start = 0
        for at, line in enumerate(block):
            if FENCE in line.text or RAW in line.text:
                if block[start:at]:
                    self.leaves.append(Leaf(kind, tuple(block[start:at]), level))
                if FENCE in line.text:
                    self.leaves.append(Leaf("fence", (line,), in_definition=defines))
                start = at + 1
        if block[start:]:
            self.leaves.append(Leaf(kind, tuple(block[start:]), level))

    _READERS = (
        _box, _indented, _html, _code, _formula, _table, _heading, _underlined, _rule, _list, _definition, _quote,
        _note, _paragraph,
    )  # fmt: skip
