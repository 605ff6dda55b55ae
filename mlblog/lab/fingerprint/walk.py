"""A walk over code that knows, at each node, which names are local: Python's rules of scope."""

from __future__ import annotations

import ast

from mlblog.lab.fingerprint.scopes import Scope, scope_in


class ScopedVisitor(ast.NodeVisitor):
    """Visits code in the order of evaluation, and keeps track of the scopes around each node."""

    def __init__(self, package: str, scope: Scope | None = None) -> None:
        """Walk code of a module of `package`, or of a function there with this `scope`."""
        self.package = package
        self.in_class = False
        self._locals: list[tuple[set[str], dict[str, list[str]]]] = []  # names bound, and those bound by imports
        self._globals: list[set[str]] = []  # names that each function declares global or nonlocal
        if scope is not None:
            self._locals.append((scope.bound, scope.imports))
            self._globals.append(scope.elsewhere)

    @property
    def at_top(self) -> bool:
        """Whether the walk is outside any function."""
        return not self._locals

    @property
    def declared_elsewhere(self) -> set[str]:
        """Names that the function around declares global or nonlocal."""
        return self._globals[-1] if self._globals else set()

    def seen_from_here(self, parts: list[str]) -> list[str]:
        """A chain as references: nothing if it starts at a local name, absolute if at a local import."""
        for bound, imports in reversed(self._locals):
            if parts[0] in imports:
                return ["=" + ".".join([target, *parts[1:]]) for target in imports[parts[0]]]
            if parts[0] in bound:
                return []
        return [".".join(parts)]

    def visit_annotation(self, node: ast.expr) -> None:
        """Visit an annotation."""
        self.visit(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        for outer in [*getattr(node, "decorator_list", []), *node.args.defaults, *node.args.kw_defaults]:
            if outer is not None:
                self.visit(outer)
        body = node.body if isinstance(node.body, list) else [node.body]
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        annotations = [*(argument.annotation for argument in arguments if argument), getattr(node, "returns", None)]
        for annotation in filter(None, annotations):
            self.visit_annotation(annotation)
        scope = scope_in(body, {argument.arg for argument in arguments if argument}, self.package)
        self._locals.append((scope.bound, scope.imports))
        self._globals.append(scope.elsewhere)
        in_class, self.in_class = self.in_class, False
        for statement in body:
            self.visit(statement)
        self.in_class = in_class
        self._globals.pop()
        self._locals.pop()

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _visit_function  # noqa: N815

    def _visit_comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.visit(node.generators[0].iter)  # evaluated outside
        targets = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        self._locals.append((targets, {}))
        for number, generator in enumerate(node.generators):
            self.visit(generator.target)
            for part in [*([generator.iter] if number else []), *generator.ifs]:
                self.visit(part)
        for part in [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]:
            self.visit(part)
        self._locals.pop()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _visit_comprehension  # noqa: N815

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Visit the annotation before the assignment."""
        self.visit_annotation(node.annotation)
        self.visit(node.target)
        if node.value:
            self.visit(node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Visit a class: its methods do not see its names, and a name bound in it may be the module's before that."""
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        in_class, self.in_class = self.in_class, True
        for part in node.body:
            self.visit(part)
        self.in_class = in_class
