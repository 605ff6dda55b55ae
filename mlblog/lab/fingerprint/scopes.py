"""Which names a piece of code binds, by Python's own rules of scope, and what its import statements bind."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import NamedTuple

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def imported(node: ast.Import | ast.ImportFrom, package: str) -> tuple[dict[str, str], list[str], list[str]]:
    """Return what an import statement binds (`{local name: absolute target}`), the modules it loads, and its stars."""
    if isinstance(node, ast.Import):
        bound = {
            a.asname or a.name.partition(".")[0]: a.name if a.asname else a.name.partition(".")[0] for a in node.names
        }
        return bound, [alias.name for alias in node.names], []
    base = node.module or ""
    if node.level:
        parents = package.split(".")
        parents = parents[: len(parents) - node.level + 1]
        base = ".".join([*parents, base] if base else parents)
    stars = [base for alias in node.names if alias.name == "*"]
    bound = {a.asname or a.name: f"{base}.{a.name}" for a in node.names if a.name != "*"}
    # `from a import b` loads a, and a.b where that is a module
    return bound, list(dict.fromkeys([base, *bound.values()])), stars


class Scope(NamedTuple):
    """Names that a function binds, those that its imports bind, and those that it declares global or nonlocal."""

    bound: set[str]
    imports: dict[str, list[str]]
    elsewhere: set[str]


def scope_of(node: ast.FunctionDef | ast.AsyncFunctionDef, package: str) -> Scope:
    """Return the scope of a function in a module of `package`."""
    arguments = {argument.arg for argument in ast.walk(node.args) if isinstance(argument, ast.arg)}
    return scope_in(node.body, arguments, package)


def scope_in(body: Iterable[ast.AST], arguments: set[str], package: str) -> Scope:
    """The names that a function's body binds, as Python decides it: anywhere in it, unless declared global."""
    bound, imports, elsewhere = set(arguments), {}, set()  # type: set[str], dict[str, list[str]], set[str]
    stack = list(body)
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            bound.add(node.id)
        elif isinstance(node, ast.Global | ast.Nonlocal):
            elsewhere |= set(node.names)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            for name, target in imported(node, package)[0].items():
                imports.setdefault(name, []).append(target)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
            bound.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            bound.add(node.rest)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
            continue
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, _COMPREHENSIONS):
            # its targets are local to it, but `:=` inside binds here
            stack.extend(n.target for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
            continue
        for name in node._fields:
            child = getattr(node, name, None)
            if isinstance(child, list):
                stack += [one for one in child if isinstance(one, ast.AST)]
            elif isinstance(child, ast.AST) and name not in ("ctx", "op", "annotation"):
                stack.append(child)
    local = {name: targets for name, targets in imports.items() if name not in elsewhere}
    return Scope(bound - elsewhere, local, elsewhere)
