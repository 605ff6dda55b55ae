"""Branches of an experiment that depend on parameters only: a record depends on those that its parameters select.

`if loss == "supervised":` in a function whose parameter `loss` is never bound again runs one way for each record, and
so does `{"plain": f, "decoupled": g}[loss]`. Code on the other branch does not affect the record.
"""

from __future__ import annotations

import ast
import copy
import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Function = ast.FunctionDef | ast.AsyncFunctionDef
Guard = tuple[str, bool]  # the source of a condition, and which way it must go

_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
    ast.In: lambda value, values: value in values,
    ast.NotIn: lambda value, values: value not in values,
}
_UNSEEN = {"locals", "vars", "eval", "exec", "globals", "dir"}


class Branch(NamedTuple):
    """Statements or expressions that run only under some conditions."""

    guards: tuple[Guard, ...]
    body: list[ast.stmt]


def split(function: Function) -> tuple[Function, list[Branch]]:
    """Return an experiment's function without its branches, and the branches, inner ones taken out of outer ones."""
    names = [node for node in ast.walk(function) if isinstance(node, ast.Name)]
    if any(node.id in _UNSEEN for node in names):
        return function, []
    inner = [node for part in function.body for node in ast.walk(part)]
    again = {node.id for node in names if not isinstance(node.ctx, ast.Load)}
    again |= {node.arg for node in inner if isinstance(node, ast.arg)}
    again |= {name for node in inner if isinstance(node, ast.Global | ast.Nonlocal) for name in node.names}
    fixed = {argument.arg for argument in function.args.kwonlyargs} - again - {"seed"}
    splitter = _Splitter(fixed)
    whole = copy.deepcopy(function)
    whole.body = [splitter.visit(statement) for statement in whole.body]
    return whole, splitter.branches


class _Splitter(ast.NodeTransformer):
    def __init__(self, fixed: set[str]) -> None:
        self._fixed = fixed
        self._guards: tuple[Guard, ...] = ()
        self.branches: list[Branch] = []

    def _decides(self, test: ast.expr) -> bool:
        """Whether the parameters alone decide a condition."""
        names = {node.id for node in ast.walk(test) if isinstance(node, ast.Name)}
        known = (
            ast.Compare, ast.BoolOp, ast.UnaryOp, ast.Name, ast.Constant, ast.Tuple, ast.List, ast.Set, ast.cmpop,
            ast.boolop, ast.unaryop, ast.expr_context,
        )  # fmt: skip
        return bool(names) and names <= self._fixed and all(isinstance(node, known) for node in ast.walk(test))

    def _take(self, test: str, holds: bool, body: list[ast.stmt]) -> None:
        before, self._guards = self._guards, (*self._guards, (test, holds))
        guards = self._guards
        taken = [self.visit(statement) for statement in body]
        self.branches.append(Branch(guards, taken))
        self._guards = before

    def visit_If(self, node: ast.If) -> ast.AST:
        if not self._decides(node.test):
            return self.generic_visit(node)
        test = ast.unparse(node.test)
        self._take(test, True, node.body)
        if node.orelse:
            self._take(test, False, node.orelse)
        return ast.copy_location(ast.If(node.test, [ast.copy_location(ast.Pass(), node)], []), node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        if not self._decides(node.test):
            return self.generic_visit(node)
        test = ast.unparse(node.test)
        for holds, value in ((True, node.body), (False, node.orelse)):
            self._take(test, holds, [ast.copy_location(ast.Expr(value), value)])
        nothing = ast.copy_location(ast.Constant(None), node)
        return ast.copy_location(ast.IfExp(node.test, nothing, nothing), node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        chosen = isinstance(node.slice, ast.Name) and node.slice.id in self._fixed
        if not (chosen and isinstance(node.value, ast.Dict) and node.value.keys):
            return self.generic_visit(node)
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.value.keys]
        if None in keys or len(set(keys)) < len(keys):
            return self.generic_visit(node)
        if not all(map(_inert, node.value.values)):
            return self.generic_visit(node)  # every value is evaluated, whichever is selected
        for key, value in zip(keys, node.value.values, strict=True):
            test = f"{ast.unparse(node.slice)} == {key!r}"
            self._take(test, True, [ast.copy_location(ast.Expr(value), value)])
        empty = ast.copy_location(ast.Dict([], []), node)
        return ast.copy_location(ast.Subscript(empty, node.slice, node.ctx), node)


def _inert(node: ast.expr) -> bool:
    return isinstance(node, ast.Name | ast.Constant | ast.Lambda) or (
        isinstance(node, ast.Attribute) and _inert(node.value)
    )


def holds(guards: list[Guard], params: Mapping[str, Any]) -> bool:
    """Whether a branch runs with these parameters; True if undecidable."""
    try:
        return all(bool(_value(ast.parse(test, mode="eval").body, params)) is wanted for test, wanted in guards)
    except (KeyError, TypeError, ValueError):
        return True


def _value(node: ast.expr, params: Mapping[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return params[node.id]
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return [_value(item, params) for item in node.elts]
    if isinstance(node, ast.UnaryOp):
        value = _value(node.operand, params)
        return not value if isinstance(node.op, ast.Not) else -value if isinstance(node.op, ast.USub) else ~value
    if isinstance(node, ast.BoolOp):
        values = [bool(_value(part, params)) for part in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)
    if isinstance(node, ast.Compare):
        sides = [_value(part, params) for part in [node.left, *node.comparators]]
        pairs = zip(node.ops, sides, sides[1:], strict=False)
        return all(_COMPARISONS[type(op)](first, second) for op, first, second in pairs)
    raise ValueError(ast.unparse(node))
