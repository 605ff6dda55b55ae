"""Experiments as declared, read from source: their scales, seeds and variants, without running the module."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from mlblog.errors import ProjectError
from mlblog.files import canonical
from mlblog.lab.fingerprint.syntax import chain

if TYPE_CHECKING:
    from mlblog.lab.fingerprint.summary import Module

_DECORATORS = {"mlblog.lab.experiment", "mlblog.lab.spec.experiment"}
_OPERATORS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Pow: operator.pow,
    ast.BitOr: operator.or_,
}
_DEEPEST = 20  # constants made of constants; a circle ends here
# a name's constant: its source, and how names in that are looked up
Lookup = Callable[[str], "tuple[str, Lookup] | None"]


@dataclass
class Written:
    """A declaration as it is written.

    Attributes:
        path: of its file.
        line: of the function.
        title: the first line of its docstring.
        keywords: `{argument of the decorator: its source}`; `**` for what is unpacked.
        defaults: `{keyword parameter: source of its default}`; None if it has none.
    """

    path: str
    line: int
    title: str
    keywords: dict[str, str]
    defaults: dict[str, str | None]


class Literals(NamedTuple):
    """What a declaration says.

    Attributes:
        arguments: of the decorator.
        defaults: `{keyword parameter: default}` of those that have one.
    """

    arguments: dict[str, Any]
    defaults: dict[str, Any]


def _decorator(node: ast.FunctionDef | ast.AsyncFunctionDef, module: Module) -> ast.Call | None:
    for decorator in node.decorator_list:
        parts = chain(decorator.func) if isinstance(decorator, ast.Call) else None
        if not parts:
            continue
        for target in module.imports.get(parts[0], []):
            if ".".join([target, *parts[1:]]) in _DECORATORS:
                return decorator  # type: ignore[return-value]  # narrowed by the line above
    return None


def written(node: ast.FunctionDef | ast.AsyncFunctionDef, module: Module, path: str) -> Written | None:
    """Return the declaration of `node` if the decorator `mlblog.lab.experiment` makes it an experiment."""
    decorator = _decorator(node, module)
    if decorator is None:
        return None
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    return Written(
        path,
        node.lineno,
        (ast.get_docstring(node) or node.name).splitlines()[0].rstrip("."),
        {keyword.arg or "**": ast.unparse(keyword.value) for keyword in decorator.keywords},
        {argument.arg: None if default is None else ast.unparse(default) for argument, default in pairs},
    )


def literals(found: Written, lookup: Lookup) -> Literals:
    """Return what a declaration says; `lookup` gives the source of a constant of its module or one imported there.

    Raises:
        ProjectError: it says it in other ways than by literals.
    """
    try:
        return _literals(found, lookup)
    except _NotLiteral as error:
        raise ProjectError(
            f"{found.path}:{found.line}: an experiment's scales, seeds, variants and defaults must be literals, or"
            f" constants bound once to literals: {error}"
        ) from error


def digest(found: Written, lookup: Lookup) -> str:
    """Return the digest of a declaration: of its values, or of its source where that says no values."""
    try:
        arguments, defaults = _literals(found, lookup)
    except _NotLiteral:
        return canonical.digest("declaration", repr(found.keywords), repr(found.defaults))
    return canonical.digest("declaration", repr(arguments), repr({name: defaults.get(name) for name in found.defaults}))


def _literals(found: Written, lookup: Lookup) -> Literals:
    reader = _Reader(lookup)
    arguments: dict[str, Any] = {}
    for name, text in found.keywords.items():
        value = reader.read(text)
        arguments |= value if name == "**" else {name: value}
    return Literals(arguments, {name: reader.read(text) for name, text in found.defaults.items() if text is not None})


def without_declaration(
    node: ast.FunctionDef | ast.AsyncFunctionDef, module: Module
) -> ast.FunctionDef | ast.AsyncFunctionDef:
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
    bare = type(node)(node.name, arguments, node.body, others, node.returns)
    return ast.copy_location(bare, node)


class _NotLiteral(Exception):  # never leaves this file
    pass


class _Reader:
    """Values of literals, `dict(a=1)`, arithmetic and constants; tuples as lists, as records hold them."""

    def __init__(self, lookup: Lookup, within: tuple[str, ...] = ()) -> None:
        self._lookup, self._within = lookup, within

    def read(self, text: str) -> Any:
        try:
            return self._value(ast.parse(text, mode="eval").body)
        except (TypeError, ValueError, ArithmeticError, SyntaxError) as error:
            raise _NotLiteral(f"{text}: {error}") from error

    def _value(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant) and not isinstance(node.value, bytes | complex):
            return node.value
        if isinstance(node, ast.List | ast.Tuple):
            return [_one for item in node.elts for _one in self._items(item)]
        if isinstance(node, ast.Dict):
            found: dict[Any, Any] = {}
            for key, value in zip(node.keys, node.values, strict=True):
                found |= self._value(value) if key is None else {self._value(key): self._value(value)}
            return found
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
            found = {}
            for part in node.args:
                found |= self._value(part)
            for keyword in node.keywords:
                value = self._value(keyword.value)
                if keyword.arg is None and set(found) & set(value):
                    raise _NotLiteral(f"{ast.unparse(node)}: duplicate key")
                found |= value if keyword.arg is None else {keyword.arg: value}
            return found
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return -self._value(node.operand)
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return _OPERATORS[type(node.op)](self._value(node.left), self._value(node.right))
        if isinstance(node, ast.Subscript):
            return self._value(node.value)[self._value(node.slice)]
        if parts := chain(node):
            return self._constant(".".join(parts))
        raise _NotLiteral(ast.unparse(node))

    def _items(self, node: ast.expr) -> list[Any]:
        return list(self._value(node.value)) if isinstance(node, ast.Starred) else [self._value(node)]

    def _constant(self, name: str) -> Any:
        found = self._lookup(name) if len(self._within) < _DEEPEST else None
        if found is None or not found[0]:
            raise _NotLiteral(name)
        return _Reader(found[1], (*self._within, name)).read(found[0])
