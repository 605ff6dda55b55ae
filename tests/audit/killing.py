"""Mutants, tried: which test fails first with each, if any does.

A process imports what the tests import, once, and nothing of the project. Each mutant is written into a copy of the
project, and forks run there the tests that reach it, those of its own part first and the quickest of these, until one
fails: the tests of other parts import nearly everything.
"""

from __future__ import annotations

import compileall
import gc
import importlib
import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterable
from itertools import count
from math import ceil
from pathlib import Path
from py_compile import PycInvalidationMode
from typing import Any

import pytest
from chosen import LIBRARY, Known

#: Where the tests of the library and of the experiments are; doctests stand in the library itself.
TESTS = (
    *(f"tests/{part}" for part in (*LIBRARY, "library", "edges", "experiments")),
    *(f"mlblog/{part}" for part in LIBRARY),
)  # fmt: skip
QUIET = ("-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:mlblog", "--hypothesis-seed=0",
         "-W", "ignore::pytest.PytestAssertRewriteWarning")  # fmt: skip
BUDGET = 300.0  # seconds of tests, at most, for one mutant
OUTSIDE = (
    "torch", "numpy", "scipy.stats", "scipy.integrate", "sklearn.ensemble", "sklearn.svm", "sklearn.neighbors",
    "sklearn.gaussian_process", "sklearn.decomposition", "sklearn.mixture", "hypothesis", "hypothesis.extra.numpy",
    "filelock", "safetensors.torch", "rich.progress", "torchdiffeq", "matplotlib.pyplot",
)  # fmt: skip
Reach = dict[str, tuple[float, list[str]]]  # of each test: seconds, and the functions that it runs


def copied(root: Path, folder: Path) -> Path:
    """Copy what the tests need of the checkout `root` into `folder`."""
    for name, aside in {"mlblog": (), "tests": ("browser", "samples", "lab", "press")}.items():
        left_out = shutil.ignore_patterns("__pycache__", *aside)
        shutil.copytree(root / name, folder / name, symlinks=True, ignore=left_out)
    shutil.copy2(root / "pyproject.toml", folder)
    compileall.compile_dir(folder / "mlblog", quiet=2, invalidation_mode=PycInvalidationMode.CHECKED_HASH)
    return folder


