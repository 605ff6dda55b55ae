"""Claims in the posts that leave out what a reader needs to argue with them. Nothing is executed."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from mlblog.errors import MlblogError
from mlblog.lab import Project
from mlblog.press.compile import post_files
from mlblog.press.source.document import Cell, Post
from mlblog.press.source.magics import as_python
from mlblog.press.source.parse import parse_post


def unsaid(project: Project) -> list[str]:
    """Return a line for each claim that does not say its place in a paper, or what would change its verdict."""
    found: list[str] = []
    for path in post_files(project):
        try:
            post = parse_post(path.read_bytes(), project.relative(path))
        except MlblogError:
            continue  # `mlblog.press.check` has it
        found += _of_post(post)
    return found


def _of_post(post: Post) -> Iterator[str]:
    for unit in post.units:
        if not isinstance(unit, Cell) or "claim" not in unit.code:
            continue
        code = as_python(unit.code).code
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Call) and (left_out := _left_out(node)):
                line = unit.code_line + node.lineno - 1 if code == unit.code else unit.line  # magics move lines
                yield f"{post.path}:{line}: a claim without {' and '.join(left_out)}"


def _left_out(call: ast.Call) -> list[str]:
    """The words that a call of `claim` should have and has not."""
    if not (isinstance(call.func, ast.Name) and call.func.id == "claim"):
        return []
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in given:
        return []  # `**more`: only a run knows what it holds
    source = call.args[1] if len(call.args) > 1 else given.get("source")
    wanted = ["place="] if _says(source) else []
    return [word for word in [*wanted, "overturned_by="] if not _says(given.get(word.removesuffix("=")))]


def _says(node: ast.expr | None) -> bool:
    return node is not None and not (isinstance(node, ast.Constant) and not node.value)
