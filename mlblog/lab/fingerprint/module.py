"""A module, summarised from its source: its definitions, what they refer to, and what importing it does, in order."""

from __future__ import annotations

import ast
import builtins
import sys
from collections import Counter
from collections.abc import Iterable

from mlblog.errors import ProjectError
from mlblog.files import canonical
from mlblog.lab.fingerprint.binding import (
    Function,
    bound_by,
    changes_more,
    is_overload,
    names_in,
    only_binds,
    targets_of,
)
from mlblog.lab.fingerprint.branches import split
from mlblog.lab.fingerprint.definitions import Definer, first_line, merged
from mlblog.lab.fingerprint.effects import OPAQUE, evaluated
from mlblog.lab.fingerprint.experiments import without_declaration, written
from mlblog.lab.fingerprint.names import names_of
from mlblog.lab.fingerprint.registries import entries_of, without_entries
from mlblog.lab.fingerprint.scopes import imported, scope_of
from mlblog.lab.fingerprint.summary import BINDING, EFFECT, FOREIGN, IMPORT, LOADING, MAYBE, Definition, Module
from mlblog.lab.fingerprint.syntax import canonical_form, chain, without_docstring

_DEEPEST = 50_000


def read_module(name: str, source: str, path: str, *, is_package: bool) -> Module:
    """Summarise a module from its source, without importing it.

    Raises:
        ProjectError: it is not Python; `path` and the line are named.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        raise ProjectError(f"{path}:{line}: not Python: {getattr(error, 'msg', error)}") from error
    package = name if is_package else name.rpartition(".")[0]
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, _DEEPEST))  # a sum of a thousand terms is a tree of that depth
    try:
        return _Summary(name, package, path, tree).made()
    except RecursionError as error:
        raise ProjectError(f"{path}:1: an expression is nested too deeply to parse") from error
    finally:
        sys.setrecursionlimit(limit)


class _Summary:
    def __init__(self, name: str, package: str, path: str, tree: ast.Module) -> None:
        self._module = Module(name, package, {}, {}, [], [], {}, [], {}, [])
        self._path, self._tree = path, tree
        bound = Counter(name for node in tree.body for name in bound_by(node))
        # names bound several times, or for builtins too: their order counts
        self._rebound = {name for name, times in bound.items() if times > 1 or hasattr(builtins, name)}
        froms = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        self._starred = any(alias.name == "*" for node in froms for alias in node.names)  # any name may be bound again
        self._script = "__name__" in bound  # then what runs is unknown
        self._used = set(names_in([tree]))
        postponed = any(node.module == "__future__" and node.names[0].name == "annotations" for node in froms)
        self._definer = Definer(package, postponed=postponed)
        self._parts: dict[str, list[ast.stmt]] = {}  # constants, each by all statements that bind it
        self._effects: list[ast.stmt] = []
        self._places: dict[int, int] = {}

    def made(self) -> Module:
        module, tree = self._module, self._tree
        self._statements(without_docstring(tree.body))
        for name, statements in self._parts.items():
            self._constant(name, statements)
        for name in set(names_in(self._effects)) & set(module.literals):
            module.literals[name] = ""  # changed after it was made: what it holds cannot be read here
        module.definitions[IMPORT] = self._definer.define("import", self._effects)
        exported = self._parts.get("__all__", [])
        module.exports = [
            n.value for s in exported for n in ast.walk(s) if isinstance(n, ast.Constant) and isinstance(n.value, str)
        ]
        docstring = ast.get_docstring(tree, clean=False)
        module.definitions[IMPORT].prose = canonical.digest("prose", docstring) if docstring is not None else ""
        module.loads = sorted(set(module.loads))
        return module

    def _statements(self, body: Iterable[ast.stmt]) -> None:
        for node in body:
            self._places[id(node)] = len(self._module.order)
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._import(node)
            elif isinstance(node, Function):
                self._function(node)
            elif isinstance(node, ast.ClassDef):
                self._class(node)
            elif isinstance(node, ast.Assign | ast.AnnAssign) and all(
                only_binds(target) for target in targets_of(node)
            ):
                self._assignment(node)
            elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                pass  # a string or `...` standing alone does nothing
            elif not self._never_run(node):
                self._module.order.append(f"{EFFECT} {canonical.digest('effect', canonical_form([node]))}")
                self._compound(node)

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        bound, loaded, stars = imported(node, self._module.package)
        if "__future__" in loaded:
            return
        for name, target in bound.items():
            self._module.imports.setdefault(name, []).append(target)
            if name in self._rebound:
                self._module.order.append(f"{BINDING} {name}={target}")
            elif name not in self._used:
                self._module.order.append(f"{FOREIGN} {target}")  # imported for its effect, or to be re-exported
        self._module.order += [f"{LOADING} {name}" for name in loaded]
        self._module.order += [f"{BINDING} *={star}" for star in stars]
        self._module.loads.extend(loaded)
        self._module.stars.extend(stars)

    def _assignment(self, node: ast.Assign | ast.AnnAssign) -> None:
        names = names_in(targets_of(node))
        if node.value is None:
            return  # an annotation alone binds nothing
        for name in names:
            self._parts.setdefault(name, []).append(node)
        acting = evaluated([node.value])
        if self._rebound & set(names):
            self._module.order.append(f"{BINDING} {canonical.digest('binding', canonical_form([node]))}")
        elif acting:
            self._module.order += [f"{MAYBE} {name}" for name in names]
        if len(names) == 1 and isinstance(targets_of(node)[0], ast.Name) and names[0] not in self._rebound:
            self._module.literals[names[0]] = ast.unparse(node.value) if not acting & {OPAQUE} else ""

    def _constant(self, name: str, statements: list[ast.stmt]) -> None:
        module = self._module
        constant = self._definer.define("constant", statements)
        values = [s.value for s in statements if isinstance(s, ast.Assign | ast.AnnAssign) and s.value is not None]
        others = [s for s in statements if not isinstance(s, ast.Assign | ast.AnnAssign)]
        constant.calls = sorted({*constant.calls, *evaluated([*values, *others])})
        known = module.definitions.get(name)
        single = len(statements) == 1 and bool(values) and not known
        if constant.references or constant.calls or not single or self._starred:
            constant.position = self._position(statements[0])
        if single:
            self._entries(name, constant, values[0])
        module.definitions[name] = merged(known, constant) if known else constant

    def _position(self, statement: ast.stmt) -> int:
        """How many tokens of the order come before a statement."""
        return self._places.get(id(statement), -1)

    def _compound(self, node: ast.stmt) -> None:
        """A statement that runs when the module is imported: an effect, and the definition of all that it binds."""
        self._effects.append(node)
        inner = [s for s in ast.walk(node) if isinstance(s, ast.stmt) and s is not node]
        for one in inner:
            if isinstance(one, ast.Import | ast.ImportFrom):
                self._import(one)
        for name in sorted(bound_by(node)):
            self._parts.setdefault(name, []).append(node)

    def _function(self, node: Function) -> None:
        if is_overload(node):
            return
        self._reserve(node)
        found = written(node, self._module, self._path) if node.decorator_list else None
        outer = [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
        if found:
            self._module.experiments[node.name] = found
            definition = self._experiment(without_declaration(node, self._module))
            # a parameter may name a file or a module; its value is compared as a parameter
            declaration = names_of([*node.decorator_list, *outer], self._module.package)
            definition.strings = sorted({*definition.strings, *declaration.strings})
        else:
            definition = self._definer.define("function", [node])
            definition.calls = sorted(
                {*definition.calls, *self._definer.called(node.decorator_list), *evaluated(outer)}
            )
        self._add(node.name, definition, node)

    def _experiment(self, node: Function) -> Definition:
        """An experiment's function, its branches definitions of their own."""
        whole, branches = split(node)
        scope = scope_of(node, self._module.package)
        definition = self._definer.define("function", [whole], scope)
        bound = sorted({*scope.bound, *scope.imports, *(f"global {name}" for name in scope.elsewhere)})
        definition.digest = canonical.digest("code", definition.digest, *bound)
        for branch in branches:
            where = " and ".join(test if wanted else f"not ({test})" for test, wanted in branch.guards)
            times = sum(one.partition("#")[0] == f"{node.name} if {where}" for one in definition.branches)
            name = f"{node.name} if {where}" + (f"#{times + 1}" if times else "")
            found = self._definer.define("branch", branch.body, scope)
            found.guards = [list(guard) for guard in branch.guards]
            self._module.definitions[name] = found
            definition.branches.append(name)
        return definition

    def _class(self, node: ast.ClassDef) -> None:
        self._reserve(node)
        methods = [s for s in node.body if isinstance(s, Function)]
        rest = [s for s in without_docstring(node.body) if not isinstance(s, Function)]
        header = ast.copy_location(ast.ClassDef(node.name, node.bases, node.keywords, rest, node.decorator_list), node)
        definition = self._definer.define("class", [header])
        docstring = ast.get_docstring(node, clean=False)
        if docstring is not None:
            definition.prose = canonical.digest("prose", definition.prose, docstring)
        definition.lines = (first_line(node), node.lineno)
        definition.members = list(dict.fromkeys(method.name for method in methods))
        made = [base for base in node.bases if isinstance(base, ast.Call)]  # `class P(base_for("x"))`
        inner = [decorator for method in methods for decorator in method.decorator_list]
        outer = [d for m in methods for d in [*m.args.defaults, *m.args.kw_defaults] if d is not None]
        # a class body runs when the module is imported: what it calls, and what it changes elsewhere
        kept = [
            part for part in rest if isinstance(part, ast.Assign | ast.AnnAssign | ast.Expr) and not changes_more(part)
        ]
        values = [part.value for part in kept if part.value is not None]
        acting = [
            part for part in rest if part not in kept and not isinstance(part, ast.Pass | ast.Import | ast.ImportFrom)
        ]
        ran = evaluated([*values, *outer, *node.bases])
        called = self._definer.called(
            [*node.decorator_list, *(keyword.value for keyword in node.keywords), *made, *inner]
        )
        definition.calls = sorted({*definition.calls, *ran, *called, *names_in(acting), *([OPAQUE] if acting else [])})
        definition.bases = _chains(base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
        if set(names_in(rest)) & set(definition.members):
            # a name bound twice in the body, or a method that the body uses: which comes first counts
            body = [part.name if isinstance(part, Function) else canonical_form([part]) for part in node.body]
            definition.digest = canonical.digest("code", definition.digest, *body)
        self._entries(node.name, definition, node)
        self._add(node.name, definition, node)
        for name in definition.members:
            # several of a name: a property and its setter, or overloads
            same = [method for method in methods if method.name == name]
            self._add(f"{node.name}.{name}", self._definer.define("method", list(same)), None)

    def _reserve(self, node: Function | ast.ClassDef) -> None:
        """A place in the order for what is made here, should making it act, or the name be bound again."""
        if node.name in self._rebound:
            form = canonical_form([node])
            self._module.order.append(f"{BINDING} {canonical.digest('binding', form)}")
        elif node.decorator_list or isinstance(node, ast.ClassDef) or node.args.defaults or any(node.args.kw_defaults):
            self._module.order.append(f"{MAYBE} {node.name}")

    def _entries(self, name: str, definition: Definition, node: ast.AST) -> None:
        """Make the entries of a registry definitions of their own."""
        for key, value in entries_of(node, self._module.imports).items():
            entry = self._definer.define("entry", [ast.copy_location(ast.Expr(value), value)])  # type: ignore[arg-type]
            self._module.definitions[f"{name}[{key}]"] = entry
            definition.entries.append(f"{name}[{key}]")
        if definition.entries:
            frame = [without_entries(node)] if isinstance(node, ast.ClassDef) else []
            definition.frame = canonical.digest("registry", canonical_form(list(frame)))

    def _add(self, name: str, definition: Definition, node: ast.stmt | None) -> None:
        if node is not None and (definition.calls or name in self._rebound or self._starred):
            definition.position = self._position(node)
        known = self._module.definitions.get(name)
        self._module.definitions[name] = merged(known, definition) if known else definition

    def _never_run(self, node: ast.stmt) -> bool:
        """`if TYPE_CHECKING:` and `if __name__ == "__main__":`, without an else."""
        if not isinstance(node, ast.If) or node.orelse or self._script:
            return False
        if isinstance(node.test, ast.Compare):
            return ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__")
        parts = chain(node.test) or [""]
        targets = self._module.imports.get(parts[0], [])
        return [".".join([target, *parts[1:]]) for target in targets] == ["typing.TYPE_CHECKING"]


def _chains(nodes: Iterable[ast.expr]) -> list[str]:
    found = (chain(node.func if isinstance(node, ast.Call) else node) for node in nodes)
    return list(dict.fromkeys(".".join(parts) for parts in found if parts))