def reached(copy: Path, arguments: Iterable[str] = TESTS) -> Reach:
    """Run all the tests once, and return what each of them reaches.

    Raises:
        SystemExit: a test fails as it is.
    """
    answer = copy / "reach.json"
    os.environ["REACH"] = str(answer)
    code, said = forked(copy, ["-p", "reach", *arguments], limit=1_800)
    if code != 0:
        log = (copy / "log.txt").read_text(encoding="utf-8")[-3_000:]
        raise SystemExit(f"the tests fail as they are: {said or code}\n{log}")
    return json.loads(answer.read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def tests_of(known: Known, reach: Reach) -> list[str]:
    """The tests that reach a mutant, those of its part first and the quickest first, as many as `BUDGET` holds.

    A constant, a base or a field is reached by what reaches any function of its file.
    """
    mutant, found = known.mutant, []
    for test, (seconds, functions) in reach.items():
        if mutant.function:
            # a test of defaults names the function and does not run it
            hit = f"{mutant.file} {mutant.owner}" in functions or f"[{mutant.owner}" in test
        else:
            hit = any(one.startswith(f"{mutant.file} ") for one in functions)
        if hit:
            found.append((seconds, test))
    if not found:  # other processes may run it: the tests named after the file
        stem = f"test_{Path(mutant.file).stem}.py"
        found = [(seconds, test) for test, (seconds, _) in reach.items() if Path(test.partition("::")[0]).name == stem]
    spent, kept = 0.0, []
    for seconds, test in sorted(found):
        spent += seconds
        if kept and spent > BUDGET:
            break
        kept.append(test)
    return sorted(kept, key=lambda test: not _near(test, known))


def _near(test: str, known: Known) -> bool:
    """Whether a test, or a doctest, is of the part that is mutated."""
    return Path(test).parts[1] == Path(known.mutant.file).parts[1]


def killed(copy: Path, known: Known, reach: Reach) -> dict[str, Any]:
    """Try one mutant; return its name, `by`: the test that failed, or nothing, and `on`: the files this rests on."""
    started, tests = time.monotonic(), tests_of(known, reach)
    found: dict[str, Any] = {"name": known.name, "kind": known.mutant.kind, "tests": len(tests), "by": "", "on": []}
    before = {name: (copy / name).read_bytes() for name in known.mutant.files()}
    for name, content in known.mutant.files().items():
        assert content is not None
        _write(copy / name, content)
    try:
        for own in (True, False):
            some = [test for test in tests if _near(test, known) == own]
            if some and not found["by"]:
                code, said = forked(copy, some, limit=20 + 3 * sum(reach[test][0] for test in some))
                found["by"] = {0: "", None: "it takes too long"}.get(code, said or f"pytest ends with {code}")
    finally:
        for name, content in before.items():
            _write(copy / name, content)
    if found["by"] in reach:
        ran = {one.partition(" ")[0] for one in reach[found["by"]][1]}
        found["on"] = sorted({known.mutant.file, found["by"].partition("::")[0], *ran})
    return {**found, "seconds": round(time.monotonic() - started, 1)}


_times = count(1)


def _write(file: Path, content: bytes) -> None:
    """Write a file, each time with a time of its own: bytecode is known by size and by the second."""
    file.write_bytes(content)
    now = next(_times)
    os.utime(file, (now, now))


class _First:
    """A plugin that remembers the first test that fails."""

    def __init__(self) -> None:
        self.name = ""

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.name = self.name or report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.name = self.name or f"{report.nodeid} (not even collected)"


def forked(copy: Path, arguments: list[str], limit: float) -> tuple[int | None, str]:
    """Run pytest in a fork; return its exit code, None if it took too long, and the first test that failed.

    The limit is of CPU time, or mutants would be killed by whatever else the machine has to do; one that waits for
    ever is given ten times as long.
    """
    answer = copy / "answer.txt"
    answer.unlink(missing_ok=True)
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.setpgid(0, 0)
            resource.setrlimit(resource.RLIMIT_CPU, (ceil(limit), ceil(limit) + 1))
            log = os.open(copy / "log.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            os.chdir(copy)
            first = _First()
            code = int(pytest.main([*QUIET, f"--rootdir={copy}", *arguments], plugins=[first]))
            answer.write_text(first.name, encoding="utf-8")
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    deadline = time.monotonic() + 10 * limit
    while (state := os.waitpid(child, os.WNOHANG)) == (0, 0):
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return None, ""
        time.sleep(0.02)
    said = answer.read_text(encoding="utf-8") if answer.is_file() else ""
    code = os.waitstatus_to_exitcode(state[1])
    return (None, "") if -code in (signal.SIGXCPU, signal.SIGKILL) else (code, said)


def warm_up(copy: Path) -> None:
    """Import what the tests import, but for the project: forks share it. One thread, or forks of it hang."""
    import torch

    torch.set_num_threads(1)
    weight = torch.zeros(2, requires_grad=True)
    weight.sum().backward()
    torch.use_deterministic_algorithms(True)  # imports a compiler, as every run of an experiment does
    torch.use_deterministic_algorithms(False)
    for name in OUTSIDE:
        try:
            importlib.import_module(name)
        except ImportError:
            continue  # then a test imports something else
    sys.path[:0] = [str(copy)]
    os.environ |= {"PYTHONPATH": os.pathsep.join([str(copy), os.environ.get("PYTHONPATH", "")]), "MLBLOG_DEVICE": "cpu"}
    # what chooses mutants has asked the package which parts are the engine; tests must import the copy
    for name in [name for name in sys.modules if name.partition(".")[0] == "mlblog"]:
        del sys.modules[name]
    gc.freeze()
