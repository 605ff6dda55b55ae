"""What a piece of code refers to: the free names of it, by Python's own rules of scope.

A reference is a dotted chain as far as it can be followed in the source: `F.softmax`, `helpers.scale`. A chain that
starts at a local import is absolute and written with a leading `=`. One that is only subscripted or called ends in `[]`
or `()`. Where the code looks things up in ways that no reader could follow (`globals()`,
`importlib.import_module(name)`), the whole of what it could mean is referred to: `<module>` (its own module),
`<package>x.y` (all modules below x.y), `<everything>`. Further marks say what it reads of other definitions.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass, field

from mlblog.lab.fingerprint.scopes import Scope, imported, scope_in
from mlblog.lab.fingerprint.syntax import chain
from mlblog.lab.fingerprint.texts import flat, text_of
from mlblog.lab.fingerprint.words import (
    FAILURES,
    LENIENT,
    LOADERS,
    ORDER,
    OWN_MODULE,
    PATHS,
    PLACES,
    PLACES_BEGIN,
    PROSE,
    READERS,
    REFLECTION,
    WORDS,
)

MODULE, PACKAGE, EVERYTHING = "<module>", "<package>", "<everything>"
VARIABLE = "<variable>"  # before the name of a variable of the environment


def is_computed(reference: str) -> bool:
    """Whether a reference is to modules by computed names."""
    return reference == EVERYTHING or reference.startswith(PACKAGE)


@dataclass
class Names:
    """What a piece of code refers to.

    Attributes:
        references: dotted chains, absolute ones with a leading `=`, and the marks above.
        imports: modules that its own import statements load.
        strings: string constants in it that may name data files or modules.
        hints: what its annotations refer to, in case somebody reads them.
        handed: `(callee, argument)` of calls that are given something by its name.
    """

    references: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    strings: set[str] = field(default_factory=set)
    hints: set[str] = field(default_factory=set)
    handed: set[tuple[str, str]] = field(default_factory=set)


def names_of(nodes: Iterable[ast.AST], package: str, scope: Scope | None = None) -> Names:
    """Return what `nodes` refer to, read in the scope of a module of `package`, or of a function there."""
    reader = _Reader(package, scope)
    for node in nodes:
        reader.visit(node)
    return reader.names


def parts_of(reference: str) -> tuple[list[str], str]:
    """Return the names of a reference, and how it is used: `[]`, `()` or anyhow."""
    use = reference[-2:] if reference.endswith(("[]", "()")) else ""
    return reference.removesuffix(use).removeprefix("=").split("."), use


class _Reader(ast.NodeVisitor):
    def __init__(self, package: str, scope: Scope | None = None) -> None:
        self.names = Names()
        self._package = package
        self._locals: list[tuple[set[str], dict[str, list[str]]]] = []  # names bound, and those bound by imports
        self._globals: list[set[str]] = []  # names that each function declares global or nonlocal
        self._in_class = False
        if scope is not None:
            self._locals.append((scope.bound, scope.imports))
            self._globals.append(scope.elsewhere)

    # -- references ---------------------------------------------------------------------------------------------

    def _seen_from_here(self, parts: list[str]) -> list[str]:
        """A chain as references: nothing if it starts at a local name, absolute if at a local import."""
        for bound, imports in reversed(self._locals):
            if parts[0] in imports:
                return ["=" + ".".join([target, *parts[1:]]) for target in imports[parts[0]]]
            if parts[0] in bound:
                return []
        return [".".join(parts)]

    def _refer(self, parts: list[str], use: str = "") -> None:
        found = self._seen_from_here(parts)
        self._look(parts if found else parts[1:])
        if not found:
            return
        last = parts[-1]
        if (last in OWN_MODULE and parts[:-1] in ([], ["builtins"])) or (parts == ["locals"] and not self._locals):
            self.names.references.add(MODULE)
        if parts == ["sys", "modules"] or (last in LOADERS and use != "()"):
            self.names.references |= {EVERYTHING, ORDER} if last == "modules" else {EVERYTHING}
        if parts == ["locals"] and not self._locals:
            self.names.references.add(ORDER)
        if parts == ["help"]:
            self.names.references.add(PROSE)
        self.names.references |= {one + use for one in found}

    def _look(self, attributes: list[str]) -> None:
        """Mark what names and attributes say by themselves, of whatever object."""
        for name in attributes:
            if name in REFLECTION:
                self.names.references.add(EVERYTHING)
            if name in READERS:
                self.names.references.add(READERS[name])
            if name == "__class__":
                self.names.references.add(LENIENT)

    def visit_Name(self, node: ast.Name) -> None:  # the visitor's protocol
        if isinstance(node.ctx, ast.Load):
            self._refer([node.id])

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if parts := chain(node):
            self._refer(parts)
            return
        self._look([node.attr])
        if _is_name_of_type(node):
            self.generic_visit(node.value)
        else:
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        parts = chain(node.value)
        if parts and isinstance(node.ctx, ast.Load):
            self._refer(parts, "[]")
        else:
            self.visit(node.value)
        if not (isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str)):
            self.visit(node.slice)
        elif parts and parts[-1] == "environ":
            self._variable(node.slice)
        else:
            self._look([node.slice.value] if node.slice.value.startswith("__") else [])

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        caught = [node.type] if not isinstance(node.type, ast.Tuple) else node.type.elts
        if any(one is None or (chain(one) or [""])[-1] in FAILURES for one in caught):
            self.names.references.add(LENIENT)
        self.generic_visit(node)

    # -- strings ------------------------------------------------------------------------------------------------

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str | bytes):
            self._string(node.value, path=False)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._string(text_of(node), path=False)
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                self.visit(part)

    def _string(self, text: str | bytes, *, path: bool) -> None:
        if isinstance(text, bytes):
            text = text.decode("utf-8", "replace")
        if text.startswith("__") and text in READERS:
            self.names.references.add(READERS[text])  # getattr(f, "__doc__"), vars(C)["__annotations__"]
        if not 0 < len(text) <= 200 or "\n" in text or not text.strip("*/"):
            return
        # elsewhere than in a path, `train` and `.png` are words like any other
        if path or (
            ("." in text or "/" in text) and not (text.startswith(".") and text.count(".") == 1 and "/" not in text)
        ):
            self.names.strings.add(text)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if isinstance(node.op, ast.Div | ast.Add):
            parts = flat(node, type(node.op))
            texts = [text_of(part) for part in parts]
            if any(isinstance(part, ast.Constant | ast.JoinedStr) for part in parts) and not all(
                isinstance(part, ast.Constant) and isinstance(part.value, int | float) for part in parts
            ):
                self._joined(texts, "/" if isinstance(node.op, ast.Div) else "")
            for part in parts:
                if not isinstance(part, ast.Constant):
                    self.visit(part)
            return
        self.generic_visit(node)

    def _joined(self, texts: list[str], glue: str) -> None:
        """A path in parts: all of it, from the first part that can be read, and each of them."""
        known = [text for text in texts if text.strip("*/.")]
        while texts and texts[0] == "*":
            texts = texts[1:]
        self._string(glue.join(texts).replace("//", "/"), path=bool(known))

    def _variable(self, name: ast.expr) -> None:
        """A variable of the environment that is read."""
        if (
            isinstance(name, ast.Constant)
            and isinstance(name.value, str)
            and not (name.value in PLACES or name.value.startswith(PLACES_BEGIN))
        ):
            self.names.references.add(VARIABLE + name.value)

    def visit_Compare(self, node: ast.Compare) -> None:
        if any((chain(part) or [""])[-1] == "environ" for part in node.comparators):
            self._variable(node.left)
        for part in [node.left, *node.comparators]:
            if isinstance(part, ast.Tuple | ast.List | ast.Set):
                for item in part.elts:
                    if not isinstance(item, ast.Constant):
                        self.visit(item)
            elif not isinstance(part, ast.Constant):
                self.visit(part)

    # -- calls --------------------------------------------------------------------------------------------------

    def visit_Call(self, node: ast.Call) -> None:
        parts = chain(node.func)
        last = parts[-1] if parts else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        self._handed(parts, node)
        if last == "type" and len(node.args) == 1:
            self.names.references.add(LENIENT)
        if last == "suppress":
            self.names.references.add(LENIENT)
        if last in ("eval", "exec", "compile") and node.args and isinstance(node.args[0], ast.Constant):
            self._code(node.args[0].value)
        if last in LOADERS:
            self._load(node)
        if node.args and (last == "getenv" or (parts or [""])[-2:-1] == ["environ"]):
            self._variable(node.args[0])
        if parts == ["getattr"] and len(node.args) > 1 and (target := chain(node.args[0])):
            name = node.args[1]
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                self._refer([*target, name.value])
                for rest in node.args[2:]:
                    self.visit(rest)
                return
            self.names.references.add(PROSE)  # an attribute by a computed name: it may be the docstring
        if parts:
            self._refer(parts, "()")
        else:
            self.visit(node.func)
        if last in PATHS:
            self._path(node)
        for argument in [*node.args, *node.keywords]:
            if last not in WORDS or not isinstance(argument, ast.Constant):
                self.visit(argument)

    def _path(self, node: ast.Call) -> None:
        base = [node.func.value] if isinstance(node.func, ast.Attribute) and node.func.attr == "joinpath" else []
        texts = [text_of(part) for part in [*base, *node.args]]
        if len(texts) > 1:
            self._joined(texts, "/")
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if isinstance(argument, ast.Constant | ast.JoinedStr) and (text := text_of(argument)) != "*":
                self._string(text, path=True)

    def _handed(self, parts: list[str] | None, node: ast.Call) -> None:
        seen = self._seen_from_here(parts) if parts else []
        last = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        callee = seen[0] if seen else f".{last}"  # a method of something that nobody can see here
        if hasattr(builtins, callee):
            return
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if name := chain(argument):
                self.names.handed |= {(callee, one) for one in self._seen_from_here(name)}

    def _code(self, text: object) -> None:
        """Python in a string, as `eval` and annotations have it."""
        if not isinstance(text, str):
            return
        try:
            self.visit(ast.parse(text))
        except (SyntaxError, ValueError):
            return  # no Python: it is evaluated by nobody, or fails when it is

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

    def _annotation(self, node: ast.expr | None) -> None:
        if node is None:
            return
        kept, self.names = self.names, Names()
        self.visit(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Constant):
                self._code(part.value)
        kept.hints |= self.names.references
        self.names = kept

    # -- scopes -------------------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        bound, loaded, _ = imported(node, self._package)
        self.names.imports.update(loaded)
        self._bind(bound)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        bound, loaded, stars = imported(node, self._package)
        self.names.imports.update(loaded)
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
        for argument in filter(None, arguments):
            self._annotation(argument.annotation)
        self._annotation(getattr(node, "returns", None))
        scope = scope_in(body, {argument.arg for argument in arguments if argument}, self._package)
        self._locals.append((scope.bound, scope.imports))
        self._globals.append(scope.elsewhere)
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
        self._annotation(node.annotation)
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


def _is_name_of_type(node: ast.Attribute) -> bool:
    """`type(x).__name__`, which tells nothing of the other members of an enumeration."""
    return (
        node.attr in ("__name__", "__qualname__")
        and isinstance(node.value, ast.Call)
        and (chain(node.value.func) == ["type"])
    )
