"""One module, read: its definitions, what each refers to, and what importing it does, in turn."""

from __future__ import annotations

import ast
import builtins
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from mlblog.errors import ProjectError
from mlblog.files import canonical
from mlblog.lab.fingerprint.branches import split
from mlblog.lab.fingerprint.effects import OPAQUE, evaluated
from mlblog.lab.fingerprint.experiments import without_declaration, written
from mlblog.lab.fingerprint.names import names_of
from mlblog.lab.fingerprint.registries import entries_of, without_entries
from mlblog.lab.fingerprint.scopes import Scope, imported, scope_of
from mlblog.lab.fingerprint.summary import (
    BINDING,
    EFFECT,
    FOREIGN,
    IMPORT,
    LOADING,
    MAYBE,
    Definition,
    Module,
)
from mlblog.lab.fingerprint.syntax import canonical_form, canonical_forms, chain, without_docstring

_DEEPEST = 50_000

Function = ast.FunctionDef | ast.AsyncFunctionDef


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
        return _Summary(name, package, path).read(tree)
    except RecursionError as error:
        raise ProjectError(f"{path}:1: an expression is nested too deeply to parse") from error
    finally:
        sys.setrecursionlimit(limit)


class _Summary:
    def __init__(self, name: str, package: str, path: str) -> None:
        self._module = Module(name, package, {}, {}, [], [], {}, [], {}, [])
        self._path = path
        self._parts: dict[str, list[ast.stmt]] = {}  # constants, each by all statements that bind it
        self._effects: list[ast.stmt] = []
        self._rebound: set[str] = set()  # names bound several times, or for builtins too: their order counts
        self._places: dict[int, int] = {}
        self._used: set[str] = set()
        self._starred = False  # then any name may be bound again
        self._postponed = self._script = False

    def read(self, tree: ast.Module) -> Module:
        module = self._module
        bound = Counter(name for node in tree.body for name in _binds(node))
        self._rebound = {name for name, times in bound.items() if times > 1 or hasattr(builtins, name)}
        self._starred = any(
            a.name == "*" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for a in node.names
        )
        self._postponed = any(
            isinstance(node, ast.ImportFrom) and node.module == "__future__" and node.names[0].name == "annotations"
            for node in tree.body
        )
        self._script = "__name__" in bound  # then nobody knows what runs
        self._used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        self._statements(without_docstring(tree.body))
        for name, statements in self._parts.items():
            self._constant(name, statements)
        touched = {n.id for effect in self._effects for n in ast.walk(effect) if isinstance(n, ast.Name)}
        for name in touched & set(module.literals):
            module.literals[name] = ""  # changed after it was made: what it holds cannot be read here
        module.definitions[IMPORT] = self._define("import", self._effects)
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
            elif isinstance(node, ast.Assign | ast.AnnAssign) and all(_plain(target) for target in _targets(node)):
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
                self._module.order.append(f"{FOREIGN} {target}")  # imported for what that does, if not to hand it on
        self._module.order += [f"{LOADING} {name}" for name in loaded]
        self._module.order += [f"{BINDING} *={star}" for star in stars]
        self._module.loads.extend(loaded)
        self._module.stars.extend(stars)

    def _assignment(self, node: ast.Assign | ast.AnnAssign) -> None:
        names = _names(_targets(node))
        if node.value is None:
            return  # an annotation alone binds nothing
        for name in names:
            self._parts.setdefault(name, []).append(node)
        acting = evaluated([node.value])
        if self._rebound & set(names):
            self._module.order.append(f"{BINDING} {canonical.digest('binding', canonical_form([node]))}")
        elif acting:
            self._module.order += [f"{MAYBE} {name}" for name in names]
        if len(names) == 1 and isinstance(_targets(node)[0], ast.Name) and names[0] not in self._rebound:
            self._module.literals[names[0]] = ast.unparse(node.value) if not acting & {OPAQUE} else ""

    def _constant(self, name: str, statements: list[ast.stmt]) -> None:
        module = self._module
        constant = self._define("constant", statements)
        values = [s.value for s in statements if isinstance(s, ast.Assign | ast.AnnAssign) and s.value is not None]
        others = [s for s in statements if not isinstance(s, ast.Assign | ast.AnnAssign)]
        constant.calls = sorted({*constant.calls, *evaluated([*values, *others])})
        known = module.definitions.get(name)
        single = len(statements) == 1 and bool(values) and not known
        if constant.references or constant.calls or not single or self._starred:
            constant.position = self._position(statements[0])
        if single:
            self._entries(name, constant, values[0])
        module.definitions[name] = _merged(known, constant) if known else constant

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
        for name in sorted(_binds(node)):
            self._parts.setdefault(name, []).append(node)

    def _function(self, node: Function) -> None:
        if any((chain(d) or [""])[-1] == "overload" for d in node.decorator_list):
            return  # for type checkers; the last definition of the name is the one that counts
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
            definition = self._define("function", [node])
            definition.calls = sorted({*definition.calls, *self._called(node.decorator_list), *evaluated(outer)})
        self._add(node.name, definition, node)

    def _experiment(self, node: Function) -> Definition:
        """An experiment's function, its branches definitions of their own."""
        whole, branches = split(node)
        scope = scope_of(node, self._module.package)
        definition = self._define("function", [whole], scope)
        bound = sorted({*scope.bound, *scope.imports, *(f"global {name}" for name in scope.elsewhere)})
        definition.digest = canonical.digest("code", definition.digest, *bound)
        for branch in branches:
            where = " and ".join(test if wanted else f"not ({test})" for test, wanted in branch.guards)
            times = sum(one.partition("#")[0] == f"{node.name} if {where}" for one in definition.branches)
            name = f"{node.name} if {where}" + (f"#{times + 1}" if times else "")
            found = self._define("branch", branch.body, scope)
            found.guards = [list(guard) for guard in branch.guards]
            self._module.definitions[name] = found
            definition.branches.append(name)
        return definition

    def _class(self, node: ast.ClassDef) -> None:
        self._reserve(node)
        methods = [s for s in node.body if isinstance(s, Function)]
        rest = [s for s in without_docstring(node.body) if not isinstance(s, Function)]
        header = ast.copy_location(ast.ClassDef(node.name, node.bases, node.keywords, rest, node.decorator_list), node)
        definition = self._define("class", [header])
        docstring = ast.get_docstring(node, clean=False)
        if docstring is not None:
            definition.prose = canonical.digest("prose", definition.prose, docstring)
        definition.lines = (_first_line(node), node.lineno)
        definition.members = list(dict.fromkeys(method.name for method in methods))
        made = [base for base in node.bases if isinstance(base, ast.Call)]  # `class P(base_for("x"))`
        inner = [decorator for method in methods for decorator in method.decorator_list]
        outer = [d for m in methods for d in [*m.args.defaults, *m.args.kw_defaults] if d is not None]
        # a class body runs when the module is imported: what it calls, and what it changes elsewhere
        kept = [part for part in rest if isinstance(part, ast.Assign | ast.AnnAssign | ast.Expr) and not _changes(part)]
        values = [part.value for part in kept if part.value is not None]
        acting = [
            part for part in rest if part not in kept and not isinstance(part, ast.Pass | ast.Import | ast.ImportFrom)
        ]
        ran = evaluated([*values, *outer, *node.bases])
        called = self._called([*node.decorator_list, *(keyword.value for keyword in node.keywords), *made, *inner])
        names = (one for part in acting for one in ast.walk(part) if isinstance(one, ast.Name))
        definition.calls = sorted(
            {*definition.calls, *ran, *called, *(one.id for one in names), *([OPAQUE] if acting else [])}
        )
        definition.bases = _chains(base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
        if {name for part in rest for name in _mentions(part)} & set(definition.members):
            # a name bound twice in the body, or a method that the body uses: which comes first counts
            body = [part.name if isinstance(part, Function) else canonical_form([part]) for part in node.body]
            definition.digest = canonical.digest("code", definition.digest, *body)
        self._entries(node.name, definition, node)
        self._add(node.name, definition, node)
        for name in definition.members:
            # several of a name: a property and its setter, or overloads
            same = [method for method in methods if method.name == name]
            self._add(f"{node.name}.{name}", self._define("method", list(same)), None)

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
            entry = self._define("entry", [ast.copy_location(ast.Expr(value), value)])  # type: ignore[arg-type]
            self._module.definitions[f"{name}[{key}]"] = entry
            definition.entries.append(f"{name}[{key}]")
        if definition.entries:
            frame = [without_entries(node)] if isinstance(node, ast.ClassDef) else []
            definition.frame = canonical.digest("registry", canonical_form(list(frame)))

    def _called(self, nodes: list[ast.expr]) -> list[str]:
        """What decorators and other expressions that run on import refer to, arguments aside where they are plain."""
        plain = [n.func if isinstance(n, ast.Call) and chain(n.func) and not _partial(n) else n for n in nodes]
        given = [part for n in nodes if isinstance(n, ast.Call) for part in [*n.args, *(k.value for k in n.keywords)]]
        return sorted({*names_of(plain, self._module.package).references, *evaluated(given)})

    def _add(self, name: str, definition: Definition, node: ast.stmt | None) -> None:
        if node is not None and (definition.calls or name in self._rebound or self._starred):
            definition.position = self._position(node)
        known = self._module.definitions.get(name)
        self._module.definitions[name] = _merged(known, definition) if known else definition

    def _define(self, kind: str, nodes: list[ast.stmt], scope: Scope | None = None) -> Definition:
        inner = [part for node in nodes if isinstance(node, Function) for part in [*node.decorator_list, *node.body]]
        names = names_of(inner if scope and inner else nodes, self._module.package, scope)
        lines = (min(map(_first_line, nodes)), max(n.end_lineno or n.lineno for n in nodes)) if nodes else (1, 1)
        form = canonical_forms(nodes)
        said = form.docstrings + form.annotations + ("as text" if form.annotations and self._postponed else "")
        # an annotation that calls something does so when the module is imported
        calling = "Call(" in form.annotations
        called = evaluated(a for node in nodes for a in _annotations(node)) if calling else set()
        return Definition(
            kind,
            canonical.digest("code", kind, form.code, *([form.annotations] if calling else [])) if nodes else "",
            sorted(names.references),
            sorted(names.imports),
            sorted(names.strings),
            lines,
            calls=sorted(called),
            prose=canonical.digest("prose", said) if said else "",
            hints=sorted(names.hints),
            handed=sorted(list(pair) for pair in names.handed),
        )

    def _never_run(self, node: ast.stmt) -> bool:
        """`if TYPE_CHECKING:` and `if __name__ == "__main__":`, without an else."""
        if not isinstance(node, ast.If) or node.orelse or self._script:
            return False
        if isinstance(node.test, ast.Compare):
            return ast.unparse(node.test) in ("__name__ == '__main__'", "'__main__' == __name__")
        parts = chain(node.test) or [""]
        targets = self._module.imports.get(parts[0], [])
        return [".".join([target, *parts[1:]]) for target in targets] == ["typing.TYPE_CHECKING"]


def _merged(first: Definition, second: Definition) -> Definition:
    """Two definitions of one name: which of them holds is decided when the module runs, so both count."""

    def both(name: str) -> Any:
        return sorted([*getattr(first, name), *(x for x in getattr(second, name) if x not in getattr(first, name))])

    return Definition(
        kind="class" if "class" in (first.kind, second.kind) else second.kind,
        digest=canonical.digest("code", first.digest, second.digest),
        lines=(min(first.lines[0], second.lines[0]), max(first.lines[1], second.lines[1])),
        position=max(first.position, second.position),
        prose=canonical.digest("prose", first.prose, second.prose) if first.prose or second.prose else "",
        **{
            name: both(name)
            for name in ("references", "imports", "strings", "members", "calls", "bases", "hints", "handed")
        },
    )


def _binds(node: ast.stmt) -> Iterator[str]:
    """The names that a statement at the top of a module binds or deletes, those of its inner statements among them."""
    if isinstance(node, Function):
        if not any((chain(d) or [""])[-1] == "overload" for d in node.decorator_list):
            yield node.name
        return
    if isinstance(node, ast.ClassDef):
        yield node.name
        return
    if isinstance(node, ast.Import | ast.ImportFrom):
        yield from (
            a.asname or a.name.partition(".")[0] for a in node.names if a.name != "*" and not _a_package(node, a)
        )
        return
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load):
            yield inner.id
        elif isinstance(inner, Function | ast.ClassDef) and inner is not node:
            yield inner.name


