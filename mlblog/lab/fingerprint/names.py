"""What a piece of code refers to: the free names in it, the strings that may name files, and what its calls read."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable

from mlblog.lab.fingerprint import words
from mlblog.lab.fingerprint.references import EVERYTHING, MODULE, PACKAGE, VARIABLE, Names
from mlblog.lab.fingerprint.scopes import Scope, imported
from mlblog.lab.fingerprint.syntax import chain
from mlblog.lab.fingerprint.texts import flat, text_of
from mlblog.lab.fingerprint.walk import ScopedVisitor


def names_of(nodes: Iterable[ast.AST], package: str, scope: Scope | None = None) -> Names:
    """Return what `nodes` refer to, read in the scope of a module of `package`, or of a function there."""
    reader = _Reader(package, scope)
    for node in nodes:
        reader.visit(node)
    return reader.names


class _Reader(ScopedVisitor):
    def __init__(self, package: str, scope: Scope | None = None) -> None:
        super().__init__(package, scope)
        self.names = Names()

    # -- references ---------------------------------------------------------------------------------------------

    def _refer(self, parts: list[str], use: str = "") -> None:
        found = self.seen_from_here(parts)
        self._look(parts if found else parts[1:])
        if not found:
            return
        last = parts[-1]
        if (last in words.OWN_MODULE and parts[:-1] in ([], ["builtins"])) or (parts == ["locals"] and self.at_top):
            self.names.references.add(MODULE)
        if parts == ["sys", "modules"] or (last in words.LOADERS and use != "()"):
            self.names.references |= {EVERYTHING, words.ORDER} if last == "modules" else {EVERYTHING}
        if parts == ["locals"] and self.at_top:
            self.names.references.add(words.ORDER)
        if parts == ["help"]:
            self.names.references.add(words.PROSE)
        self.names.references |= {one + use for one in found}

    def _look(self, attributes: list[str]) -> None:
        """Mark names and attributes that mean something on any object."""
        for name in attributes:
            if name in words.REFLECTION:
                self.names.references.add(EVERYTHING)
            if name in words.READERS:
                self.names.references.add(words.READERS[name])
            if name == "__class__":
                self.names.references.add(words.LENIENT)

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
        if any(one is None or (chain(one) or [""])[-1] in words.FAILURES for one in caught):
            self.names.references.add(words.LENIENT)
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
        if text.startswith("__") and text in words.READERS:
            self.names.references.add(words.READERS[text])  # getattr(f, "__doc__"), vars(C)["__annotations__"]
        if not 0 < len(text) <= 200 or "\n" in text or not text.strip("*/"):
            return
        # outside paths, `train` and `.png` are ordinary words
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
        """A path in parts: joined, from the first part that can be read."""
        known = [text for text in texts if text.strip("*/.")]
        while texts and texts[0] == "*":
            texts = texts[1:]
        self._string(glue.join(texts).replace("//", "/"), path=bool(known))

    def _variable(self, name: ast.expr) -> None:
        """An environment variable is read."""
        if (
            isinstance(name, ast.Constant)
            and isinstance(name.value, str)
            and not (name.value in words.PLACES or name.value.startswith(words.PLACES_BEGIN))
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
            self.names.references.add(words.LENIENT)
        if last == "suppress":
            self.names.references.add(words.LENIENT)
        if last in ("eval", "exec", "compile") and node.args and isinstance(node.args[0], ast.Constant):
            self._code(node.args[0].value)
        if last in words.LOADERS:
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
            self.names.references.add(words.PROSE)  # an attribute by a computed name, perhaps the docstring
        if parts:
            self._refer(parts, "()")
        else:
            self.visit(node.func)
        if last in words.PATHS:
            self._path(node)
        for argument in [*node.args, *node.keywords]:
            if last not in words.WORDS or not isinstance(argument, ast.Constant):
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
        seen = self.seen_from_here(parts) if parts else []
        last = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        callee = seen[0] if seen else f".{last}"  # a method of an unknown object
        if hasattr(builtins, callee):
            return
        for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
            if name := chain(argument):
                self.names.handed |= {(callee, one) for one in self.seen_from_here(name)}

    def _code(self, text: object) -> None:
        """Python in a string, as in `eval` and annotations."""
        if not isinstance(text, str):
            return
        try:
            self.visit(ast.parse(text))
        except (SyntaxError, ValueError):
            return  # not Python: it is never evaluated, or fails

    def _load(self, node: ast.Call) -> None:
        """A module named by an expression: the part of the name that can be read, else every module."""
        argument = node.args[0] if node.args else None
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            known, whole = argument.value, True
        elif isinstance(argument, ast.JoinedStr) and argument.values and isinstance(argument.values[0], ast.Constant):
            known, whole = str(argument.values[0].value), False
        else:
            known, whole = "", False
        if known.startswith("."):
            known = self.package + known
        known = known.replace(":", ".")
        if not whole:
            known = known.rpartition(".")[0]
        self.names.references.add(PACKAGE + known if known else EVERYTHING)

    def visit_annotation(self, node: ast.expr) -> None:
        kept, self.names = self.names, Names()
        self.visit(node)
        for part in ast.walk(node):
            if isinstance(part, ast.Constant):
                self._code(part.value)
        kept.hints |= self.names.references
        self.names = kept

    # -- imports ------------------------------------------------------------------------------------------------

    def visit_Import(self, node: ast.Import) -> None:
        bound, loaded, _ = imported(node, self.package)
        self.names.imports.update(loaded)
        self._bind(bound)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        bound, loaded, stars = imported(node, self.package)
        self.names.imports.update(loaded)
        self.names.references |= {PACKAGE + star for star in stars}
        self._bind(bound)

    def _bind(self, bound: dict[str, str]) -> None:
        """Imports into a class, or from a function into the module, are used by attribute or in other functions."""
        self.names.references |= {
            "=" + target for name, target in bound.items() if self.in_class or name in self.declared_elsewhere
        }


def _is_name_of_type(node: ast.Attribute) -> bool:
    """`type(x).__name__`, which reveals nothing of the other members of an enumeration."""
    return (
        node.attr in ("__name__", "__qualname__")
        and isinstance(node.value, ast.Call)
        and (chain(node.value.func) == ["type"])
    )
