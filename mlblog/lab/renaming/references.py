"""Where Python names an experiment: its definition, imports, uses and `__all__`, by position.

Nothing is guessed: a name that may be the experiment and may be something else is an error that says where.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mlblog.errors import InputError
from mlblog.lab.renaming.scopes import all_bindings, bindings

Exports = set[tuple[str, str]]  # module and name there, by which the experiment can be had

_NAMES = ("name", "__name__", "__qualname__")


@dataclass
class Source:
    """Python in a file.

    Attributes:
        path: of the file, as people see it.
        lines: of Python, each with its line in the file and the column at which it begins there, both from 0.
        module: its dotted name; empty for a post, which nothing imports from.
        is_package: whether it is an `__init__.py`.
    """

    path: str
    lines: Sequence[tuple[str, int, int]]
    module: str = ""
    is_package: bool = False
    tree: ast.Module = field(init=False)

    def __post_init__(self) -> None:
        try:
            self.tree = ast.parse("".join(line for line, _, _ in self.lines))
        except SyntaxError as error:
            raise InputError(f"{self.path}:{self._row(error.lineno or 1) + 1}: not Python: {error.msg}") from error

    def _row(self, line: int) -> int:
        return self.lines[min(line, len(self.lines)) - 1][1] if self.lines else 0

    def place(self, node: ast.AST) -> str:
        """File and line of a node."""
        return f"{self.path}:{self._row(getattr(node, 'lineno', 1)) + 1}"

    def position(self, line: int, column: int, text: str, node: ast.AST) -> tuple[int, int]:
        """The place in the file of `text`, which is at a line (from 1) and column (in UTF-8) of the Python.

        Raises:
            InputError: it is not there, as may happen in an f-string before Python 3.12.
        """
        written, row, start = self.lines[line - 1]
        at = len(written.encode()[:column].decode(errors="replace"))
        if written[at : at + len(text)] != text:
            raise InputError(f"{self.place(node)}: cannot locate {text!r} in this line; put it on its own line")
        return row, start + at

    def imports(self, node: ast.ImportFrom) -> str:
        """The module that `from … import` imports from."""
        if not node.level:
            return node.module or ""
        parts = self.module.split(".")
        parts = parts[: len(parts) - node.level + (1 if self.is_package else 0)]
        return ".".join([*parts, *([node.module] if node.module else [])])


def exports(sources: Iterable[Source], module: str, name: str) -> Exports:
    """Return every module and name there that mean the experiment `name` of `module`: re-exports, aliases, stars."""
    found: Exports = {(module, name)}
    statements = [
        (source, node)
        for source in sources
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ImportFrom) and source.module
    ]
    before = 0
    while len(found) > before:
        before = len(found)
        for source, node in statements:
            target = source.imports(node)
            for alias in node.names:
                if alias.name == "*":
                    found |= {(source.module, one) for owner, one in set(found) if owner == target}
                elif (target, alias.name) in found:
                    found.add((source.module, alias.asname or alias.name))
    return found


class Occurrences:
    """Finds where `source` names the experiment by its name, and renames those nodes of its tree."""

    def __init__(self, source: Source, exported: Exports, old: str, new: str) -> None:
        """Look for `old`, which `exported` says is the experiment where it is imported from."""
        self.found: list[tuple[int, int]] = []
        self._source, self._exported, self._old, self._new = source, exported, old, new
        self._modules: dict[str, set[str]] = {}
        self._imported: dict[ast.alias, bool] = {}  # whether a name that is imported is the experiment
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import_modules(node)
            if isinstance(node, ast.ImportFrom):
                target = source.imports(node)
                self._imported |= {alias: (target, alias.name) in exported for alias in node.names}
        self._bound = {name for name, node in all_bindings(source.tree) if not isinstance(node, ast.alias)}
        self._scopes: list[tuple[ast.AST, bool | None]] = [(source.tree, self._binding(source.tree))]
        self._walk(source.tree)

    def _import_modules(self, node: ast.Import | ast.ImportFrom) -> None:
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                target = f"{self._source.imports(node)}.{alias.name}"
            else:
                target = alias.name if alias.asname else alias.name.partition(".")[0]
            local = alias.asname or (alias.name if isinstance(node, ast.ImportFrom) else target)
            self._modules.setdefault(local, set()).add(target)

    # -- what the name means in a scope ------------------------------------------------------------------------

    def _binding(self, scope: ast.AST) -> bool | None:
        """Whether `old` is the experiment in `scope` (True), something else (False), or not bound there (None).

        Raises:
            InputError: it is both.
        """
        ours: list[ast.AST] = []
        other: list[ast.AST] = []
        for name, node in bindings(scope):
            if name == "*" and isinstance(node, ast.ImportFrom):
                if (self._source.imports(node), self._old) in self._exported:
                    ours.append(node)
            elif name == self._old:
                (ours if self._is_experiment(node, scope) else other).append(node)
        if ours and other:
            raise InputError(
                f"{self._source.place(other[0])}: {self._old} is the experiment in this file, but something else here;"
                " give that another name first"
            )
        return True if ours else False if other else None

    def _is_experiment(self, node: ast.AST, scope: ast.AST) -> bool:
        if isinstance(node, ast.alias):
            return self._imported.get(node, False)
        here = (self._source.module, self._old) in self._exported and isinstance(scope, ast.Module)
        return here and isinstance(node, ast.FunctionDef)

    def _means_experiment(self) -> bool:
        for at, (scope, binding) in enumerate(reversed(self._scopes)):
            if isinstance(scope, ast.ClassDef) and at:
                continue  # names of a class are not seen in its methods
            if binding is not None:
                return binding
        return False

    # -- the walk ----------------------------------------------------------------------------------------------

    def _walk(self, node: ast.AST) -> None:
        match node:
            case ast.Name():
                self._name(node)
            case ast.Attribute():
                self._attribute(node)
            case ast.ImportFrom():
                self._import_from(node)
            case ast.Global() | ast.Nonlocal():
                self._declared(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                self._function(node)
            case ast.Lambda():
                self._lambda(node)
            case ast.ClassDef():
                self._class(node)
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                self._comprehension(node)
            case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
                self._assign(node)
            case _:
                self._inside(node)

    def _inside(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            self._walk(child)

    def _add(self, node: ast.AST, line: int, column: int) -> None:
        self.found.append(self._source.position(line, column, self._old, node))

    def _name(self, node: ast.Name) -> None:
        if node.id == self._old and self._means_experiment():
            self._add(node, node.lineno, node.col_offset)
            node.id = self._new

    def _attribute(self, node: ast.Attribute) -> None:
        value = node.value
        named = isinstance(value, ast.Name) and value.id == self._old and self._means_experiment()
        if node.attr in _NAMES and self._source.module and named:
            raise InputError(
                f"{self._source.place(node)}: {self._old}.{node.attr} reads the name, so a new one changes what this"
                " code finds, and no record of it could be kept; write the name as a string first"
            )
        if node.attr == self._old and self._is_module(node.value, node):
            self._add(node, node.end_lineno or 0, (node.end_col_offset or 0) - len(self._old.encode()))
            node.attr = self._new
        self._walk(node.value)

    def _is_module(self, value: ast.expr, node: ast.AST) -> bool:
        parts: list[str] = []
        while isinstance(value, ast.Attribute):
            parts.insert(0, value.attr)
            value = value.value
        if not isinstance(value, ast.Name):
            return False
        targets = (".".join([target, *parts]) for target in self._modules.get(value.id, ()))
        ours = [(target, self._old) in self._exported for target in targets]
        if any(ours) and (not all(ours) or value.id in self._bound):
            raise InputError(
                f"{self._source.place(node)}: {value.id} may be the module of the experiment here, or something else;"
                " give that another name first"
            )
        return any(ours)

    def _import_from(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if not self._imported[alias]:
                continue
            if alias.asname == self._old:
                self._add(alias, alias.end_lineno or 0, (alias.end_col_offset or 0) - len(self._old.encode()))
                alias.asname = self._new
            if alias.name == self._old:
                self._add(alias, alias.lineno, alias.col_offset)
                alias.name = self._new

    def _declared(self, node: ast.Global | ast.Nonlocal) -> None:
        if self._old in node.names and self._scopes[0][1]:
            raise InputError(f"{self._source.place(node)}: {self._old} is declared {type(node).__name__.lower()} here")

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name == self._old and isinstance(self._scopes[-1][0], ast.Module) and self._means_experiment():
            line = self._source.lines[node.lineno - 1][0]
            at = line.encode().find(b"def ", node.col_offset)
            column = at + 4 + len(line.encode()[at + 4 :]) - len(line.encode()[at + 4 :].lstrip())
            self._add(node, node.lineno, column)
            node.name = self._new
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [one for one in (arguments.vararg, arguments.kwarg) if one]
        for outside in (*node.decorator_list, *_defaults(arguments), *(one.annotation for one in every), node.returns):
            if outside is not None:
                self._walk(outside)
        self._within(node, node.body)

    def _lambda(self, node: ast.Lambda) -> None:
        for default in _defaults(node.args):
            self._walk(default)
        self._within(node, [node.body])

    def _class(self, node: ast.ClassDef) -> None:
        for outside in (*node.decorator_list, *node.bases, *node.keywords):
            self._walk(outside)
        self._within(node, node.body)

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self._walk(node.generators[0].iter)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        first, *rest = node.generators
        self._within(node, [first.target, *first.ifs, *rest, *parts])

    def _within(self, scope: ast.AST, nodes: Iterable[ast.AST]) -> None:
        self._scopes.append((scope, self._binding(scope)))
        for node in nodes:
            self._walk(node)
        self._scopes.pop()

    def _assign(self, node: ast.Assign | ast.AnnAssign | ast.AugAssign) -> None:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        exporting = any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
        if exporting and node.value and (self._source.module, self._old) in self._exported:
            for one in ast.walk(node.value):
                if isinstance(one, ast.Constant) and one.value == self._old:
                    self._add(one, one.lineno, one.col_offset + 1)
                    one.value = self._new
        self._inside(node)


def _defaults(arguments: ast.arguments) -> Iterator[ast.expr]:
    yield from arguments.defaults
    yield from (default for default in arguments.kw_defaults if default is not None)
