"""Why a record is stale, shown: the path by which the experiment reaches what changed, and the change as a diff."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mlblog.errors import InputError
from mlblog.lab.fingerprint import Node
from mlblog.lab.fingerprint.summary import IMPORT
from mlblog.lab.lab import Lab
from mlblog.lab.records.history import Revision, gap
from mlblog.lab.records.record import Record
from mlblog.lab.running.uncommitted import Restored, restored
from mlblog.lab.staleness import Kind, Reason


@dataclass(frozen=True)
class Explanation:
    """One reason, with what is needed to judge it.

    Attributes:
        reason: what differs.
        path: qualified names from the experiment to what changed; empty if it is no longer reached.
        diff: unified, against the record's commit; empty where that commit cannot tell.
        note: what the diff cannot say.
    """

    reason: Reason
    path: tuple[str, ...] = ()
    diff: str = ""
    note: str = ""


def explain(lab: Lab, record: Record) -> list[Explanation]:
    """Return why `record` is stale, each reason with its path and its diff."""
    found = lab.reasons(record)
    if not any(reason.is_in_manifest for reason in found):
        return [Explanation(reason) for reason in found]
    before, note = _before(lab, record)
    former = {record.experiment: record.environment.former_names}
    reached = lab.code.reach(lab.experiments[record.experiment].qualified, record.params)
    names = {str(node): node for node in reached}
    return [
        Explanation(reason)
        if reason.kind is Kind.PARAMETER
        else Explanation(
            reason, tuple(_path(names.get(reason.name), reached)), _diff(lab, before, reason.name, former), note,
        )
        for reason in found
    ]  # fmt: skip


def _before(lab: Lab, record: Record) -> tuple[Revision | Restored | None, str]:
    """The code that `record` was made with, as far as it was kept, and what must be said of the diff."""
    commit = record.environment.commit
    if not commit:
        return None, "the record has no commit to compare with"
    try:
        before = Revision(lab.project, commit)
    except InputError:
        why = gap(lab.project.root) or "fetch the branch"
        return None, f"no diff: the record was made at commit {commit[:12]!r}, which is missing here: {why}"
    return restored(lab.project, before, record.environment) if record.environment.is_dirty else (before, "")


def _path(node: Node | None, reached: dict[Node, Node | None]) -> list[str]:
    path = []
    while node is not None:
        path.append(str(node))
        node = reached[node]
    return path[::-1]


def _diff(lab: Lab, before: Revision | Restored | None, name: str, former: Mapping[str, list[str]]) -> str:
    if before is None or ":" in name:
        return ""  # an input: what it held then was not kept
    name = name.partition(" if ")[0]  # a branch of an experiment
    file, definition = _locate(lab, name)
    now_path = lab.project.root / file
    now = now_path.read_text(encoding="utf-8") if now_path.is_file() else ""
    then = (before.read(file) or b"").decode("utf-8", "replace")
    names = (definition, *reversed(former.get(definition, [])))
    old = next(filter(None, (text_of(then, name) for name in names)), "")
    new = text_of(now, definition)
    if old == new:  # the definition is the same; what its names mean is not
        old, new = _imports(then), _imports(now)
    lines = difflib.unified_diff(
        old.splitlines(), new.splitlines(), f"{file} at {before.commit[:12]}", f"{file} now", lineterm="", n=2
    )
    return "\n".join(lines)


def _locate(lab: Lab, name: str) -> tuple[str, str]:
    """The file and the name within it: the longest part of a qualified name that is, or may have been, a module."""
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        base = "/".join(parts[:end])
        for file in (f"{base}.py", f"{base}/__init__.py"):
            if (lab.project.root / file).is_file():
                return file, ".".join(parts[end:])
    # the module is gone: it held a function, or a class and its method
    end = -2 if len(parts) > 2 and parts[-2][:1].isupper() else -1
    return "/".join(parts[:end]) + ".py", ".".join(parts[end:])


def text_of(source: str, definition: str) -> str:
    """Return the source of a definition: of a class without its methods, of `<import>` what importing runs."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return source
    lines = source.splitlines()
    owner, _, name = definition.rpartition(".")
    body = (
        next((n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == owner), []) if owner else tree.body
    )
    return "\n".join(line for node in body for line in _lines(node, name, lines))


def _lines(node: ast.stmt, name: str, lines: list[str]) -> Iterator[str]:
    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
    whole = lines[first - 1 : node.end_lineno]
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        if node.name == name:
            yield from whole
    elif isinstance(node, ast.ClassDef):
        if node.name == name:
            methods = {
                number
                for method in node.body
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef)
                for number in range(method.lineno, (method.end_lineno or method.lineno) + 1)
            }
            yield from (line for number, line in enumerate(whole, start=first) if number not in methods)
    elif isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if any(isinstance(n, ast.Name) and n.id == name for target in targets for n in ast.walk(target)):
            yield from whole
    elif (name == IMPORT and not isinstance(node, ast.Import | ast.ImportFrom)) or any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in ast.walk(node)
    ):
        yield from whole


def _imports(source: str) -> str:
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return ""
    return "\n".join(ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))
