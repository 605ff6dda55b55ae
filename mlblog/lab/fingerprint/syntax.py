"""The canonical form of a piece of Python: what it does, without how it is laid out.

Comments and formatting are not in the syntax tree. Docstrings and annotations do nothing unless they are read at run
time, so they have a separate form, the prose. Empty fields are left out, so that a Python that adds a field to
a node does not change the form of old code.
"""

from __future__ import annotations

import ast
from typing import NamedTuple

_IGNORED = {"annotation", "returns", "type_comment", "ctx", "kind", "type_params"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
# annotations that change what a dataclass or a TypedDict does
_MEANINGFUL = ("ClassVar", "InitVar", "KW_ONLY", "NotRequired", "Required", "ReadOnly")

_fields: dict[type[ast.AST], tuple[str, ...]] = {}


class Forms(NamedTuple):
    """What a piece of code does, what its docstrings say, and what its annotations say."""

    code: str
    docstrings: str
    annotations: str


def canonical_form(node: ast.AST | list[ast.stmt]) -> str:
    """Return the form of a node or of statements, which two pieces of code share if they do the same."""
    return canonical_forms(node).code


def canonical_forms(node: ast.AST | list[ast.stmt]) -> Forms:
    """Return the forms of a node or of statements, what they do and what they say apart."""
    writer = _Writer()
    writer.write(node, False)
    return Forms("".join(writer.code), "".join(writer.docstrings), "".join(writer.annotations))


class _Writer:
    def __init__(self) -> None:
        self.code: list[str] = []
        self.docstrings: list[str] = []
        self.annotations: list[str] = []

    def write(self, node: object, in_class: bool) -> None:
        put = self.code.append
        if isinstance(node, ast.AST):
            kind = type(node)
            if kind is ast.AnnAssign and not in_class and node.value is not None:  # type: ignore[attr-defined]
                # outside a class, which may be a dataclass, `x: int = 1` does what `x = 1` does
                self._annotation(ast.unparse(node.target), node.annotation)  # type: ignore[attr-defined]
                node = ast.Assign([node.target], node.value)  # type: ignore[attr-defined]
                kind = ast.Assign
            names = _fields.get(kind)
            if names is None:
                names = _fields[kind] = tuple(name for name in kind._fields if name not in _IGNORED)
            put(kind.__name__)
            put("(")
            for name in names:
                value = getattr(node, name, None)
                if value is None or value == []:
                    continue
                if name == "body" and kind in _DEFINITIONS:
                    value = self._body(node.name, value)  # type: ignore[attr-defined]
                put(name)
                put("=")
                self.write(value, kind is ast.ClassDef or (in_class and kind not in _FUNCTIONS))
                put(",")
            if kind is ast.arg:
                self._annotation(node.arg, node.annotation)  # type: ignore[attr-defined]
            elif kind is ast.Constant:
                if node.value is None:  # type: ignore[attr-defined]
                    put("None")
            elif kind is ast.AnnAssign:
                put(_meaningful(node.annotation))  # type: ignore[attr-defined]
                self._annotation(ast.unparse(node.target), node.annotation)  # type: ignore[attr-defined]
            elif kind in _FUNCTIONS:
                self._annotation("->", node.returns)  # type: ignore[attr-defined]
                if _dispatches(node):
                    put(ast.dump(node.args))  # type: ignore[attr-defined]  # singledispatch reads the annotations
            put(")")
        elif isinstance(node, list):
            put("[")
            for item in node:
                self.write(item, in_class)
                put(",")
            put("]")
        else:
            put(type(node).__name__)  # 1, True and 1.0 are equal and not the same
            put(repr(node))

    def _body(self, name: str, body: list[ast.stmt]) -> list[ast.stmt]:
        rest = without_docstring(body)
        if len(rest) < len(body):
            self.docstrings.append(f"{name} {body[0].value.value!r};")  # type: ignore[attr-defined]  # a docstring
        return rest

    def _annotation(self, name: str, annotation: ast.expr | None) -> None:
        if annotation is not None:
            self.annotations.append(f"{name}: {ast.dump(annotation)};")


def chain(node: ast.expr) -> list[str] | None:
    """Return `a.b.c` as a list, or None where the expression is anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id, *reversed(parts)] if isinstance(node, ast.Name) else None


def without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    """Return `body` without a leading docstring."""
    if body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        return body[1:] if isinstance(body[0].value.value, str) else body
    return body


def _meaningful(annotation: ast.expr) -> str:
    text = ast.unparse(annotation)
    return next((word for word in _MEANINGFUL if word in text), "")


def _dispatches(node: ast.AST) -> bool:
    return any(
        isinstance(decorator, ast.Attribute) and decorator.attr == "register"
        for decorator in getattr(node, "decorator_list", ())
    )
