"""Mutants, tried: which records each makes stale, and what it does to the values.

`python -m mutants.trial ROOT FOLDER PROJECT COUNT SEED SHARE PART PARTS` takes the lab of the checkout ROOT. It copies
PROJECT (`blog`: the packages of ROOT; `forms`: the folder of that name, or `forms/docs`: the experiments there) into
FOLDER, records every SHARE-th experiment, makes COUNT mutants of the copy that may matter to them and tries every
PARTS-th. It prints a line of JSON for each.

This process imports torch, once, and nothing of the project: a mutant is imported and run in a fork, from the copy.
"""

from __future__ import annotations

import compileall
import gc
import importlib
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from py_compile import PycInvalidationMode
from types import FrameType
from typing import Any

from mutants.drawn import drawn, mutants
from mutants.source import Mutant

FORMS = Path(__file__).parents[1] / "forms"
UNSEEN = ("quiet", "annotation", "docstring")  # no code
REFUSED = "refused:"  # the project cannot be read, and file and line are named
OUTSIDE = ["forms", "outside"]  # other processes import there
CRASHED = "the lab itself has failed"
SECONDS = 30.0  # a mutant may loop for ever
# not followed by decision …
ENGINE = ("design", "doctor", "files", "goals", "integrations", "lab", "markup", "papers", "press", "scaffold", "site")
BUT = ("lab/determinism.py",)  # … but for this


def files(root: Path, package: str) -> Iterator[Path]:
    """Yield the files of Python that experiments may depend on."""
    for file in sorted((root / package).rglob("*.py")):
        name = file.relative_to(root / package).as_posix()
        engine = name.partition("/")[0].removesuffix(".py") in (*ENGINE, "cli", "errors", "__main__")
        if package != "mlblog" or not engine or name in BUT:
            yield file


# -- in a fork: the only place that imports the project ------------------------------------------------------------


def declared(root: Path) -> dict[str, str]:
    """Return the module of each experiment that reads no records: each is tried by itself, without those of others."""
    from mlblog.lab import Lab, Project

    found = Lab(Project.find(root)).experiments
    return {name: declaration.module for name, declaration in found.items() if not declaration.reads}


def recorded(root: Path, name: str) -> dict[str, Any]:
    """Record an experiment at smoke scale as `mlblog run` does, but in this process; return the record."""
    from mlblog.lab import Key, Lab, MemoryStore, Project
    from mlblog.lab.running.executors.inline import InlineExecutor

    lab = Lab(Project.find(root), MemoryStore())
    jobs = lab.plan([Key(name, "smoke", {}, 0)])
    (outcome,) = lab.run(jobs, InlineExecutor(lab.project), again=True)
    assert outcome.record is not None, outcome.error
    text, arrays = outcome.record.files
    return {"text": text.decode(), "arrays": arrays.hex(), "results": _results(outcome.record)}


def outcome(root: Path, name: str, module: str) -> dict[str, str]:
    """Run an experiment as it is now; return what it leaves."""
    from mlblog.lab import Key
    from mlblog.lab.running.run import execute

    experiment = getattr(importlib.import_module(module), name)
    return _results(execute(experiment, Key(name, "smoke", {}, 0), {}))


