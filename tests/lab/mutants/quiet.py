"""Mutants that change nothing that runs: what they leave stale is stale for nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from mutants.source import Mutant, Source

_UNUSED = "def nobody_calls_this(x):\n    return x + 12345\n"


def quiet(root: Path, source: Source) -> Iterator[Mutant]:
    """Yield mutants of `source` that nothing can notice, unless it reads source, docstrings or lists of names."""
    tree, body = source.tree, source.tree.body
    last = len(source.text.encode())
    after = next((source.span(node)[0] for node in body if not _string(node)), last)
    below = next((source.span(node)[0] for node in body if not _string(node) and not _future(node)), last)
    yield source.mutant("quiet", tree, "a comment at the end", (last, last, "\n# nothing to see here\n"))
    yield source.mutant("quiet", tree, "a comment on top", (0, 0, "# nothing to see here\n\n"))
    yield source.mutant("quiet", tree, "another layout", (0, last, ast.unparse(tree) + "\n"))
    yield source.mutant("quiet", tree, "an unused import", (below, below, "import fractions as _unused\n"))
    if "import annotations" not in source.text:
        yield source.mutant("quiet", tree, "from __future__", (after, after, "from __future__ import annotations\n"))
    yield source.mutant("quiet", tree, "an unused function", (last, last, f"\n\n{_UNUSED}"))
    yield source.mutant("quiet", tree, "an unused constant", (last, last, "\n\nNOBODY_READS = 12345\n"))
    for node in source.nodes:
        if isinstance(node, ast.Dict) and node.values and all(isinstance(value, ast.Name) for value in node.values):
            at = source.span(node.values[-1])[1]
            change = "an entry that nobody asks for"
            yield source.mutant("quiet", node, change, (at, at, f", 'nobody asks': {source.of(node.values[-1])}"))
        elif isinstance(node, ast.ClassDef) and any("Enum" in ast.unparse(base) for base in node.bases):
            at = source.span(node)[1]
            indent = " " * node.body[-1].col_offset
            yield source.mutant("quiet", node, "a new member", (at, at, f"\n{indent}NOBODY = 987\n"))
    notes = (root / source.name).with_name("notes.md").relative_to(root).as_posix()
    if source.name.endswith("__init__.py"):
        yield Mutant("quiet", notes, "notes beside the code", lambda: {notes: b"Not for machines.\n"})


def _string(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
