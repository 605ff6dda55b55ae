"""Data flow between cells, by name: what a cell uses from earlier ones, and what it binds for later ones."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field

from mlblog.press.source.magics import as_python


@dataclass
class Flow:
    """The names of one cell.

    Attributes:
        taken: used before the cell binds them, so their values come from earlier cells.
        made: bound in every branch.
        changed: bound in some branches, or possibly modified in place, as by `table.append(…)`.
    """

    taken: set[str] = field(default_factory=set)
    made: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)


def flow(code: str, imported: set[str]) -> Flow:
    """Follow the names of a cell by statement; its imports are added to `imported`.

    Magics that run Python are parsed; any other cell that is not Python has no data flow.
    """
    tree = ast.parse(as_python(code).code)
    follower = _Follower(imported)
    follower.found.made = follower.block(tree.body, set())
    found = follower.found
    known = {*dir(builtins), "get_ipython"}
    known |= imported  # np.mean(x) does not change np
    return Flow(found.taken - known, found.made - known, found.changed - found.made - known)


class _Follower:
    def __init__(self, imported: set[str]) -> None:
        self.found, self._imported = Flow(), imported

    def block(self, statements: Iterable[ast.stmt], bound: set[str]) -> set[str]:
        """Follow a sequence of statements; return the names certainly bound after it."""
        for statement in statements:
            bound = self._statement(statement, set(bound))
        return bound

    def _statement(self, node: ast.stmt, bound: set[str]) -> set[str]:
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
            self._imported |= names
            return bound | names
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            self._use(node, bound)
            return bound | {node.name}
        if isinstance(node, ast.If):
            self._use(node.test, bound)
            return self._either(self.block(node.body, bound), self.block(node.orelse, bound))
        if isinstance(node, ast.For | ast.AsyncFor):
            self._use(node.iter, bound)
            return self._perhaps(self.block([*node.body, *node.orelse], self._bind(node.target, bound)), bound)
        if isinstance(node, ast.While):
            self._use(node.test, bound)
            return self._perhaps(self.block([*node.body, *node.orelse], bound), bound)
        if isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                self._use(item.context_expr, bound)
                if item.optional_vars is not None:
                    bound = self._bind(item.optional_vars, bound)
            return self.block(node.body, bound)
        if isinstance(node, ast.Try):
            for handler in node.handlers:
                self._perhaps(self.block(handler.body, bound | ({handler.name} if handler.name else set())), bound)
            return self.block(node.finalbody, self._perhaps(self.block([*node.body, *node.orelse], bound), bound))
        if isinstance(node, ast.Assign | ast.AnnAssign):
            if node.value is not None:
                self._use(node.value, bound)
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                bound = self._bind(target, bound)
            return bound
        if isinstance(node, ast.AugAssign):
            self._use(node.value, bound)
            names = _base(node.target)
            self.found.taken |= names - bound
            self.found.changed |= names
            return bound
        self._use(node, bound)
        return bound

    def _either(self, first: set[str], second: set[str]) -> set[str]:
        self.found.changed |= first ^ second
        return first & second

    def _perhaps(self, after: set[str], before: set[str]) -> set[str]:
        self.found.changed |= after - before
        return before

    def _bind(self, target: ast.expr, bound: set[str]) -> set[str]:
        if isinstance(target, ast.Name):
            return bound | {target.id}
        if isinstance(target, ast.Tuple | ast.List):
            for item in target.elts:
                bound = self._bind(item, bound)
            return bound
        if isinstance(target, ast.Starred):
            return self._bind(target.value, bound)
        self._use(target, bound)
        self.found.changed |= _base(target)  # table["key"] = …
        return bound

    def _use(self, node: ast.AST, bound: set[str]) -> None:
        """Note names used in an expression or definition, except its own local names."""
        own: set[str] = set()
        for inner in ast.walk(node):
            if isinstance(inner, ast.comprehension):
                own |= {name.id for name in ast.walk(inner.target) if isinstance(name, ast.Name)}
            elif isinstance(inner, ast.arg):
                own.add(inner.arg)
            elif isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
                self.found.changed |= _base(inner.func) - bound
            elif isinstance(inner, ast.NamedExpr):
                self.found.changed.add(inner.target.id)
            elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and isinstance(inner, ast.Name):
                own |= {inner.id} if isinstance(inner.ctx, ast.Store) else set()
        loads = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        self.found.taken |= loads - own - bound


def _base(node: ast.expr) -> set[str]:
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()
