"""The canonical form of a piece of Python: what it does, without how it is laid out.

Comments and formatting are not in the syntax tree. Docstrings and annotations do nothing unless somebody reads them at
run time, so they have a form of their own, the prose. Empty fields are left out, so that a Python that adds a field to
a node does not change the form of old code.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

_IGNORED = {"annotation", "returns", "type_comment", "ctx", "kind", "type_params"}
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEFINITIONS = (*_FUNCTIONS, ast.ClassDef)
# annotations that change what a dataclass or a TypedDict does
_MEANINGFUL = ("ClassVar", "InitVar", "KW_ONLY", "NotRequired", "Required", "ReadOnly")

_fields: dict[type[ast.AST], tuple[str, ...]] = {}


def canonical_form(node: ast.AST | list[ast.stmt]) -> str:
    """Return the form of a node or of statements, which two pieces of code share if they do the same."""
    out: list[str] = []
    _write(node, out.append, False)
    return "".join(out)


def _write(node: object, put, in_class: bool) -> None:  # type: ignore[no-untyped-def]  # hot: `put` is list.append
    if isinstance(node, ast.AST):
        kind = type(node)
        if kind is ast.AnnAssign and not in_class and node.value is not None:  # type: ignore[attr-defined]
            # outside a class, which may be a dataclass, `x: int = 1` does what `x = 1` does
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
            if name == "body" and isinstance(node, _DEFINITIONS):
                value = without_docstring(value)
            put(name)
            put("=")
            _write(value, put, kind is ast.ClassDef or (in_class and kind not in _FUNCTIONS))
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
            _write(item, put, in_class)
            put(",")
        put("]")
    else:
        put(type(node).__name__)  # 1, True and 1.0 are equal and not the same
        put(repr(node))


def prose(nodes: Iterable[ast.AST]) -> str:
    """Return what the docstrings and annotations in `nodes` say; empty if there are none."""
    return "".join(text for node in nodes for inner in ast.walk(node) for text in _prose_of(inner))


def _prose_of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, _DEFINITIONS):
        docstring = ast.get_docstring(node, clean=False)
        if docstring is not None:
            yield f"doc {node.name} {docstring!r};"
    if isinstance(node, _FUNCTIONS) and node.returns is not None:
        yield f"-> {canonical_form(node.returns)};"
    elif isinstance(node, ast.arg | ast.AnnAssign) and node.annotation is not None:
        name = node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)
        yield f"{name}: {canonical_form(node.annotation)};"


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
