"""Whether a unit only computes and binds values, so that it may run again out of order.

Such a unit has no side effects: it calls functions known to be pure, on values whose methods are
pure, and the values it uses from earlier units are immutable. The source alone
decides most cases (`is_plain`); `is_proved` checks its names in the namespace.
"""

from __future__ import annotations

import ast
import builtins
import cmath
import math
import sys
from collections.abc import Container, Mapping
from types import BuiltinFunctionType, ModuleType
from typing import Any

_BUILTINS = {
    "abs", "all", "any", "bin", "bool", "bytes", "chr", "complex", "dict", "divmod", "enumerate", "float", "format",
    "frozenset", "hex", "int", "len", "list", "max", "min", "oct", "ord", "pow", "print", "range", "repr", "reversed",
    "round", "set", "slice", "sorted", "str", "sum", "tuple", "zip",
}  # fmt: skip
_NUMPY = {
    "all", "any", "arange", "argmax", "argmin", "argsort", "array", "asarray", "bincount", "clip", "column_stack",
    "concatenate", "cov", "cumprod", "cumsum", "diff", "dot", "empty_like", "eye", "full", "full_like", "geomspace",
    "hstack", "identity", "interp", "isclose", "linspace", "logspace", "max", "mean", "median", "meshgrid", "min",
    "ones", "ones_like", "outer", "percentile", "prod", "quantile", "repeat", "reshape", "round", "sort", "stack",
    "std", "sum", "tile", "trapezoid", "tri", "tril", "triu", "unique", "var", "vstack", "where", "zeros",
    "zeros_like",
}  # fmt: skip
# methods and attributes of arrays with effects beyond the array
_REACHING = {"base", "ctypes", "data", "dump", "dumps", "flags", "setfield", "setflags", "tofile", "view"}
_FROZEN = (type(None), bool, int, float, complex, str, bytes, range, type(Ellipsis))
_HOLDING = (tuple, frozenset)
_CHANGING = (list, dict, set)
_MOST = 100_000  # most values inspected


def is_plain(code: str) -> bool:
    """Whether the source of a cell or inline expression may be plain."""
    return _Proof(None, ()).holds(code)


def is_proved(code: str, namespace: Mapping[str, Any], fresh: Container[str]) -> bool:
    """Whether a unit is plain when run in `namespace`; values of `fresh` names may be mutable."""
    return _Proof(namespace, fresh).holds(code)


