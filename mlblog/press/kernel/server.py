"""The warm process that posts are forked from: heavy imports done once, no threads, no CUDA context.

It is started as `python -m mlblog.press.kernel.server --serve FD MODULE …` for one build, or with `--stay PATH SECONDS`
for all builds that connect to the socket PATH, until it has been idle for that many SECONDS.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import os
import random
import socket
import sys
import time
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from mlblog.files.state import Mark, marks
from mlblog.lab import Project
from mlblog.press.kernel.basis import Basis
from mlblog.press.kernel.forks import Line, Sleeper
from mlblog.press.kernel.watch import Watch

if TYPE_CHECKING:
    from mlblog.press.kernel.shell import PostShell


def warmed(modules: Iterable[str]) -> tuple[PostShell, Watch, dict[str, str]]:
    """Import what posts need, and note the dependencies of these imports.

    One torch thread: a process with OpenMP threads cannot be forked, and outputs must not depend on cores.
    """
    watch = Watch(Project(Path(os.environ["MLBLOG_ROOT"])))
    with watch.watching() as found:
        shell = _imported(modules)
    # ignore programs that libraries start on import
    base = watch.begin({name: state for name, state in found["rests"].items() if not name.startswith("unseen:")})
    # exempt these objects from garbage collection in children, which would copy their memory pages
    gc.collect()
    gc.freeze()
    return shell, watch, base


def _imported(modules: Iterable[str]) -> PostShell:
    for name in modules:
        if importlib.util.find_spec(name.partition(".")[0]):
            importlib.import_module(name)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    import mlblog.press.kernel.child  # noqa: F401  # for the children
    from mlblog.press.kernel.figure import warm_up
    from mlblog.press.kernel.shell import PostShell

    shell = PostShell.instance()
    warm_up()
    return shell


def serve(shell: PostShell, watch: Watch, control: socket.socket) -> None:
    """Fork a child per job until `control` closes."""
    line = Sleeper(control).sleep()
    if line is None:
        return
    from mlblog.press.kernel.child import run_job

    code = 1
    try:
        run_job(shell, watch, Line(line))
        code = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)  # skip atexit handlers and inherited buffers


def stay(path: Path, seconds: float, modules: Iterable[str]) -> None:
    """Fork a server for each build that connects to `path`, until none has for `seconds`."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"{path}.{os.getpid()}")
    listener.listen()
    os.rename(f"{path}.{os.getpid()}", path)  # replaces the socket of an earlier process
    mine = path.stat().st_ino
    shell, watch, base = warmed(modules)
    imported, project = _stamps(), Project(Path(os.environ["MLBLOG_ROOT"]))
    with open(os.devnull, "w") as nowhere:  # the build that started it must not wait for its descriptors to close
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    builds: set[int] = set()
    listener.settimeout(min(seconds, 1.0))
    last = time.monotonic()
    while builds or time.monotonic() < last + seconds:
        builds = {pid for pid in builds if not os.waitpid(pid, os.WNOHANG)[0]}
        if builds:
            last = time.monotonic()
        try:
            control, _ = listener.accept()
        except TimeoutError:
            continue
        with control:
            if _stamps() != imported or not Basis(project).holds(
                base
            ):  # a module has changed since; the caller starts a new process
                break
            state = random.getstate()
            if pid := os.fork():
                builds.add(pid)
                continue
            random.setstate(state)
            listener.close()
            _, (stderr,), _, _ = socket.recv_fds(control, 1, 1)
            os.dup2(stderr, 1)
            os.dup2(stderr, 2)
            os.close(stderr)
            control.sendall(str(os.getpid()).encode())
            serve(shell, watch, control)
            os._exit(0)
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_ino == mine:
            path.unlink()


def _stamps() -> dict[str, Mark]:
    """The current file state of every imported module."""
    files = (getattr(module, "__file__", None) for module in sys.modules.values())
    return marks(filter(None, files))


if __name__ == "__main__":
    how, *rest = sys.argv[1:]
    if how == "--serve":
        shell, watch, _ = warmed(rest[1:])
        serve(shell, watch, socket.socket(fileno=int(rest[0])))
    else:
        stay(Path(rest[0]), float(rest[1]), rest[2:])
