"""Records under a renamed experiment: what each would hold afterwards, and whether the rename alone explains it."""

from __future__ import annotations

import ast
import contextlib
import dataclasses
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mlblog.errors import RunError
from mlblog.lab.fingerprint.sources import module_files
from mlblog.lab.lab import Lab
from mlblog.lab.project import Project
from mlblog.lab.record_path import RecordPath
from mlblog.lab.records.record import Record
from mlblog.lab.records.store import MemoryStore, records
from mlblog.lab.renaming.references import Exports, Source


@dataclass(frozen=True)
class Carried:
    """Records as they are after a rename.

    Attributes:
        own: of the experiment, by the path that each has had so far.
        others: of experiments whose manifests name it.
        fresh: how many of its own are fresh, before and after.
    """

    own: Mapping[RecordPath, Record]
    others: tuple[Record, ...]
    fresh: int


def touched(sources: Iterable[Source], exported: Exports) -> set[str]:
    """Return the qualified names of definitions whose digests may change when the experiment gets another name.

    Those that mention it, by its name or an alias, and what importing their modules does.
    """
    names = {name for _, name in exported}
    owners = {owner for owner, _ in exported}
    found: set[str] = set()
    for source in sources:
        for statement in source.tree.body:
            if any(_mentions(node, names) for node in ast.walk(statement)):
                found |= {f"{source.module}.{name}" for name in ("<import>", *_named(statement))}
        if source.module in owners:
            found.add(f"{source.module}.<import>")
    return found


def _mentions(node: ast.AST, names: set[str]) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.FunctionDef(name=name):
            return name in names
        case ast.alias(name=name, asname=asname):
            return name in names or asname in names or name == "*"
        case _:
            return False


def _named(statement: ast.stmt) -> Iterator[str]:
    for node in ast.walk(statement):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


@contextlib.contextmanager
def trial(project: Project, files: Mapping[Path, bytes]) -> Iterator[Lab]:
    """Look at a copy of the packages of `project` in which `files` have other contents."""
    with tempfile.TemporaryDirectory(prefix="mlblog-rename-") as folder:
        root = Path(folder).resolve()
        for package in project.packages:
            source = module_files(project.root, package)[package].parent
            copy = root / source.relative_to(project.root)
            shutil.copytree(source, copy, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        for path, content in files.items():
            copy = root / path.relative_to(project.root)
            if copy.is_file():
                copy.write_bytes(content)
        yield Lab(dataclasses.replace(project, root=root), MemoryStore())


def carry(lab: Lab, after: Lab, old: str, new: str, explained: set[str]) -> Carried:
    """Return what becomes of the records of `lab` when its experiment `old` is `new`, as it is in `after`.

    A digest that a record shares with the code before is replaced by that of the code after; one that it does not
    share stays, so what made the record stale still does.

    Raises:
        RecordError: a record cannot be trusted.
        RunError: a manifest changes in a way that `explained` does not cover, or a record would look fresher.
    """
    was, now = lab.experiments[old].qualified, after.experiments[new].qualified

    def renamed(key: str) -> str:
        return now + key[len(was) :] if key == was or key.startswith((f"{was}<", f"{was}.")) else key

    explained = {renamed(key) for key in explained} | {now}
    own: dict[RecordPath, Record] = {}
    others: list[Record] = []
    fresh = 0
    recorded = dict.fromkeys(path.experiment for path in lab.store.names())
    for name in (name for name in recorded if name in lab.experiments):
        before = lab.code.manifest(lab.experiments[name].qualified)
        later = after.code.manifest(after.experiments[new if name == old else name].qualified)
        _refuse_unexplained(old, {renamed(key): digest for key, digest in before.items()}, later, explained)
        for record in records(lab.store, name):
            manifest = {
                renamed(key): later[renamed(key)] if before.get(key) == digest else digest
                for key, digest in record.manifest.items()
            }
            made = dataclasses.replace(record, manifest=manifest)
            if name == old:
                made = dataclasses.replace(made, experiment=new, environment=record.environment.renamed(old))
            is_fresh = not lab.reasons(record)
            if is_fresh == bool(after.reasons(made)):
                seem = "stale, and is fresh" if is_fresh else "fresh, and is stale"
                raise RunError(f"{record.path}: not renamed: it would look {seem} now")
            if name == old:
                own[record.key.path] = made
                fresh += is_fresh
            elif manifest != record.manifest:
                others.append(made)
    return Carried(own, tuple(others), fresh)


def _refuse_unexplained(
    old: str, before: Mapping[str, str], later: Mapping[str, str], explained: Iterable[str]
) -> None:
    def covered(key: str) -> bool:
        return any(key == name or key.startswith((f"{name}.", f"{name}<")) for name in explained)

    for key in sorted({*before, *later}):
        if key not in before or key not in later or (before[key] != later[key] and not covered(key)):
            what = "no longer be reached" if key not in later else "be reached" if key not in before else "change"
            raise RunError(
                f"{old}: not renamed: {key} would {what}, for a reason other than the new name."
                f" Some code refers to {old} in a way that cannot be followed, such as by a string"
            )
