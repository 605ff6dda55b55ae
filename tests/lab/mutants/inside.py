"""Mutants inside definitions: another number, another operator, a statement less.

These, and how they are counted, have been the audit from the beginning.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial
from typing import Any

from mutants.source import Mutant, Source

SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Add,
    ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.MatMult: ast.Add,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
DELETABLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.For, ast.If, ast.Raise, ast.Return, ast.With)


def sites(source: str) -> Iterator[tuple[int, str, str, bool]]:
    """Yield every place that can be changed: number of the node, kind of change, owner, whether that is a function."""
    tree = ast.parse(source)
    numbers = {node: number for number, node in enumerate(ast.walk(tree))}
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            rest = [part for part in statement.body if not isinstance(part, ast.FunctionDef)]
            methods = [part for part in statement.body if isinstance(part, ast.FunctionDef)]
            groups = [(f"{statement.name}.{method.name}", True, [method]) for method in methods]
            groups.append((statement.name, False, rest))
        elif isinstance(statement, ast.FunctionDef):
            groups = [(statement.name, True, [statement])]
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            groups = [(ast.unparse(targets[0]), False, [statement])]
        else:
            continue  # imports; conditions at the top level
        for owner, function, nodes in groups:
            for node in nodes:
                for inner in _executed(node):
                    for kind in _kinds(inner, inside=inner is not node and function):
                        yield numbers[inner], kind, owner, function


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of code that runs: no annotations, no docstrings."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        children = value if isinstance(value, list) else [value]
        if name == "body" and isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            children = children[1:]
        for child in children:
            alone = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.AST) and not alone:
                yield from _executed(child)


def _kinds(node: ast.AST, *, inside: bool) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "flip"
        elif isinstance(node.value, int | float):
            yield from ("plus one", "minus one")
        elif isinstance(node.value, str):
            yield "other string"
        elif node.value is None:
            yield "zero for none"
    elif isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in SWAPS:
        yield "other operator"
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield "other comparison"
    elif isinstance(node, ast.UnaryOp):
        yield "no sign"
    elif isinstance(node, ast.Return) and node.value is not None:
        yield "return nothing"
    if inside and isinstance(node, DELETABLE):
        yield "delete"


def inside(source: Source) -> Iterator[Mutant]:
    """Yield every mutant of `source` inside a definition."""
    for number, kind, owner, function in sites(source.text):
        node = source.nodes[number]
        change = f"{kind}: {ast.unparse(node).splitlines()[0][:60]!r}, line {node.lineno}"
        make = partial(_made, source.text, number, kind)
        yield Mutant("inside", source.name, change, lambda make=make: {source.name: make()}, owner, function)  # type: ignore[misc]


def _made(text: str, number: int, kind: str) -> bytes:
    tree = ast.parse(text)
    node: Any = list(ast.walk(tree))[number]
    if kind == "delete":
        tree = ast.fix_missing_locations(_Delete(node).visit(tree))
    elif kind == "flip":
        node.value = not node.value
    elif kind in ("plus one", "minus one"):
        node.value = node.value + (1 if kind == "plus one" else -1)
    elif kind == "other string":
        node.value = node.value + "x"
    elif kind == "zero for none":
        node.value = 0
    elif kind == "other operator":
        node.op = SWAPS[type(node.op)]()
    elif kind == "other comparison":
        node.ops[0] = SWAPS[type(node.ops[0])]()
    elif kind == "no sign":
        node.op = ast.UAdd() if isinstance(node.op, ast.USub) else ast.USub()
    elif kind == "return nothing":
        node.value = None
    return ast.unparse(tree).encode()


class _Delete(ast.NodeTransformer):
    def __init__(self, node: ast.AST) -> None:
        self._node = node

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.Pass() if node is self._node else super().generic_visit(node)
