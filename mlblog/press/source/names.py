"""Names that a unit of a post uses from others and binds for others, from Python's symbol tables."""

from __future__ import annotations

import ast
import functools
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass

# these give access to names that do not appear in the cell, or run unknown code
_REACHING = {
    "breakpoint", "builtins", "compile", "currentframe", "delattr", "dir", "eval", "exec", "gc", "get_ipython",
    "getframe", "globals", "help", "inspect", "locals", "modules", "run_module", "run_path", "setattr", "setprofile",
    "settrace", "stack", "vars",
}  # fmt: skip
_HARMLESS = {"__init__", "__call__", "__name__", "__file__", "__doc__", "__class__", "__version__", "__future__"}
_EAGER = ("listcomp", "setcomp", "dictcomp")
_WORD = re.compile(r"[^\W\d]\w*")


@dataclass(frozen=True)
class Names:
    """Names of a unit; each set may contain too many, never too few.

    Attributes:
        taken: looked up while the unit runs, unless it bound them before.
        bound: assigned, deleted, or with attributes set; imports are separate.
        imported: names bound by imports, each with its import.
        late: looked up by functions that it defines, at any later time.
        words: words in its strings, which libraries may look up: `table.query("x > @least")`.
        is_opaque: whether it may look up or bind names that do not appear in it.
    """

    taken: frozenset[str] = frozenset()
    bound: frozenset[str] = frozenset()
    imported: frozenset[tuple[str, str]] = frozenset()
    late: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    is_opaque: bool = False


@functools.lru_cache(1000)
def names(code: str) -> Names:
    """The names of a cell or inline expression; anything but Python is opaque."""
    try:
        tree = ast.parse(code.strip())
        scopes = [(statement, symtable.symtable(ast.unparse(statement), "cell", "exec")) for statement in tree.body]
    except (SyntaxError, ValueError):
        return Names(is_opaque=True)
    taken: set[str] = set()
    bound: set[str] = set()
    certain: set[str] = set()
    late: set[str] = set()
    imported = {
        one for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom) for one in _imports(node)
    }
    for statement, scope in scopes:
        eager, lazy = _looked_up(scope)
        added = set(_added_to(statement))  # symbol tables do not count these as look-ups
        taken |= (eager | added) - certain
        late |= lazy if isinstance(statement, ast.AugAssign) else lazy | added
        given = _given(scope)
        bound |= given | set(_changed(statement))
        if isinstance(statement, ast.Assign | ast.FunctionDef):
            certain |= given
    texts = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
    words = {word for text in texts for word in _WORD.findall(text)}
    is_opaque = "__main__" in words or ("*", "*") in imported or any(map(_reaches, ast.walk(tree)))
    sets = frozenset(taken), frozenset(bound), frozenset(imported), frozenset(late), frozenset(words)
    return Names(*sets, is_opaque=is_opaque)


def _looked_up(scope: symtable.SymbolTable) -> tuple[set[str], set[str]]:
    """Global names that a scope looks up as it runs, and those that its functions look up."""
    is_function = scope.get_type() == "function"
    own = {
        one.get_name() for one in scope.get_symbols() if one.is_referenced() and (one.is_global() or not is_function)
    }
    late: set[str] = set()
    for child in scope.get_children():
        eager, lazy = _looked_up(child)
        late |= lazy
        if child.get_name() in _EAGER:
            own |= eager
        else:
            late |= eager
    return own, late


def _given(scope: symtable.SymbolTable) -> set[str]:
    is_module = scope.get_type() == "module"
    found = {
        one.get_name()
        for one in scope.get_symbols()
        if (one.is_assigned() or one.is_namespace()) and (is_module or one.is_declared_global() or one.is_global())
    }
    return found.union(*map(_given, scope.get_children()))


def _added_to(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            yield node.target.id


def _changed(statement: ast.stmt) -> Iterator[str]:
    """Names with attributes set or deleted."""
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            base: ast.expr = node
            while isinstance(base, ast.Attribute | ast.Subscript):
                base = base.value
            if isinstance(base, ast.Name):
                yield base.id


def _imports(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            name = alias.asname or alias.name
            yield ("*", "*") if name == "*" else (name, f"{'.' * node.level}{node.module}:{alias.name}")
        else:  # `import a.b` binds `a` and imports `b`
            yield alias.asname or alias.name.partition(".")[0], alias.name if alias.asname else f"{alias.name}:"


def _reaches(node: ast.AST) -> bool:
    """Whether a node mentions anything that gives access to other names."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
            words = name.split(".")
            return any(word.lstrip("_") in _REACHING or _is_reserved(word) for word in words)
    return False


def _is_reserved(word: str) -> bool:
    return word.startswith("__") and word.endswith("__") and word not in _HARMLESS
