"""Strings in code, as far as they can be read without running it: `*` is what cannot."""

from __future__ import annotations

import ast

from mlblog.lab.fingerprint.syntax import chain


def flat(node: ast.expr, operator: type[ast.operator]) -> list[ast.expr]:
    """The operands of `a / b / c`."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, operator):
        return [*flat(node.left, operator), *flat(node.right, operator)]
    return [node]


def text_of(node: ast.expr) -> str:
    """A string as far as it can be read: `*` for what cannot."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Constant) and isinstance(node.value, bytes):
        return node.value.decode("utf-8", "replace")
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) if isinstance(part, ast.Constant) else "*" for part in node.values)
    if isinstance(node, ast.Call) and (chain(node.func) or [""])[-1] in ("Path", "PurePath") and len(node.args) == 1:
        return text_of(node.args[0])
    return "*"
