"""What a piece of code refers to: the free names of it, by Python's own rules of scope.

A reference is a dotted chain as far as it can be followed in the source: `F.softmax`, `helpers.scale`. A chain that
starts at a local import is absolute and written with a leading `=`. Where the code looks things up in ways that no
reader could follow (`globals()`, `importlib.import_module(name)`), the whole of what it could mean is referred to:
`<module>` (its own module), `<package>x.y` (all modules below x.y), `<everything>`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

MODULE, PACKAGE, EVERYTHING = "<module>", "<package>", "<everything>"

_OWN_MODULE = {"globals", "vars", "eval", "exec", "dir", "__builtins__"}
_LOADERS = {"import_module", "__import__", "find_spec", "run_module", "walk_packages", "iter_modules"}
_LOADERS |= {"resolve_name", "locate"}
# what gives code by a name or an object that nobody can follow here
_REFLECTION = {"__subclasses__", "__globals__", "f_globals", "getmodule", "spec_from_file_location"}
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass
class Names:
    """What a piece of code refers to.

    Attributes:
        references: dotted chains, absolute ones with a leading `=`, and the marks above.
        imports: modules that its own import statements load.
        strings: string constants, which may name data files or modules.
    """

    references: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)


def names_of(nodes: Iterable[ast.AST], package: str) -> Names:
    """Return what `nodes` refer to, read in the scope of a module of `package`."""
    reader = _Reader(package)
    for node in nodes:
        reader.visit(node)
    return reader.names


def imported(node: ast.Import | ast.ImportFrom, package: str) -> tuple[dict[str, str], set[str], list[str]]:
    """Return what an import statement does: `{local name: absolute target}`, modules it loads, modules it stars."""
    if isinstance(node, ast.Import):
        bound = {
            a.asname or a.name.partition(".")[0]: a.name if a.asname else a.name.partition(".")[0] for a in node.names
        }
        return bound, {alias.name for alias in node.names}, []
    base = node.module or ""
    if node.level:
        parents = package.split(".")
        parents = parents[: len(parents) - node.level + 1]
        base = ".".join([*parents, base] if base else parents)
    stars = [base for alias in node.names if alias.name == "*"]
    bound = {a.asname or a.name: f"{base}.{a.name}" for a in node.names if a.name != "*"}
    # `from a import b` loads a, and a.b where that is a module
    return bound, {base, *bound.values()}, stars


def chain(node: ast.expr) -> list[str] | None:
    """Return `a.b.c` as a list, or None where the expression is anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else None


class _Reader(ast.NodeVisitor):
    def __init__(self, package: str) -> None:
        self.names = Names()
        self._package = package
        self._locals: list[tuple[set[str], dict[str, list[str]]]] = []  # names bound, and those bound by imports
        self._globals: list[set[str]] = []  # names that each function declares global or nonlocal
        self._in_class = False

    # -- references ---------------------------------------------------------------------------------------------

    def _refer(self, parts: list[str], *, called: bool = False) -> None:
        for bound, imports in reversed(self._locals):
            if parts[0] in imports:
                self.names.references |= {"=" + ".".join([target, *parts[1:]]) for target in imports[parts[0]]}
                return
            if parts[0] in bound:
                return
        if parts[0] in _OWN_MODULE or (parts == ["locals"] and not self._locals):
            self.names.references.add(MODULE)
        if parts == ["sys", "modules"] or (parts[-1] in _LOADERS and not called):
            self.names.references.add(EVERYTHING)
        self.names.references.add(".".join(parts))

    def visit_Name(self, node: ast.Name) -> None:  # the visitor's protocol
        if isinstance(node.ctx, ast.Load):
            self._refer([node.id])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in _REFLECTION:
            self.names.references.add(EVERYTHING)
        if parts := chain(node):
            self._refer(parts)
        else:
            self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str) and 0 < len(node.value) <= 200 and "\n" not in node.value:
            self.names.strings.add(node.value)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        whole = "".join(str(p.value) if isinstance(p, ast.Constant) else "*" for p in node.values)
        if 0 < len(whole) <= 200 and "\n" not in whole and whole.strip("*"):
            self.names.strings.add(whole)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part)

    def visit_Call(self, node: ast.Call) -> None:
        parts = chain(node.func)
        if parts and parts[-1] in _LOADERS:
            self._load(node)
            self._refer(parts, called=True)
            for rest in [*node.args, *node.keywords]:
                self.visit(rest)
            return
        if parts == ["getattr"] and len(node.args) > 1 and (target := chain(node.args[0])):
            name = node.args[1]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                self._refer([*target, name.value])
                for rest in [name, *node.args[2:]]:
                    self.visit(rest)
                return
        self.generic_visit(node)

    def _load(self, node: ast.Call) -> None:
        """A module named by an expression: as much of the name as can be read, else every module."""
        argument = node.args[0] if node.args else None
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            known, whole = argument.value, True
        elif isinstance(argument, ast.JoinedStr) and argument.values and isinstance(argument.values[0], ast.Constant):
            known, whole = str(argument.values[0].value), False
        else:
            known, whole = "", False
        if known.startswith("."):
            known = self._package + known
        known = known.replace(":", ".")
        if not whole:
            known = known.rpartition(".")[0]
        self.names.references.add(PACKAGE + known if known else EVERYTHING)

    # -- scopes -------------------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        bound, loaded, _ = imported(node, self._package)
        self.names.imports |= loaded
        self._bind(bound)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        bound, loaded, stars = imported(node, self._package)
        self.names.imports |= loaded
        self.names.references |= {PACKAGE + star for star in stars}
        self._bind(bound)

    def _bind(self, bound: dict[str, str]) -> None:
        """Imports into a class, or into the module from within a function: used by attribute, or by other functions."""
        outside = self._globals[-1] if self._globals else set[str]()
        self.names.references |= {"=" + target for name, target in bound.items() if self._in_class or name in outside}

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        for outer in [*getattr(node, "decorator_list", []), *node.args.defaults, *node.args.kw_defaults]:
            if outer is not None:
                self.visit(outer)
        body = node.body if isinstance(node.body, list) else [node.body]
        arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
        self._locals.append(self._bound(body, {argument.arg for argument in arguments if argument}))
        declared = (n for s in body for n in ast.walk(s) if isinstance(n, ast.Global | ast.Nonlocal))
        self._globals.append({name for n in declared for name in n.names})
        in_class, self._in_class = self._in_class, False
        for statement in body:
            self.visit(statement)
        self._in_class = in_class
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
        self.visit(node.target)
        if node.value:
            self.visit(node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        # a class body is no scope for its methods, and a name bound in it may be the module's before that
        for part in [*node.decorator_list, *node.bases, *node.keywords]:
            self.visit(part)
        in_class, self._in_class = self._in_class, True
        for part in node.body:
            self.visit(part)
        self._in_class = in_class

    def _bound(self, body: Iterable[ast.AST], arguments: set[str]) -> tuple[set[str], dict[str, list[str]]]:
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
                for name, target in imported(node, self._package)[0].items():
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
                # its targets are its own, but `:=` inside binds out here
                stack.extend(n.target for n in ast.walk(node) if isinstance(n, ast.NamedExpr))
                continue
            stack.extend(ast.iter_child_nodes(node))
        return bound - elsewhere, {name: targets for name, targets in imports.items() if name not in elsewhere}
