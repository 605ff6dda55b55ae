"""What generators of mutants work with: a file's syntax tree with the place of every node, and the edits to it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple


class Mutant(NamedTuple):
    """One edit to a project.

    Attributes:
        kind: by which the table counts it.
        file: that is edited, below the root.
        change: what is done, and on which line.
        files: makes the new contents, by path below the root; None for a file that is deleted.
        owner: the function, `Class.method`, class or constant that holds it; empty for other places.
        function: whether `owner` is a function or a method.
    """

    kind: str
    file: str
    change: str
    files: Callable[[], dict[str, bytes | None]]
    owner: str = ""
    function: bool = False


class Source:
    """A file of Python."""

    def __init__(self, root: Path, file: Path) -> None:
        """Read `file` of the project at `root`."""
        self.name = file.relative_to(root).as_posix()
        self.module = self.name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        self.package = self.module if self.name.endswith("__init__.py") else self.module.rpartition(".")[0]
        self.text = file.read_text(encoding="utf-8")
        self._bytes = self.text.encode()
        self._starts = [0]
        for line in self._bytes.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))

    @cached_property
    def tree(self) -> ast.Module:
        """The whole, parsed."""
        return ast.parse(self.text)

    @cached_property
    def nodes(self) -> list[Any]:
        """Every node, in the order of `ast.walk`."""
        return list(ast.walk(self.tree))

    @cached_property
    def owners(self) -> dict[ast.AST, tuple[str, bool]]:
        """The top-level definition or method that each node is in, and whether that is a function."""
        found: dict[ast.AST, tuple[str, bool]] = {}
        for statement in self.tree.body:
            name, function = getattr(statement, "name", ""), isinstance(statement, ast.FunctionDef)
            found |= dict.fromkeys(ast.walk(statement), (name, function))
            if isinstance(statement, ast.ClassDef):
                for part in statement.body:
                    if isinstance(part, ast.FunctionDef):
                        found |= dict.fromkeys(ast.walk(part), (f"{name}.{part.name}", True))
        return found

    def span(self, node: Any) -> tuple[int, int]:
        """Return where `node` begins and ends, its decorators included, in bytes."""
        first = min([node, *getattr(node, "decorator_list", [])], key=lambda part: part.lineno)
        start = self._starts[first.lineno - 1] + first.col_offset - (first is not node)  # the sign @
        return start, self._starts[node.end_lineno - 1] + node.end_col_offset

    def of(self, node: Any) -> str:
        """Return the text of `node`."""
        start, end = self.span(node)
        return self._bytes[start:end].decode()

    def line(self, number: int) -> int:
        """Return where a line begins, in bytes; the lines are counted from 1."""
        return self._starts[number - 1]

    def edited(self, *edits: tuple[int, int, str]) -> bytes:
        """Return the file with the text between each start and end replaced."""
        text = self._bytes
        for start, end, new in sorted(edits, reverse=True):
            text = text[:start] + new.encode() + text[end:]
        return text

    def mutant(self, kind: str, node: Any, change: str, *edits: tuple[int, int, str]) -> Mutant:
        """Return the mutant that `edits` make; `node` says where it is."""
        owner, function = self.owners.get(node, ("", False))
        where = f"{change}, line {getattr(node, 'lineno', 1)}"
        return Mutant(kind, self.name, where, lambda: {self.name: self.edited(*edits)}, owner, function)

    def replaced(self, kind: str, node: Any, new: str) -> Mutant:
        """Return the mutant in which `node` reads `new`."""
        return self.mutant(kind, node, f"{self.of(node)[:50]!r} is {new[:50]!r}", (*self.span(node), new))

    def renamed(self, kind: str, node: ast.Attribute, new: str) -> Mutant:
        """Return the mutant in which another attribute is asked for, of the same value."""
        end = self.span(node)[1]
        change = f"{self.of(node)[:50]!r} has {new!r} for {node.attr!r}"
        return self.mutant(kind, node, change, (end - len(node.attr.encode()), end, new))

    def exchanged(self, kind: str, first: Any, second: Any) -> Mutant:
        """Return the mutant in which two nodes have changed places."""
        change = f"{self.of(first)[:40]!r} exchanged with {self.of(second)[:40]!r}"
        edits = ((*self.span(first), self.of(second)), (*self.span(second), self.of(first)))
        return self.mutant(kind, first, change, *edits)


Signature = tuple[object, ...]


def definitions(sources: Iterable[Source]) -> dict[str, dict[str, Signature]]:
    """Return, for each module, its top-level names with what else could take their place: kind and arguments."""
    found: dict[str, dict[str, Signature]] = {}
    for source in sources:
        names = found.setdefault(source.module, {})
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef):
                names[node.name] = signature(node)
            elif isinstance(node, ast.ClassDef):
                names[node.name] = ("class",)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                value = node.value.value if isinstance(node.value, ast.Constant) else node.value
                names[node.targets[0].id] = ("constant", type(value).__name__)
    return found


def signature(node: ast.FunctionDef) -> Signature:
    """Return what two functions share that can take each other's place in a call."""
    a = node.args
    required = len(a.posonlyargs) + len(a.args) - len(a.defaults)
    return ("function", required, len(a.defaults), tuple(k.arg for k in a.kwonlyargs), bool(a.vararg), bool(a.kwarg))


def others(names: dict[str, Signature], name: str) -> list[str]:
    """Return the names that could take the place of `name`."""
    return [other for other, kind in names.items() if other != name and kind == names.get(name)]
