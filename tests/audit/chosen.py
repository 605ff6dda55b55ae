"""Which mutants of the library and of the experiments the audit tries, and by what each is known from run to run."""

from __future__ import annotations

import ast
import hashlib
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lies import lies
from mutants.inside import inside
from mutants.names import swapped
from mutants.source import Mutant, Source, definitions

from mlblog.lab.fingerprint import engine

HERE = Path(__file__).parent
LISTED = HERE / "survivors.toml"
LIBRARY = tuple(sorted(name for name in engine.LIBRARY - {"experiments"} if (engine.FOLDER / name).is_dir()))
PARTS = (*LIBRARY, "experiments")
#: Kinds of `swapped` that change what code does, and not only how it is written.
SWAPS = ("swap use", "swap entries", "swap definitions", "named")


class Known(NamedTuple):
    """A mutant with its name: place, change, the line it is in, and a number if these are the same for several."""

    name: str
    mutant: Mutant


@cache
def every(root: Path) -> tuple[Known, ...]:
    """The mutants of all modules as they are at first, each under a name that survives edits elsewhere in the file."""
    return tuple(_every(root))


def _every(root: Path) -> Iterator[Known]:
    sources = [Source(root, file) for part in PARTS for file in sorted((root / "mlblog" / part).rglob("*.py"))]
    index = definitions(sources)
    for source in sources:
        idle, types, seen = _idle(source), _annotated(source), Counter[str]()
        found = [*inside(source), *(one for one in swapped(source, index) if one.kind in SWAPS), *lies(source)]
        for mutant in found:
            change, _, line = mutant.change.rpartition(", line ")
            text = source.text.splitlines()[int(line) - 1].strip()
            if re.fullmatch(r"('.*') exchanged with \1", change):
                continue
            if mutant.kind == "swap use" and change.split("'")[1] in types and re.search(r"->|: ", text):
                continue
            # a raise that is gone is no text
            if (int(line) in idle and not change.startswith("delete: 'raise")) or _label(mutant, text):
                continue
            name = f"{mutant.file} {mutant.owner or '(module)'}: {change} in {text!r}"
            seen[name] += 1
            yield Known(name if seen[name] == 1 else f"{name} #{seen[name]}", mutant)


def _idle(source: Source) -> set[int]:
    """Lines that set no behaviour to be tested.

    An experiment's declaration, with its scales and defaults, is a setting that every record shows in its key; what an
    error says is for people; a docstring is no code.
    """
    lines: set[int] = set()
    declared: set[str] = set()  # names that declarations use, such as those of shared scales
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef) and any("experiment" in ast.unparse(one) for one in node.decorator_list):
            lines.update(range(min(one.lineno for one in node.decorator_list), node.body[0].lineno))
            declared |= {one.id for part in node.decorator_list for one in ast.walk(part) if isinstance(one, ast.Name)}
        elif isinstance(node, ast.Raise) or _text(node):
            lines.update(range(node.lineno, node.end_lineno + 1))
    for node in source.tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in declared:
            lines.update(range(node.lineno, node.end_lineno + 1))
    return lines


def _text(node: ast.AST) -> bool:
    """Whether a statement is a docstring, or the list of a module's names."""
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0]) == "__all__"
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _annotated(source: Source) -> set[str]:
    """Names of types: another in its place in an annotation changes nothing that runs."""
    types = [
        one for node in source.nodes for one in (getattr(node, "annotation", None), getattr(node, "returns", None))
    ]
    return {source.of(name) for one in types if one for name in ast.walk(one) if isinstance(name, ast.Name)}


def _label(mutant: Mutant, text: str) -> bool:
    """Whether only the text beside a progress bar changes."""
    text_alone = "other string" in mutant.change or mutant.kind == "named"
    return text_alone and re.search(r"\.(progress|steps)\(.*\"\)", text) is not None


def listed() -> dict[str, str]:
    """Return the names of mutants that no test can or need kill, with the reason of each."""
    return {one["mutant"]: one["reason"] for one in tomllib.loads(LISTED.read_text(encoding="utf-8"))["survivor"]}


def chosen(root: Path, count: int, seed: int, within: str = "") -> list[Known]:
    """Draw `count` mutants, three in eight of them of experiments.

    All that take another part of the data in an experiment come on top: they are what would go unseen longest. Those
    whose name holds `within` are returned.
    """
    candidates = list(every(root))
    leaks = [one for one in candidates if leaking(one.mutant)]
    candidates.sort(key=lambda one: hashlib.blake2b(f"{seed} {one.name}".encode()).digest())  # an edit moves no other
    experiments = [one for one in candidates if _of_experiment(one.mutant) and not leaking(one.mutant)]
    library = [one for one in candidates if not _of_experiment(one.mutant)]
    share = min(len(experiments), max(count * 3 // 8, count - len(library)))
    return [one for one in experiments[:share] + leaks + library[: count - share] if re.search(within, one.name)]


def leaking(mutant: Mutant) -> bool:
    """Whether a mutant takes another part of the data in an experiment."""
    return _of_experiment(mutant) and mutant.kind == "other part"


def _of_experiment(mutant: Mutant) -> bool:
    return mutant.file.startswith("mlblog/experiments/")
