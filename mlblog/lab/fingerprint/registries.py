"""Registries: dictionaries and enumerations whose entries are looked up by key.

A new entry changes nothing for code that looks up another one, so each entry is a definition. Whether code only looks
up entries is decided where the registry is used.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from mlblog.lab.fingerprint.effects import evaluated
from mlblog.lab.fingerprint.syntax import canonical_form, chain

_ENUMERATIONS = {"enum.Enum", "enum.IntEnum", "enum.StrEnum"}


def entries_of(node: ast.AST, imports: Mapping[str, list[str]]) -> dict[str, ast.AST]:
    """Return `{key: entry}` of a dictionary display or an enumeration; nothing if it is anything else.

    Args:
        node: the value of a constant, or a class.
        imports: of its module, `{local name: absolute targets}`.
    """
    if isinstance(node, ast.ClassDef):
        return _members(node) if _is_enumeration(node, imports) else {}
    return _items(node)


def _items(node: ast.AST) -> dict[str, ast.AST]:
    if isinstance(node, ast.Dict):
        keys: list[object] = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        values = node.values
    elif isinstance(node, ast.Call) and chain(node.func) == ["dict"] and not node.args:
        keys, values = [keyword.arg for keyword in node.keywords], [keyword.value for keyword in node.keywords]
    else:
        return {}
    found: dict[str, ast.AST] = {repr(key): value for key, value in zip(keys, values, strict=True)}
    # a key twice, or one that is computed: what a look-up gives is not to be read here
    return {} if None in keys or len(found) < len(keys) or evaluated(values) else found


def _is_enumeration(node: ast.ClassDef, imports: Mapping[str, list[str]]) -> bool:
    if len(node.bases) != 1 or node.keywords or node.decorator_list:
        return False
    parts = chain(node.bases[0]) or [""]
    return any(".".join([target, *parts[1:]]) in _ENUMERATIONS for target in imports.get(parts[0], []))


def _members(node: ast.ClassDef) -> dict[str, ast.AST]:
    found: dict[str, ast.AST] = {}
    for part in node.body:
        if isinstance(part, ast.FunctionDef):
            names = {one.id for one in ast.walk(part) if isinstance(one, ast.Name)}
            if part.name.startswith("_") or "cls" in names:
                return {}  # it may look at all members
        elif isinstance(part, ast.Assign) and len(part.targets) == 1 and isinstance(part.targets[0], ast.Name):
            free = any(isinstance(one, ast.Name | ast.Call) for one in ast.walk(part.value))
            if free or part.targets[0].id.startswith("_"):
                return {}
            found[part.targets[0].id] = part.value
        elif not (isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant)):
            return {}
    forms = {canonical_form(value) for value in found.values()}
    return found if len(forms) == len(found) else {}  # the second of a value is another name of the first


def without_entries(node: ast.ClassDef) -> ast.ClassDef:
    """Return an enumeration without its members."""
    rest = [part for part in node.body if not isinstance(part, ast.Assign)]
    return ast.copy_location(ast.ClassDef(node.name, node.bases, [], rest, []), node)
