"""A warm process that runs tiny projects in forks of itself: `python server.py [torch]`.

It reads one request a line, `{"do": "value" | "record" | "state", "root": …}`, and answers with one line. Each request
is carried out in a fork, so that nothing a project imports or changes is there for the next. A project that raises
SIGUSR1 stops until whoever asked has had their turn: that is how files are changed in the middle of a run.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

SECONDS = 60.0
dumps = json.dumps  # a project may replace it
LAST = "find"  # the experiment under attack


def value(root: Path, _: dict[str, Any]) -> dict[str, Any]:
    """What the experiment finds, without the engine that is on trial: its function called, nothing else."""
    from mlblog.lab.determinism import deterministic
    from mlblog.lab.records.record import Key
    from mlblog.lab.running.run import Run

    sys.path.insert(0, str(root))
    sys.dont_write_bytecode, sys.pycache_prefix = True, str(root.parent / "no-pycache")
    os.environ["MLBLOG_ROOT"] = str(root)
    try:
        module = importlib.import_module("toy.experiments.find")
        found = module.find
        params = found.params("smoke", {})
        run = Run(Key(LAST, "smoke", {}, 0), params)
        with deterministic(0, "cpu"):
            found.function(run, **params, seed=0)
    except BaseException as error:
        return {"failed": f"{type(error).__name__}: {error}"}
    values, arrays = run.results.values, run.results.all_arrays()
    return {"values": plain(values, arrays)}


def plain(values: Any, arrays: Any) -> dict[str, str]:
    """Values and arrays to the bit."""
    found = {name: dumps(value) for name, value in values.items()}
    return found | {name: f"{a.dtype} {a.shape} {a.tobytes().hex()}" for name, a in arrays.items()}


def record(root: Path, request: dict[str, Any]) -> dict[str, Any]:
    """Record experiments, in turn, as `mlblog run --all` does."""
    from mlblog.errors import MlblogError
    from mlblog.lab import Lab, Project
    from mlblog.lab.running.executors.inline import InlineExecutor
    from mlblog.lab.running.executors.local import LocalExecutor

    os.environ["MLBLOG_ROOT"] = str(root)
    found: dict[str, Any] = {}
    environment = dict(os.environ)  # `mlblog status` is another process: it sees no variable that a run has set
    for name in request["experiments"]:
        project = Project.find(root)
        try:
            lab = Lab(project)
            all_of_them = not request.get("due")
            jobs = lab.plan(lab.keys_of(name, "smoke"), again=all_of_them)
            if request.get("queued"):
                wait()
            local = request.get("executor") == "local"
            executor = LocalExecutor(project, slots=1) if local else InlineExecutor(project)
            outcomes = list(lab.run(jobs, executor, again=all_of_them))
        except MlblogError as error:
            return {"refused": str(error)}
        for outcome in outcomes:
            if outcome.record is None:
                return {"refused": str(outcome.error)}
            found = {"values": plain(outcome.record.values, outcome.record.arrays)}
    os.environ.clear()
    os.environ.update(environment)
    return found | state(root, request)


def state(root: Path, _: dict[str, Any]) -> dict[str, Any]:
    """How the record stands, as `mlblog status` sees it."""
    from mlblog.errors import MlblogError
    from mlblog.lab import Lab, Project

    try:
        lab = Lab(Project.find(root))
        if LAST not in lab.experiments:
            return {"state": "gone", "why": []}
        (found,) = lab.states(lab.keys_of(LAST, "smoke"))
    except MlblogError as error:
        return {"state": "unreadable", "why": [str(error)]}
    return {"state": found.name, "why": list(map(str, found.why))}


# -- around the forks ----------------------------------------------------------------------------------------------


def wait(*_: object) -> None:
    """Let whoever asked have a turn."""
    os.write(3, b'{"turn": true}\n')
    if line() == b"die\n":
        os.kill(os.getpid(), signal.SIGKILL)


def line() -> bytes:
    """One line of standard input, read byte by byte: parent and forks share it."""
    found = b""
    while not found.endswith(b"\n"):
        byte = os.read(4, 1)
        if not byte:
            break
        found += byte
    return found


def carry_out(request: dict[str, Any]) -> None:
    """In the fork: do what is asked, answer."""
    root = Path(request["root"])
    os.chdir(root)
    os.environ.update(request.get("env", {}))
    sys.path[:0] = request.get("paths", [])
    os.environ["PYTHONPATH"] = os.pathsep.join(request.get("paths", []))
    signal.signal(signal.SIGUSR1, wait)
    found = {"value": value, "record": record, "state": state}[request["do"]](root, request)
    os.write(3, dumps(found).encode() + b"\n")


def main(*, torch: bool) -> None:
    """Serve until standard input closes."""
    os.dup2(1, 3)
    os.dup2(0, 4)
    quiet = os.open(os.environ.get("PROMISE_LOG", os.devnull), os.O_RDWR | os.O_CREAT | os.O_APPEND)
    for number in (0, 1, 2):
        os.dup2(quiet, number)
    sys.path[0] = ""  # not this folder
    sys.path.pop(0)
    if torch:
        import torch as _torch

        _torch.set_num_threads(1)
    else:
        sys.modules["torch"] = None  # type: ignore[assignment]  # not installed, as far as a run can see
    import numpy  # noqa: F401
    import safetensors.numpy  # noqa: F401

    import mlblog.lab
    import mlblog.lab.running.executors.inline
    import mlblog.lab.running.executors.local
    import mlblog.lab.running.load
    import mlblog.lab.running.run  # noqa: F401
    from mlblog.files.made_by import version

    version("numpy")  # loads a lot

    while request := line():
        child = os.fork()
        if child == 0:
            try:
                carry_out(json.loads(request))
                os._exit(0)
            except BaseException:
                import traceback

                text = traceback.format_exc()
                os.write(3, dumps({"crashed": text}).encode() + b"\n")
            finally:
                os._exit(1)
        deadline = time.monotonic() + SECONDS
        while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
            if time.monotonic() > deadline:
                os.kill(child, signal.SIGKILL)
            time.sleep(0.002)
        code = os.waitstatus_to_exitcode(ended[1])
        os.write(3, dumps({"ended": code}).encode() + b"\n")


if __name__ == "__main__":
    main(torch="torch" in sys.argv[1:])
