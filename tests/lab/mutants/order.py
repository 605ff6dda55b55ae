"""Mutants that change the order in which a body runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from mutants.source import Mutant, Source

_IMPORTS = (ast.Import, ast.ImportFrom)


def reordered(source: Source) -> Iterator[Mutant]:
    """Yield mutants of `source` in which statements of the module or of a class have changed places."""
    for node in source.nodes:
        if not isinstance(node, ast.Module | ast.ClassDef):
            continue
        body = [part for part in node.body if not isinstance(part, _IMPORTS) and not _string(part)]
        for first, second in pairwise(body):
            if first.lineno == second.lineno or _needs(second, first):
                continue
            plain = _plain(first) and _plain(second)
            kind = "quiet" if plain and isinstance(node, ast.Module) else "order"
            yield source.exchanged(kind, first, second)
        if len(body) > 2:
            for part in body:
                if not isinstance(part, ast.FunctionDef | ast.ClassDef):
                    yield from _moved(source, part, body)


def _moved(source: Source, part: ast.stmt, body: list[ast.stmt]) -> Iterator[Mutant]:
    """An assignment or another statement, taken to the top or to the bottom of its body."""
    for other, where in ((body[0], "top"), (body[-1], "bottom")):
        needed = [one for one in body if (_needs(part, one) if where == "top" else _needs(one, part))]
        if part is not other and not needed:
            start, end = source.span(part)
            at = source.span(other)[where == "bottom"]
            indent = " " * part.col_offset
            text = f"{source.of(part)}\n{indent}" if where == "top" else f"\n{indent}{source.of(part)}"
            change = f"{source.of(part)[:40]!r} moved to the {where}"
            yield source.mutant("order", part, change, (start, end, "pass"), (at, at, text))


def _needs(node: ast.stmt, other: ast.stmt) -> bool:
    """Whether `node` reads, when it runs, what `other` binds: without it the module could not be imported at all."""
    bound = {n.id for n in ast.walk(other) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    bound |= {other.name} if isinstance(other, ast.FunctionDef | ast.ClassDef) else set()
    return any(isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and n.id in bound for n in _run(node))


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement that run with it: of a function, only decorators and defaults."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(node, ast.FunctionDef | ast.Lambda) and _is_body(node, child)):
            yield from _run(child)


def _is_body(node: ast.FunctionDef | ast.Lambda, child: ast.AST) -> bool:
    return child is node.body if isinstance(node, ast.Lambda) else child in node.body


def _plain(node: ast.stmt) -> bool:
    """A definition that does nothing else, or a literal constant."""
    if isinstance(node, ast.FunctionDef):
        return not node.decorator_list and not node.args.defaults and not any(node.args.kw_defaults)
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)


def _string(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
