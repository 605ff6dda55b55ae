"""Mutants that make an experiment lie: an option that does nothing, data of another part, a comparison turned round."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mutants.source import Mutant, Source

#: What stands for one part of the data, and what for another.
PARTS = {
    "train": ("test",), "test": ("train",), "validation": ("test", "train"), "known": ("unseen", "new"),
    "unseen": ("known",), "new": ("known",), "x": ("asked",), "asked": ("x", "known"), "seen": ("unseen",),
}  # fmt: skip
TURNED: dict[type[ast.cmpop], str] = {ast.Lt: ">", ast.Gt: "<", ast.LtE: ">=", ast.GtE: "<="}


def lies(source: Source) -> Iterator[Mutant]:
    """Yield them, for every function of `source`."""
    for function in source.nodes:
        if not isinstance(function, ast.FunctionDef):
            continue
        yield from _ignored(source, function)
        bound = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
        bound |= {argument.arg for argument in ast.walk(function) if isinstance(argument, ast.arg)}
        for node in (inner for statement in function.body for inner in ast.walk(statement)):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and node.attr in PARTS:
                if node.attr in ("train", "test", "validation"):
                    for other in PARTS[node.attr]:
                        yield source.renamed("other part", node, other)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in PARTS:
                for other in PARTS[node.id]:
                    if other in bound:
                        yield source.replaced("other part", node, other)
            elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in TURNED:
                left, right = source.of(node.left), source.of(node.comparators[0])
                yield source.replaced("turned", node, f"{left} {TURNED[type(node.ops[0])]} {right}")


def _ignored(source: Source, function: ast.FunctionDef) -> Iterator[Mutant]:
    """An argument that has its default whatever is given."""
    arguments = function.args
    plain = arguments.posonlyargs + arguments.args
    given = [*zip(plain[len(plain) - len(arguments.defaults) :], arguments.defaults, strict=True)]
    given += [(name, value) for name, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value]
    docstring = ast.get_docstring(function) is not None
    if docstring and len(function.body) == 1:
        return
    first = function.body[docstring]
    if first.lineno == function.lineno:
        return
    for name, value in given:
        at = source.span(first)[0]
        new = f"{name.arg} = {source.of(value)}; " if _simple(first) else ""
        if new:
            yield source.mutant("ignored option", first, f"{function.name} ignores {name.arg}", (at, at, new))


def _simple(statement: ast.stmt) -> bool:
    return not hasattr(statement, "body")
