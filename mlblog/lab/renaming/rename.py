"""Renaming an experiment with its records: those that were fresh are fresh afterwards, and no others.

It is tried on a copy of the packages first. A record keeps its values only if every digest of its manifest is as it
was, but for those of what names the experiment.
"""

from __future__ import annotations

import ast
import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from mlblog.errors import GitError, InputError, RunError
from mlblog.files.git import Git
from mlblog.lab.declared import find
from mlblog.lab.fingerprint.sources import module_files
from mlblog.lab.lab import Lab
from mlblog.lab.project import Project
from mlblog.lab.renaming.carried import Carried, carry, touched, trial
from mlblog.lab.renaming.references import Exports, Occurrences, Source, exports
from mlblog.lab.renaming.scopes import all_bindings
from mlblog.lab.renaming.swap import swap


@dataclass(frozen=True)
class File:
    """A file that may refer to the experiment: its text, and the Python in it."""

    path: Path
    text: str
    source: Source


@dataclass(frozen=True)
class Edit:
    """A file with its text before and after."""

    path: Path
    before: str
    after: str

    @property
    def lines(self) -> list[tuple[int, str, str]]:
        """The lines that differ: number from 1, before, after."""
        pairs = zip(split(self.before), split(self.after), strict=True)
        return [(at, old.strip(), new.strip()) for at, (old, new) in enumerate(pairs, 1) if old != new]


@dataclass(frozen=True)
class Renamed:
    """What a rename did: which files it edited, and which records it changed."""

    edits: tuple[Edit, ...]
    records: Carried


def split(text: str) -> list[str]:
    """Return the lines of `text` with their ends, as Python counts lines."""
    return re.split(r"(?<=\n)|(?<=\r)(?!\n)", text)


def rename(lab: Lab, old: str, new: str, posts: Iterable[File] = (), texts: Iterable[Edit] = ()) -> Renamed:
    """Rename the experiment `old`: its function, what refers to it, and its records. All of it, or nothing.

    Args:
        lab: of the project.
        old: its name.
        new: its name from now on.
        posts: files besides the packages that may refer to it.
        texts: further edits to be made at the same time.

    Raises:
        UnknownExperiment: there is no such experiment.
        InputError: the new name cannot be had, files are not committed, or a reference is not clear.
        RecordError: a record cannot be trusted.
        RunError: manifests would change in a way that the rename does not explain, or a file cannot be written.
    """
    declaration = find(lab.experiments, old)
    _refuse_name(lab, old, new)
    modules = [
        _module(lab.project, name, file)
        for package in lab.project.packages
        for name, file in module_files(lab.project.root, package).items()
    ]
    sources = [file.source for file in modules]
    exported = exports(sources, declaration.module, old)
    explained = touched(sources, exported)
    for owner in (module for module, name in exported if name == old):
        if clash := next((file for file in modules if file.source.module == f"{owner}.{new}"), None):
            raise InputError(f"{lab.project.relative(clash.path)}: {new} is a module beside {old}; choose another name")
    found = [_edited(file, exported, old, new) for file in (*modules, *posts)]
    edits = tuple(edit for edit in (*found, *texts) if edit.before != edit.after)
    contents = {edit.path: edit.after.encode() for edit in edits}
    explained |= {f"data:{lab.project.relative(path)}" for path in contents}
    with trial(lab.project, contents) as after:
        if new not in after.experiments:
            raise RunError(f"{old}: not renamed: under its new name it is not an experiment")
        carried = carry(lab, after, old, new, explained)
    others = {lab.project.results / record.key.path: record for record in carried.others}
    _refuse_uncommitted(lab.project, [*contents, *others, lab.project.results / old])

    def check() -> None:
        now = Lab(lab.project)
        states = [not now.reasons(now.store.read(record.key.path)) for record in carried.own.values()]
        if sum(states) != carried.fresh:
            raise RunError(f"{old}: not renamed: files changed in the meantime; try again")

    try:
        swap(lab.project, old, new, contents, carried.own, others, check)
    except OSError as error:
        raise RunError(f"{error.filename or lab.project.root}: {error.strerror}; nothing was renamed") from error
    return Renamed(edits, carried)


def _module(project: Project, name: str, file: Path) -> File:
    text = file.read_bytes().decode("utf-8")
    lines = [(line, row, 0) for row, line in enumerate(split(text))]
    return File(file, text, Source(project.relative(file), lines, name, file.name == "__init__.py"))


def _refuse_name(lab: Lab, old: str, new: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,99}", new) or keyword.iskeyword(new):
        raise InputError(f"{new!r} cannot be the name of an experiment; use lower-case letters, digits and _")
    if new in lab.experiments:
        other = lab.experiments[new]
        raise InputError(f"{lab.project.relative(other.path)}:{other.line}: the experiment {new} already exists")
    if (lab.project.results / new).exists():
        folder = lab.project.relative(lab.project.results / new)
        raise InputError(
            f"{folder}: there are records of an earlier experiment {new}; see mlblog gc, or choose another name"
        )


def _edited(file: File, exported: Exports, old: str, new: str) -> Edit:
    """The file with the experiment renamed.

    Raises:
        InputError: the new name means something in this file already.
    """
    source = file.source
    exporting = (source.module, old) in exported  # by a star, perhaps, without a word
    if old not in file.text and not exporting:
        return Edit(file.path, file.text, file.text)
    taken: dict[str, ast.AST] = {node.id: node for node in ast.walk(source.tree) if isinstance(node, ast.Name)}
    taken |= dict(all_bindings(source.tree))
    found = set(Occurrences(source, exported, old, new).found)
    if new in taken and (found or exporting):
        raise InputError(f"{source.place(taken[new])}: {new} means something else in this file; choose another name")
    written = [_replaced(line, row, start, found, old, new) for line, row, start in source.lines]
    if ast.dump(ast.parse("".join(written))) != ast.dump(source.tree):
        raise InputError(f"{source.path}: cannot tell {old} from other text here; move it out of f-strings first")
    lines = split(file.text)
    for row, column in found:
        if lines[row][column : column + len(old)] != old:
            raise InputError(f"{source.path}:{row + 1}: cannot locate {old!r} in this line; put it on its own line")
    after = "".join(_replaced(line, row, 0, found, old, new) for row, line in enumerate(lines))
    return Edit(file.path, file.text, after)


def _replaced(line: str, row: int, start: int, found: set[tuple[int, int]], old: str, new: str) -> str:
    """A piece of a line of the file, from column `start` on, with the places `found` replaced."""
    columns = sorted((column - start for at, column in found if at == row), reverse=True)
    for column in columns:
        if 0 <= column < len(line):
            line = line[:column] + new + line[column + len(old) :]
    return line


def _refuse_uncommitted(project: Project, paths: Iterable[Path]) -> None:
    """What is not committed could not be had back."""
    names = [str(path) for path in paths if path.exists()]
    try:
        listed = Git(project.root).text("status", "--porcelain", "--ignored", "--", *names)
    except GitError as error:
        raise InputError(
            f"{project.root}: no git repository; a rename changes files that git must be able to restore"
        ) from error
    if lines := listed.splitlines():
        raise InputError(f"{lines[0][3:]}: not committed; commit it first, so that git shows only the rename")
