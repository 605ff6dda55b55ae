"""The fingerprint, tried on the real experiments: mutate the library, and see who notices.

`python mutation.py ROOT FOLDER COUNT SEED PART PARTS` copies the packages of ROOT into FOLDER and makes COUNT mutants
of the copy, of which it tries every PARTS-th. For each it prints one line of JSON: which experiments would be stale
with it, and what it does to the values of those that would stay fresh (and of some of the others, for comparison).

This process imports torch, once, and nothing of the project: a mutant is imported and run in a fork, from the copy.
"""

from __future__ import annotations

import ast
import compileall
import importlib
import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from py_compile import PycInvalidationMode
from types import FrameType
from typing import Any, NamedTuple

REFUSED = "refused:"  # the project cannot be read, and file and line are named
SECONDS = 30.0  # a mutant may loop for ever
ENGINE = ("lab", "press", "papers", "goals", "site", "integrations", "scaffold", "doctor")  # not followed by decision …
BUT = ("lab/determinism.py",)  # … but for this
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Add,
    ast.Pow: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.MatMult: ast.Add,
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
DELETABLE = (ast.Expr, ast.Assign, ast.AugAssign, ast.For, ast.If, ast.Raise, ast.Return, ast.With)


class Mutant(NamedTuple):
    """One change to one file.

    Attributes:
        file: below the root.
        owner: the function, `Class.method`, class or constant that holds it; empty for other statements.
        function: whether `owner` is a function or a method.
        change: what was done, and on which line.
        source: the whole file, changed.
    """

    file: str
    owner: str
    function: bool
    change: str
    source: str


def files(root: Path) -> Iterator[Path]:
    """Yield the files that experiments may depend on."""
    package = root / "mlblog"
    for file in sorted(package.rglob("*.py")):
        name = file.relative_to(package).as_posix()
        engine = name.partition("/")[0].removesuffix(".py") in (*ENGINE, "cli", "errors", "__main__")
        if not engine or name in BUT:
            yield file


def mutants(root: Path, count: int, seed: int) -> list[Mutant]:
    """Return `count` mutants, drawn from all that there are."""
    every = [(file, *site) for file in files(root) for site in sites(file.read_text(encoding="utf-8"))]
    drawn = random.Random(seed).sample(every, min(count, len(every)))
    return [made(root, *one) for one in drawn]


def sites(source: str) -> Iterator[tuple[int, str, str, bool]]:
    """Yield every place that can be changed: number of the node, kind of change, owner, whether that is a function."""
    tree = ast.parse(source)
    numbers = {node: number for number, node in enumerate(ast.walk(tree))}
    for statement in tree.body:
        if isinstance(statement, ast.ClassDef):
            rest = [part for part in statement.body if not isinstance(part, ast.FunctionDef)]
            methods = [part for part in statement.body if isinstance(part, ast.FunctionDef)]
            groups = [(f"{statement.name}.{method.name}", True, [method]) for method in methods]
            groups.append((statement.name, False, rest))
        elif isinstance(statement, ast.FunctionDef):
            groups = [(statement.name, True, [statement])]
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            groups = [(ast.unparse(targets[0]), False, [statement])]
        else:
            continue  # imports; conditions at the top level
        for owner, function, nodes in groups:
            for node in nodes:
                for inner in _executed(node):
                    for kind in _kinds(inner, inside=inner is not node and function):
                        yield numbers[inner], kind, owner, function


def _executed(node: ast.AST) -> Iterator[ast.AST]:
    """The nodes of code that runs: no annotations, no docstrings."""
    yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns"):
            continue
        children = value if isinstance(value, list) else [value]
        if name == "body" and isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            children = children[1:]
        for child in children:
            alone = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
            if isinstance(child, ast.AST) and not alone:
                yield from _executed(child)


def _kinds(node: ast.AST, *, inside: bool) -> Iterator[str]:
    if isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "flip"
        elif isinstance(node.value, int | float):
            yield from ("plus one", "minus one")
        elif isinstance(node.value, str):
            yield "other string"
        elif node.value is None:
            yield "zero for none"
    elif isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in SWAPS:
        yield "other operator"
    elif isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield "other comparison"
    elif isinstance(node, ast.UnaryOp):
        yield "no sign"
    elif isinstance(node, ast.Return) and node.value is not None:
        yield "return nothing"
    if inside and isinstance(node, DELETABLE):
        yield "delete"