def _mentions(node: ast.stmt) -> Iterator[str]:
    yield from (inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))


def _annotations(node: ast.stmt) -> Iterator[ast.expr]:
    """Annotations that are evaluated where `node` is."""
    if isinstance(node, Function):
        arguments = (a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg))
        yield from filter(None, [*arguments, node.returns])
    elif isinstance(node, ast.AnnAssign):
        yield node.annotation
    elif isinstance(node, ast.ClassDef):
        yield from (annotation for part in node.body for annotation in _annotations(part))


def _a_package(node: ast.Import | ast.ImportFrom, alias: ast.alias) -> bool:
    """`import a.b` beside `import a.c`: both bind the same package."""
    return isinstance(node, ast.Import) and alias.asname is None


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _chains(nodes: Iterable[ast.expr]) -> list[str]:
    found = (chain(node.func if isinstance(node, ast.Call) else node) for node in nodes)
    return list(dict.fromkeys(".".join(parts) for parts in found if parts))


def _partial(node: ast.Call) -> bool:
    """`@partial(register, "x")` calls its first argument."""
    return (chain(node.func) or [""])[-1] == "partial"


def _changes(node: ast.stmt) -> bool:
    """Whether a statement of a class body assigns to anything but names of the class."""
    return isinstance(node, ast.Assign | ast.AnnAssign) and not all(_plain(target) for target in _targets(node))


def _targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    return node.targets if isinstance(node, ast.Assign) else [node.target]


def _plain(target: ast.expr) -> bool:
    """Whether a target only binds names; `REGISTRY["x"] = f` and `module.attribute = f` do more."""
    if isinstance(target, ast.Tuple | ast.List):
        return all(_plain(item) for item in target.elts)
    return isinstance(target, ast.Name) or (isinstance(target, ast.Starred) and _plain(target.value))


def _names(targets: Iterable[ast.expr]) -> list[str]:
    return [node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)]
