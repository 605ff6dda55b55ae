"""What some definitions depend on: the graph of links, followed from them."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from mlblog.lab.fingerprint.inputs import ENVIRONMENT
from mlblog.lab.fingerprint.links import Linker
from mlblog.lab.fingerprint.references import is_computed
from mlblog.lab.fingerprint.resolve import Node, Resolver
from mlblog.lab.fingerprint.words import LENIENT, ORDER, PROSE, SOURCE


class Reached(NamedTuple):
    """What some definitions depend on.

    Attributes:
        parents: every node, with the node from which it was first reached.
        closed: registries that are used as a whole.
        computed: marks of code that imports by computed names.
    """

    parents: dict[Node, Node | None]
    closed: set[Node]
    computed: set[str]


class Graph:
    """The links between definitions."""

    def __init__(self, linker: Linker, resolver: Resolver) -> None:
        """Follow the links that `linker` makes."""
        self._linker, self._resolver = linker, resolver

    def reach(self, roots: Iterable[Node], left_out: Collection[Node] = (), held: Collection[str] = ()) -> Reached:
        """Follow every link from `roots`, but those to what is `left_out`."""
        reached = Reached(dict.fromkeys(roots), set(), set())
        queue, marks = deque(reached.parents), set[str]()

        def add(target: Node, parent: Node | None) -> None:
            if target not in reached.parents and target not in left_out:
                reached.parents[target] = parent
                queue.append(target)

        while queue:
            while queue:
                node = queue.popleft()
                link = self._linker.link(node)
                for mark in filter(is_computed, link.marks - marks):
                    for target in self._resolver.anything(mark, held or None):
                        reached.computed.add(mark)
                        add(target, node)
                marks |= link.marks
                reached.closed.update(link.closed)
                for target in link.targets:
                    add(target, node)
            # code that reads docstrings, source or order may read those of all that was reached
            if reading := marks & {PROSE, SOURCE, ORDER}:
                for node in list(reached.parents):
                    for target in self._linker.read_by(node, reading):
                        add(target, node)
        if LENIENT in marks:  # after a failed look-up it goes on, so a new entry can change what happens
            reached.closed.update(reached.parents)
        return reached

    def entries(self, reached: Reached) -> Iterator[Node]:
        """Yield the entries of registries that are not used as a whole."""
        for node in reached.parents:
            if node not in reached.closed:
                yield from self._linker.entries(node)

    def digests(self, reached: Reached) -> dict[str, str]:
        """Return `{name in a manifest: digest}` of what was reached."""
        found = {}
        for node in reached.parents:
            if node.module == ENVIRONMENT:
                continue  # what a run found there is noted when it runs
            link = self._linker.link(node)
            digest = link.frame if link.frame and node not in reached.closed else link.digest
            if digest:
                found[str(node)] = digest
        return found
