"""Mutants of what holds no code, and may be read all the same: annotations and docstrings."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mutants.source import Mutant, Source

_KINDS = {"int": "float", "float": "str", "str": "bytes", "bool": "int", "bytes": "str"}


def annotated(source: Source) -> Iterator[Mutant]:
    """Yield mutants with another annotation."""
    for node in source.nodes:
        for annotation in (getattr(node, "annotation", None), getattr(node, "returns", None)):
            if annotation is None:
                continue
            for part in ast.walk(annotation):
                if isinstance(part, ast.Name) and part.id in _KINDS:
                    yield source.replaced("annotation", part, _KINDS[part.id])
                elif isinstance(part, ast.Constant) and isinstance(part.value, int | str):
                    new = part.value + 1 if isinstance(part.value, int) else _KINDS.get(part.value, part.value + "x")
                    yield source.replaced("annotation", part, repr(new))
            if isinstance(node, ast.arg) and isinstance(annotation, ast.Name | ast.Subscript):
                yield source.replaced("annotation", annotation, "object")


def documented(source: Source) -> Iterator[Mutant]:
    """Yield mutants with another docstring, or none."""
    for node in source.nodes:
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) or ast.get_docstring(node) is None:
            continue
        string = node.body[0].value  # type: ignore[attr-defined]
        changed = re.sub(r"\d+", lambda digits: str(int(digits[0]) + 1), string.value, count=1)
        new = changed if changed != string.value else f"{string.value} See 17 others."
        yield source.mutant("docstring", string, f"docstring: {new[:40]!r}", (*source.span(string), repr(new)))
        if len(node.body) > 1:
            yield source.mutant("docstring", string, "no docstring", (*source.span(string), "pass"))