def observed(root: Path, name: str, module: str) -> dict[str, Any]:
    """Return what an experiment leaves and calls, and the files that it imports or opens."""
    ran: set[tuple[str, str]] = set()
    opened: set[str] = set()

    def note_opening(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" and isinstance(arguments[0], str | bytes):
            opened.add(os.path.realpath(os.fsdecode(arguments[0])))

    sys.addaudithook(note_opening)

    def note(frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(f"{root}{os.sep}"):
            file = Path(frame.f_code.co_filename).relative_to(root).as_posix()
            ran.add((file, frame.f_code.co_qualname.partition(".<locals>")[0]))

    sys.setprofile(note)
    try:
        results = outcome(root, name, module)
    finally:
        sys.setprofile(None)
    opened |= {getattr(module, "__file__", None) or "" for module in list(sys.modules.values())}
    loaded = sorted(Path(file).relative_to(root).as_posix() for file in opened if file.startswith(f"{root}{os.sep}"))
    return {"again": results, "ran": sorted(ran), "loaded": loaded}


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


def _results(record: Any) -> dict[str, str]:
    """Every value and array of a record, to the bit; without what was measured."""
    found = {name: json.dumps(value) for name, value in record.values.items()}
    found |= {name: f"{a.dtype} {a.shape} {a.tobytes().hex()}" for name, a in record.arrays.items()}
    return {name: text for name, text in found.items() if name not in record.environment["measured"]}


# -- around the forks ----------------------------------------------------------------------------------------------


class Trial:
    """A copy of a project, with the records of all its experiments."""

    def __init__(self, folder: Path, copy: Path, within: str) -> None:
        """Record every experiment of `copy` in modules whose names begin with `within`."""
        self._answer, self._copy = folder / "answer.json", copy
        # each alone: what one imports is not there for the next
        self.base: dict[str, Any] = {}
        found = self._forked(lambda: declared(copy))
        for name, module in [pair for pair in found.items() if pair[1].startswith(within)]:
            record = self._forked(lambda name=name: recorded(copy, name))  # type: ignore[misc]
            seen = self._forked(lambda name=name, module=module: observed(copy, name, module))  # type: ignore[misc]
            if not record or not seen or record["results"] != seen["again"]:
                raise SystemExit(f"{name} does not run, or leaves something else each time")
            self.base[name] = {"module": module, **record, **seen}

    def tried(self, mutant: Mutant, fresh: Collection[str], stale_too: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return, for each experiment, why it is stale with `mutant`, and whether its values change.

        One that cannot reach the file leaves what it left. Of the others those of `fresh` are run that are, and those
        of `stale_too` in any case.
        """
        before = {name: _content(self._copy / name) for name in mutant.files()}
        for name, content in mutant.files().items():
            _write(self._copy / name, content)
        try:
            why = self._forked(lambda: stale(self._copy, self.base)) or {key: [CRASHED] for key in self.base}
            return {
                name: self._judged(name, why[name], mutant, name in stale_too or (name in fresh and not why[name]))
                for name in self.base
            }
        finally:
            for name, content in before.items():
                _write(self._copy / name, content)

    def _judged(self, name: str, why: list[str], mutant: Mutant, wanted: bool) -> dict[str, Any]:
        known = self.base[name]
        found: dict[str, Any] = {"why": why, "used": _used(known, mutant)}
        if not may_reach(known, mutant):
            found["changed"] = False
        elif wanted:
            now = self._forked(lambda: outcome(self._copy, name, known["module"]))
            found |= {"changed": now != known["results"], "failed": now is None}
        return found

    def unchanged(self) -> dict[str, dict[str, Any]]:
        """Return the same with no mutant at all."""
        return self.tried(Mutant("none", "", "", dict), self.base, self.base)

    def _forked(self, work: Callable[[], Any]) -> Any:
        """Return what `work` returns in a fork, as JSON; None if that raised, died or took too long."""
        self._answer.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            try:
                quiet = os.open(os.devnull, os.O_WRONLY)
                os.dup2(quiet, 1)
                os.dup2(quiet, 2)
                os.chdir(self._copy)
                self._answer.write_text(json.dumps(work()), encoding="utf-8")
                os._exit(0)
            finally:
                os._exit(1)
        deadline = time.monotonic() + SECONDS
        pause = 0.001
        while os.waitpid(child, os.WNOHANG) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
                os.waitpid(child, 0)
                return None
            time.sleep(pause)
            pause = min(2 * pause, 0.01)
        return json.loads(self._answer.read_text(encoding="utf-8")) if self._answer.is_file() else None


def may_reach(known: dict[str, Any], mutant: Mutant) -> bool:
    """Whether an experiment imports the code that is changed, or has the data that is changed in its own part."""
    part = known["module"].split(".")[:2]
    if mutant.file.endswith(".py") and part != OUTSIDE:
        return mutant.file in known["loaded"]
    return mutant.file.split("/")[: len(part)] == part or part[0] == "mlblog" or not mutant.file


def _used(known: dict[str, Any], mutant: Mutant) -> bool:
    """Whether an experiment has run the code, or opened the file, that is changed."""
    if mutant.file not in known["loaded"] or mutant.kind in UNSEEN:
        return False
    return not mutant.function or [mutant.file, mutant.owner] in known["ran"]


def _matters(known: dict[str, Any], mutant: Mutant, *, blog: bool) -> bool:
    """Whether a mutant may change anything; the blog's functions that never run are to leave records fresh."""
    return may_reach(known, mutant) and (blog or not mutant.function or _used(known, mutant) or mutant.kind in UNSEEN)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _write(path: Path, content: bytes | None) -> None:
    if content is None:
        path.unlink(missing_ok=True)
    else:
        path.write_bytes(content)


def main(root: Path, folder: Path, project: str, count: int, seed: int, part: int, parts: int) -> None:
    """Try every `parts`-th of `count` mutants."""
    copy = folder.resolve() / "copy"
    blog = project == "blog"
    package, origin = ("mlblog", root) if blog else ("forms", FORMS)
    shutil.copytree(origin / package, copy / package, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(origin / "pyproject.toml", copy)
    compileall.compile_dir(copy, quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(copy), str(root)]
    os.environ["MLBLOG_DEVICE"] = "cpu"
    _warm_up()
    if not blog:  # no mutant is in the lab: forks share it
        for name in ("mlblog.lab.running.executors.inline", "mlblog.lab.running.checkpoint"):
            importlib.import_module(name)
    gc.freeze()  # or the forks copy what they only look at
    trial = Trial(folder, copy, "" if blog else project.replace("/", "."))
    known = list(trial.base.values())
    every = (m for m in mutants(copy, package, files(copy, package)) if any(_matters(k, m, blog=blog) for k in known))
    for number, mutant in enumerate(drawn(every, count, seed)):
        if number % parts != part:
            continue
        # stale ones are run as fresh ones are
        complete = not blog or number % 10 == 0 or mutant.kind == "inside"
        # the blog's experiments take long: each is run with every fourth mutant, or with those inside definitions
        turns = {name: not blog or (number + place) % 4 == 0 for place, name in enumerate(trial.base)}
        fresh = {name for name, turn in turns.items() if turn or mutant.kind == "inside"}
        found = trial.tried(mutant, fresh, {name for name, turn in turns.items() if turn and complete})
        line = {key: value for key, value in mutant._asdict().items() if key != "files"}
        print(json.dumps({**line, "complete": complete, "experiments": found}), flush=True)
    if part == 0:
        print(json.dumps({"unchanged": trial.unchanged()}), flush=True)


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
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], *map(int, sys.argv[4:]))