def made(root: Path, file: Path, number: int, kind: str, owner: str, function: bool) -> Mutant:
    """Return the mutant of `file` with the change `kind` at its `number`-th node."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    node: Any = list(ast.walk(tree))[number]
    change = f"{kind}: {ast.unparse(node).splitlines()[0][:60]!r}, line {node.lineno}"
    if kind == "delete":
        tree = ast.fix_missing_locations(_Delete(node).visit(tree))
    elif kind == "flip":
        node.value = not node.value
    elif kind in ("plus one", "minus one"):
        node.value = node.value + (1 if kind == "plus one" else -1)
    elif kind == "other string":
        node.value = node.value + "x"
    elif kind == "zero for none":
        node.value = 0
    elif kind == "other operator":
        node.op = SWAPS[type(node.op)]()
    elif kind == "other comparison":
        node.ops[0] = SWAPS[type(node.ops[0])]()
    elif kind == "no sign":
        node.op = ast.UAdd() if isinstance(node.op, ast.USub) else ast.USub()
    elif kind == "return nothing":
        node.value = None
    return Mutant(file.relative_to(root).as_posix(), owner, function, change, ast.unparse(tree))


class _Delete(ast.NodeTransformer):
    def __init__(self, node: ast.AST) -> None:
        self._node = node

    def visit(self, node: ast.AST) -> ast.AST:
        return ast.Pass() if node is self._node else super().generic_visit(node)


# -- in a fork: the only place that imports the project ------------------------------------------------------------


def names(root: Path) -> list[str]:
    """Return the names of all experiments."""
    return list(_runs(root))


def recorded(root: Path, name: str) -> dict[str, Any]:
    """Record an experiment at smoke scale; return what it left, what it called and imported, and the record's files."""
    ran: set[tuple[str, str]] = set()
    record = _runs(root)[name](ran)
    text, arrays = record.files
    files = (getattr(module, "__file__", None) or "" for module in list(sys.modules.values()))
    loaded = sorted(Path(file).relative_to(root).as_posix() for file in files if file.startswith(f"{root}{os.sep}"))
    return {
        "results": _results(record), "ran": sorted(ran), "loaded": loaded,
        "text": text.decode(), "arrays": arrays.hex(),
    }  # fmt: skip


def stale(root: Path, base: dict[str, Any]) -> dict[str, list[str]]:
    """Return why the record of each experiment is stale; nothing where it is fresh."""
    from mlblog.errors import MlblogError
    from mlblog.lab import Lab, Project, Record

    lab, found = Lab(Project.find(root)), {}
    for name, known in base.items():
        arrays = bytes.fromhex(known["arrays"])
        try:
            record = Record.from_files(known["text"].encode(), lambda _, arrays=arrays: arrays, name)  # type: ignore[misc]
            found[name] = [str(reason) for reason in lab.reasons(record)]
        except MlblogError as error:
            found[name] = [f"{REFUSED} {error}"]  # then nothing is shown as fresh
    return found


def judge(root: Path, base: dict[str, Any], others: list[str], file: str = "") -> dict[str, dict[str, Any]]:
    """Return, for each experiment, why it is stale, and, if it is not or is one of `others`, whether values changed.

    An experiment that does not even import `file`, which has been changed, leaves what it left.
    """
    found: dict[str, dict[str, Any]] = {name: {"why": why} for name, why in stale(root, base).items()}
    for name, known in base.items():
        if not found[name]["why"] and file and file not in known["loaded"]:
            found[name]["changed"] = False
        elif not found[name]["why"] or name in others:
            try:
                found[name]["changed"] = _results(_runs(root)[name](None)) != known["results"]
            except BaseException as error:
                found[name] |= {"changed": True, "failed": f"{type(error).__name__}: {error}"}
    return found


def tried(folder: Path, copy: Path, base: dict[str, Any], others: list[str], file: str) -> dict[str, Any]:
    """Return what `judge` does in a fork, even if the runs of some experiments hang or kill their process."""
    if found := forked(folder, lambda: judge(copy, base, others, file)):
        return dict(found)
    why, found = forked(folder, lambda: stale(copy, base)), {}
    for name, known in base.items():
        alone = forked(folder, lambda name=name, known=known: judge(copy, {name: known}, others, file))  # type: ignore[misc]
        found |= alone or {name: {"why": why[name], "changed": True, "failed": "killed"}}
    return found