class _Proof:
    def __init__(self, namespace: Mapping[str, Any] | None, fresh: Container[str]) -> None:
        self._namespace, self._fresh = namespace, fresh

    def holds(self, code: str) -> bool:
        if ">>>" in code:  # doctests in docstrings run, too
            return False
        try:
            statements = ast.parse(code.strip()).body
        except (SyntaxError, ValueError):
            return False
        own: set[str] = set()
        for statement in statements:
            if not self._statement(statement, own):
                return False
            own |= {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
            own |= {statement.name} if isinstance(statement, ast.FunctionDef) else set()
        return True

    def _statement(self, node: ast.stmt, own: set[str]) -> bool:
        match node:
            case ast.Import() | ast.ImportFrom() | ast.Pass():
                return True
            case ast.Expr(value=value):
                return self._value(value, own)
            case ast.Assert(test=test, msg=message):
                return self._value(test, own) and (message is None or self._value(message, own))
            case ast.Assign(targets=targets, value=value):
                return self._value(value, own) and all(self._target(target, own) for target in targets)
            case ast.AugAssign(target=ast.Name(id=name), value=value):
                return (name in own or self._name(name)) and self._value(value, own)
            case ast.AugAssign(target=target, value=value):
                return self._target(target, own) and self._value(value, own)
            case ast.FunctionDef(decorator_list=[], returns=None, args=given):
                arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
                defaults = [one for one in (*given.defaults, *given.kw_defaults) if one is not None]
                bare = all(one is None or one.annotation is None for one in arguments)
                return bare and all(self._value(one, own) for one in defaults)
        return False

    def _target(self, node: ast.expr, own: set[str]) -> bool:
        match node:
            case ast.Name():
                return True
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return all(self._target(item, own) for item in items)
            case ast.Starred(value=value):
                return self._target(value, own)
            case ast.Subscript(value=ast.Name(id=name), slice=index):  # objects created by the unit itself
                return name in own and self._value(index, own)
        return False

    def _value(self, node: ast.expr, own: set[str]) -> bool:
        match node:
            case ast.Constant():
                return True
            case ast.Name(id=name):
                return name in own or self._name(name)
            case ast.Call(func=function, args=arguments, keywords=named):
                if any(one.arg in (None, "file", "out") for one in named):
                    return False
                values = [*arguments, *(one.value for one in named)]
                return self._function(function, own) and all(self._value(one, own) for one in values)
            case ast.Attribute(value=value, attr=attribute):
                if attribute.startswith("_") or attribute in _REACHING:
                    return False
                return self._member(node, own) if self._is_of_module(node, own) else self._value(value, own)
            case ast.ListComp(generators=loops) | ast.SetComp(generators=loops) | ast.GeneratorExp(generators=loops):
                return self._loops(loops, [node.elt], own)
            case ast.DictComp(generators=loops, key=key, value=value):
                return self._loops(loops, [key, value], own)
            case (
                ast.BinOp() | ast.UnaryOp() | ast.BoolOp() | ast.Compare() | ast.IfExp() | ast.Tuple() | ast.List()
                | ast.Set() | ast.Dict() | ast.Subscript() | ast.Slice() | ast.JoinedStr() | ast.FormattedValue()
                | ast.Starred()
            ):  # fmt: skip
                children = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr))
                return all(self._value(child, own) for child in children)
        return False

    def _loops(self, loops: list[ast.comprehension], values: list[ast.expr], own: set[str]) -> bool:
        inner = set(own)
        for loop in loops:
            if loop.is_async or not self._value(loop.iter, inner):
                return False
            inner |= {node.id for node in ast.walk(loop.target) if isinstance(node, ast.Name)}
            if not all(self._value(test, inner) for test in loop.ifs):
                return False
        return all(self._value(value, inner) for value in values)

    def _function(self, node: ast.expr, own: set[str]) -> bool:
        match node:
            case ast.Name(id=name):
                return name not in own and (self._namespace is None or _is_allowed(self._found(name)))
            case ast.Attribute():
                return self._value(node, own)
        return False

    def _is_of_module(self, node: ast.expr, own: set[str]) -> bool:
        while isinstance(node, ast.Attribute):
            node = node.value
        if not isinstance(node, ast.Name) or node.id in own or self._namespace is None:
            return False
        return isinstance(self._found(node.id), ModuleType)

    def _member(self, node: ast.expr, own: set[str]) -> bool:
        path: list[str] = []
        while isinstance(node, ast.Attribute):
            path.append(node.attr)
            node = node.value
        found = self._found(node.id) if isinstance(node, ast.Name) else None
        for name in reversed(path):
            if not isinstance(found, ModuleType) or name not in vars(found):
                return False
            found = vars(found)[name]
        return _is_allowed(found) or _Values(may_change=False).are_safe(found)

    def _name(self, name: str) -> bool:
        if self._namespace is None:
            return True
        value = self._found(name)
        return _is_allowed(value) or _Values(may_change=name in self._fresh).are_safe(value)

    def _found(self, name: str) -> Any:
        assert self._namespace is not None
        return self._namespace[name] if name in self._namespace else getattr(builtins, name, _Missing)


class _Missing:
    """Stands for the value of an unbound name."""


def _is_allowed(function: Any) -> bool:
    """Whether a function is pure, given pure arguments."""
    if isinstance(function, BuiltinFunctionType) and function.__self__ in (math, cmath):
        return True
    name, home = getattr(function, "__name__", ""), getattr(function, "__module__", "")
    if isinstance(function, BuiltinFunctionType | type) and home == "builtins":
        return name in _BUILTINS
    numpy: Any = sys.modules.get("numpy")
    if numpy is None or vars(numpy).get(name) is not function:
        return False
    if isinstance(function, type):
        return issubclass(function, numpy.number | numpy.bool_)
    return isinstance(function, numpy.ufunc) or (name in _NUMPY and home == "numpy")


class _Values:
    """Inspects values recursively."""

    def __init__(self, *, may_change: bool) -> None:
        self._may_change, self._left = may_change, _MOST

    def are_safe(self, value: Any) -> bool:
        self._left -= 1
        if self._left < 0:
            return False
        kind = type(value)
        if kind in _FROZEN:
            return True
        if kind in _HOLDING or (self._may_change and kind in _CHANGING):
            items = [*value, *value.values()] if kind is dict else value
            return all(self.are_safe(item) for item in items)
        numpy: Any = sys.modules.get("numpy")
        if numpy is None:
            return False
        if isinstance(value, numpy.number | numpy.bool_):
            return kind.__module__ == "numpy"
        return self._may_change and kind is numpy.ndarray and value.dtype.kind in "biufcUSmM"
