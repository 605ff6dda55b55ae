"""The canonical form of a piece of Python: what it does, without how it is laid out.

Comments and formatting are not in the syntax tree; docstrings and annotations are left out here. Empty fields are left
out too, so that a Python that adds a field to a node does not change the form of old code.
"""

from __future__ import annotations

import ast

_IGNORED = {"annotation", "returns", "type_comment", "ctx", "kind", "type_params"}
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# annotations that change what a dataclass does
_MEANINGFUL = ("ClassVar", "InitVar", "KW_ONLY")

_fields: dict[type[ast.AST], tuple[str, ...]] = {}


def canonical_form(node: ast.AST | list[ast.stmt], *, docstrings: bool = False) -> str:
    """Return the form of `node`, which two pieces of code share if they differ in layout alone.

    Args:
        node: a node or a list of statements.
        docstrings: whether docstrings count; they do in modules that read `__doc__`.
    """
    out: list[str] = []
    _write(node, out.append, docstrings)
    return "".join(out)


def _write(node: object, put, docstrings: bool) -> None:  # type: ignore[no-untyped-def]  # hot: `put` is list.append
    if isinstance(node, ast.AST):
        kind = type(node)
        names = _fields.get(kind)
        if names is None:
            names = _fields[kind] = tuple(name for name in kind._fields if name not in _IGNORED)
        put(kind.__name__)
        put("(")
        for name in names:
            value = getattr(node, name, None)
            if value is None or value == []:
                continue
            if name == "body" and not docstrings and isinstance(node, _DEFINITIONS):
                value = without_docstring(value)
            put(name)
            put("=")
            _write(value, put, docstrings)
            put(",")
        if kind is ast.AnnAssign and (word := _meaningful(node.annotation)):  # type: ignore[attr-defined]
            put(word)
        elif kind is ast.Constant and node.value is None:  # type: ignore[attr-defined]
            put("None")
        elif names and names[0] == "name" and kind is not ast.ClassDef and _dispatches(node):
            put(ast.dump(node.args))  # type: ignore[attr-defined]  # singledispatch reads the annotations
        put(")")
    elif isinstance(node, list):
        put("[")
        for item in node:
            _write(item, put, docstrings)
            put(",")
        put("]")
    else:
        put(type(node).__name__)  # 1, True and 1.0 are equal and not the same
        put(repr(node))


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
