"""IPython syntax as Python, for following names; not meant to be run."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from typing import NamedTuple

#: Magics that run their argument in the post's namespace.
_RUNNING = {"capture", "prun", "time", "timeit"}
_OPTION = re.compile(r"\s*-{1,2}\w\S*(?:\s+|$)")
# functions that run text as code, or return something that cannot be followed
_RUNNERS = {"compile", "eval", "exec", "get_ipython", "help"}
_RUNNING_METHODS = {"get_ipython", "run_cell_magic", "run_line_magic", "run_module", "run_path"}


class Python(NamedTuple):
    """A cell as Python.

    Attributes:
        code: the part that can be followed; it parses.
        is_opaque: whether it may run other code.
    """

    code: str
    is_opaque: bool


@functools.lru_cache(1000)
def as_python(code: str) -> Python:
    """Read `code` as IPython does: magics that run Python become that Python, and others are opaque."""
    try:
        return Python(code, _runs_text(ast.parse(code)))
    except (SyntaxError, ValueError):
        pass
    from IPython.core.inputtransformer2 import TransformerManager  # takes half a second, so only for cells that need it

    try:
        transformed = TransformerManager().transform_cell(code)  # type: ignore[no-untyped-call]
        tree = ast.parse(transformed)
    except (SyntaxError, ValueError):
        return Python("", is_opaque=True)
    pieces, is_opaque = [transformed], False
    for name, texts in _magics(tree):
        inner = [_given(text) for text in texts] if name in _RUNNING else [None]
        pieces += [one.code for one in inner if one is not None]
        is_opaque = is_opaque or any(one is None or one.is_opaque for one in inner)
    return Python("\n".join(pieces), is_opaque)


def _magics(tree: ast.AST) -> Iterator[tuple[str, list[str]]]:
    """The magics and commands of a transformed cell, with their string arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_shell(node.func.value):
            texts = [str(one.value) for one in node.args if isinstance(one, ast.Constant)]
            is_magic = node.func.attr in ("run_line_magic", "run_cell_magic") and texts
            yield (texts[0], texts[1:]) if is_magic else ("", texts)


def _is_shell(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "get_ipython"


def _given(text: str) -> Python | None:
    """The Python argument of a magic, after its options; None if there is none."""
    while True:
        found = as_python(text)
        if found.code or not text.strip():
            return found
        option = _OPTION.match(text)
        if option is None:  # the value of an option, as in `-n 10 f()`
            option = re.match(r"\s*\S+\s+", text)
        if option is None:
            return None
        text = text[option.end() :]


def _runs_text(tree: ast.AST) -> bool:
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    methods = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return bool(names & _RUNNERS or methods & _RUNNING_METHODS)
