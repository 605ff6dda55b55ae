"""Experiments as declared, read from source: their scales, seeds and variants, without running the module."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlblog.lab import canonical
from mlblog.lab.fingerprint.names import chain

if TYPE_CHECKING:
    from mlblog.lab.fingerprint.module import Module

_DECORATORS = {"mlblog.lab.experiment", "mlblog.lab.spec.experiment"}
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
}


@dataclass
class Declared:
    """An experiment as its declaration reads.

    Attributes:
        line: of the function.
        title: the first line of its docstring.
        scales: `{scale: parameters}`.
        defaults: the function's keyword parameters and their defaults (None where there is none), without `seed`.
        seeds: how many are kept recorded.
        variants: overrides that are kept recorded too.
        digest: of the declaration.
        problem: why it cannot be read, with file and line; empty if it can.
    """

    line: int
    title: str
    scales: dict[str, Any]
    defaults: dict[str, Any]
    seeds: int
    variants: list[Any]
    digest: str
    problem: str = ""


def _decorator(node: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> ast.Call | None:
    for decorator in node.decorator_list:
        parts = chain(decorator.func) if isinstance(decorator, ast.Call) else None
        if not parts:
            continue
        for target in module.imports.get(parts[0], []):
            if ".".join([target, *parts[1:]]) in _DECORATORS:
                return decorator  # type: ignore[return-value]  # narrowed by the line above
    return None


def declared(node: ast.FunctionDef | ast.AsyncFunctionDef, module: Module, path: str) -> Declared | None:
    """Return the declaration of `node` if the decorator `mlblog.lab.experiment` makes it an experiment."""
    decorator = _decorator(node, module)
    if decorator is None:
        return None
    defaults = [d for d in node.args.kw_defaults if d is not None]
    form = canonical.digest("declaration", *(ast.dump(part) for part in [decorator, *defaults]))
    title = (ast.get_docstring(node) or node.name).splitlines()[0].rstrip(".")
    try:
        given = {keyword.arg: _evaluate(keyword.value) for keyword in decorator.keywords}
        pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
        values = {argument.arg: None if default is None else _evaluate(default) for argument, default in pairs}
    except _NotLiteral as found:
        problem = (
            f"{path}:{found.line}: an experiment's scales, seeds, variants and defaults are literals: {found.text}"
        )
        return Declared(node.lineno, title, {}, {}, 0, [], form, problem)
    values.pop("seed", None)
    scales = {name: given[name] for name in ("smoke", "small", "full") if given.get(name) is not None}
    return Declared(node.lineno, title, scales, values, given.get("seeds", 3), given.get("variants", []), form)


def without_declaration(node: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> ast.stmt:
    """Return the function without its declaration and keyword defaults: records hold those as parameters.

    Other decorators are part of what runs.
    """
    declaration = _decorator(node, module)
    arguments = ast.arguments(
        posonlyargs=node.args.posonlyargs,
        args=node.args.args,
        vararg=node.args.vararg,
        kwonlyargs=node.args.kwonlyargs,
        kw_defaults=[None] * len(node.args.kwonlyargs),
        kwarg=node.args.kwarg,
        defaults=node.args.defaults,
    )
    others = [decorator for decorator in node.decorator_list if decorator is not declaration]
    bare = type(node)(node.name, arguments, node.body, others, None)
    return ast.copy_location(bare, node)


class _NotLiteral(Exception):  # never leaves this file
    def __init__(self, node: ast.AST) -> None:
        self.line, self.text = getattr(node, "lineno", 1), ast.unparse(node)


def _evaluate(node: ast.expr) -> Any:
    """The value of a literal, `dict(a=1)`, arithmetic on numbers; tuples as lists, as records hold them."""
    if isinstance(node, ast.Constant) and not isinstance(node.value, bytes | complex):
        return node.value
    if isinstance(node, ast.List | ast.Tuple):
        return [_evaluate(item) for item in node.elts]
    if isinstance(node, ast.Dict) and all(key is not None for key in node.keys):
        return {_evaluate(key): _evaluate(value) for key, value in zip(node.keys, node.values, strict=True) if key}
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict" and not node.args:
        return {keyword.arg: _evaluate(keyword.value) for keyword in node.keywords if keyword.arg}
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_evaluate(node.left), _evaluate(node.right))
    raise _NotLiteral(node)
