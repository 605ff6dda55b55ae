"""Which names a statement binds, and whether it does more than that."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from mlblog.lab.fingerprint.syntax import chain

Function = ast.FunctionDef | ast.AsyncFunctionDef


def bound_by(node: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a module binds or deletes, those of its inner statements among them."""
    if isinstance(node, Function):
        if not is_overload(node):
            yield node.name
        return
    if isinstance(node, ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (
            a.asname or a.name.partition(".")[0] for a in node.names if a.name != "*" and not _is_package(node, a)
        )
        return
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            yield inner.id
        elif isinstance(inner, Function | ast.ClassDef) and inner is not node:
            yield inner.name


def is_overload(node: Function) -> bool:
    """Whether a function is for type checkers alone: the last definition of the name is the one that counts."""
    return any((chain(d) or [""])[-1] == "overload" for d in node.decorator_list)


def _is_package(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> bool:
    """`import a.b` beside `import a.c`: both bind the same package."""
    return isinstance(node, ast.Import) and alias.asname is None


def targets_of(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    """Return what an assignment assigns to."""
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def only_binds(target: ast.expr) -> bool:
    """Whether a target only binds names; `REGISTRY["x"] = f` and `module.attribute = f` do more."""
    if isinstance(target, ast.Tuple | ast.List):
        return all(only_binds(item) for item in target.elts)
    return isinstance(target, ast.Name) or (isinstance(target, ast.Starred) and only_binds(target.value))


def changes_more(node: ast.stmt) -> bool:
    """Whether a statement of a class body assigns to anything but names of the class."""
    return isinstance(node, ast.Assign | ast.AnnAssign) and not all(only_binds(target) for target in targets_of(node))


def names_in(nodes: Iterable[ast.AST]) -> list[str]:
    """Return the names that occur anywhere in `nodes`."""
    return [inner.id for node in nodes for inner in ast.walk(node) if isinstance(inner, ast.Name)]