def _runs(root: Path) -> dict[str, Callable[[set[tuple[str, str]] | None], Any]]:
    from mlblog.lab import Key, Lab, Project
    from mlblog.lab.jobs import Job
    from mlblog.lab.load import load
    from mlblog.lab.run import execute

    lab = Lab(Project.find(root))

    def runner(name: str) -> Callable[[set[tuple[str, str]] | None], Any]:
        declaration = lab.experiments[name]
        key = Key(name, "smoke", {}, 0)

        def run(ran: set[tuple[str, str]] | None) -> Any:
            manifest = lab.code.manifest(declaration.qualified)
            experiment = load(Job(key, declaration.module, manifest), root)

            def note(frame: FrameType, event: str, argument: object) -> None:
                if event == "call" and frame.f_code.co_filename.startswith(f"{root}{os.sep}") and ran is not None:
                    file = Path(frame.f_code.co_filename).relative_to(root).as_posix()
                    ran.add((file, frame.f_code.co_qualname.partition(".<locals>")[0]))

            sys.setprofile(None if ran is None else note)
            try:
                return execute(experiment, key, manifest)
            finally:
                sys.setprofile(None)

        return run

    return {name: runner(name) for name in lab.experiments}


def _results(record: Any) -> dict[str, str]:
    """Every value and array of a record, to the bit; without what was measured."""
    found = {name: json.dumps(value) for name, value in record.values.items()}
    found |= {name: f"{a.dtype} {a.shape} {a.tobytes().hex()}" for name, a in record.arrays.items()}
    return {name: text for name, text in found.items() if name not in record.environment["measured"]}


# -- around the forks ----------------------------------------------------------------------------------------------


def forked(folder: Path, work: Callable[[], Any]) -> Any:
    """Return what `work` returns in a fork, as JSON; None if that died or took too long."""
    answer = folder / "answer.json"
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        try:
            quiet = os.open(os.devnull, os.O_WRONLY)
            os.dup2(quiet, 1)
            os.dup2(quiet, 2)
            answer.write_text(json.dumps(work()), encoding="utf-8")
            os._exit(0)
        finally:
            os._exit(1)
    deadline = time.monotonic() + SECONDS
    while os.waitpid(child, os.WNOHANG) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None
        time.sleep(0.005)
    return json.loads(answer.read_text(encoding="utf-8")) if answer.is_file() else None


def main(root: Path, folder: Path, count: int, seed: int, part: int, parts: int) -> None:
    """Try every `parts`-th of `count` mutants."""
    copy = folder.resolve() / "copy"
    shutil.copytree(root / "mlblog", copy / "mlblog", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(root / "pyproject.toml", copy)
    compileall.compile_dir(copy, quiet=1, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(copy))
    _warm_up()
    every = forked(folder, lambda: names(copy))
    # each alone: what one imports is not there for the next
    base = {name: forked(folder, lambda name=name: recorded(copy, name)) for name in every}  # type: ignore[misc]
    assert all(base.values()), "the experiments do not run unchanged"
    print(json.dumps({"ran": {name: known["ran"] for name, known in base.items()}}), flush=True)
    for number, mutant in enumerate(mutants(root, count, seed)):
        if number % parts != part:
            continue
        file = copy / mutant.file
        original = file.read_bytes()
        file.write_text(mutant.source, encoding="utf-8")
        others = sorted(base) if number % 5 == 0 else []
        found = tried(folder, copy, base, others, mutant.file)
        file.write_bytes(original)
        print(json.dumps({**mutant._asdict(), "source": None, "experiments": found}), flush=True)
    unchanged: dict[str, Any] = {}
    for name, known in base.items():
        unchanged |= forked(folder, lambda name=name, known=known: judge(copy, {name: known}, [name]))  # type: ignore[misc]
    print(json.dumps({"unchanged": unchanged}), flush=True)


def _warm_up() -> None:
    """Import what the experiments will, but for the project: forks share it. One thread, or forks of it hang."""
    import torch

    torch.set_num_threads(1)
    weight = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.AdamW([weight], fused=True)
    weight.sum().backward()
    optimizer.step()
    for library in ("filelock", "rich.progress", "safetensors.torch"):
        importlib.import_module(library)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
