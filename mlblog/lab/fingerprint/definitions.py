"""Definitions made from pieces of syntax: what each refers to, its digest, and what making it calls."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from mlblog.files import canonical
from mlblog.lab.fingerprint.binding import Function
from mlblog.lab.fingerprint.effects import evaluated
from mlblog.lab.fingerprint.names import names_of
from mlblog.lab.fingerprint.scopes import Scope
from mlblog.lab.fingerprint.summary import Definition
from mlblog.lab.fingerprint.syntax import canonical_forms, chain


class Definer:
    """Makes the definitions of one module."""

    def __init__(self, package: str, *, postponed: bool) -> None:
        """Define what is in a module of `package`; `postponed`: whether its annotations are kept as text."""
        self._package, self._postponed = package, postponed

    def define(self, kind: str, nodes: list[ast.stmt], scope: Scope | None = None) -> Definition:
        """Return the definition that `nodes` make up, read in `scope` if they are parts of a function."""
        inner = [part for node in nodes if isinstance(node, Function) for part in [*node.decorator_list, *node.body]]
        names = names_of(inner if scope and inner else nodes, self._package, scope)
        lines = (min(map(first_line, nodes)), max(n.end_lineno or n.lineno for n in nodes)) if nodes else (1, 1)
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

    def called(self, nodes: list[ast.expr]) -> list[str]:
        """What decorators and other expressions that run on import refer to, arguments aside where they are plain."""
        plain = [n.func if isinstance(n, ast.Call) and chain(n.func) and not _partial(n) else n for n in nodes]
        given = [part for n in nodes if isinstance(n, ast.Call) for part in [*n.args, *(k.value for k in n.keywords)]]
        return sorted({*names_of(plain, self._package).references, *evaluated(given)})


def merged(first: Definition, second: Definition) -> Definition:
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


def first_line(node: ast.stmt) -> int:
    """Return the first line of a statement, decorators included."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _annotations(node: ast.stmt) -> Iterator[ast.expr]:
    """Annotations that are evaluated where `node` is."""
    if isinstance(node, Function):
        arguments = (a.annotation for a in ast.walk(node.args) if isinstance(a, ast.arg))
        yield from filter(None, [*arguments, node.returns])
    elif isinstance(node, ast.AnnAssign):
        yield node.annotation
    elif isinstance(node, ast.ClassDef):
        yield from (annotation for part in node.body for annotation in _annotations(part))


def _partial(node: ast.Call) -> bool:
    """`@partial(register, "x")` calls its first argument."""
    return (chain(node.func) or [""])[-1] == "partial"
