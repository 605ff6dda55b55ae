"""What each scope of a piece of Python binds, by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
SCOPES = (*FUNCTIONS, *COMPREHENSIONS, ast.ClassDef)


def all_bindings(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every name that is bound in any scope, and by what."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, *SCOPES)):
            yield from bindings(node)


def bindings(scope: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every name that is bound in a scope itself, and by what; a star import as `*`."""
    if isinstance(scope, FUNCTIONS):
        arguments = scope.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        yield from ((one.arg, one) for one in every if one)
        inside = [scope.body] if isinstance(scope, ast.Lambda) else scope.body
        waiting: list[ast.AST] = list(inside)
    elif isinstance(scope, COMPREHENSIONS):
        waiting = [one.target for one in scope.generators]
    else:
        waiting = list(getattr(scope, "body", []))
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id, node
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name, node
            waiting += node.decorator_list
            continue
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                local = alias.asname or (alias.name if isinstance(node, ast.ImportFrom) else alias.name.split(".")[0])
                yield local, node if local == "*" else alias
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            yield node.name, node
        elif isinstance(node, ast.MatchMapping) and node.rest:
            yield node.rest, node
        elif isinstance(node, COMPREHENSIONS):  # of which `:=` binds outside
            named = (one for one in ast.walk(node) if isinstance(one, ast.NamedExpr))
            yield from ((one.target.id, one.target) for one in named)
            continue
        elif isinstance(node, ast.Lambda):
            continue
        waiting += ast.iter_child_nodes(node)
