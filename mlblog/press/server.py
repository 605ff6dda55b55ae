"""The process that posts are forked from: everything heavy imported once, no thread, no CUDA context.

It is given one end of a socket per post (and a line that describes the job), forks a child that speaks JSON lines on
it, and adds how the child ended. When its own end of the control socket closes, because the build ended or was killed,
it kills what still runs and ends.

    python -m mlblog.press.server FD MODULE …
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
import select
import signal
import socket
import sys
from collections.abc import Iterable
from typing import Any


def preload(modules: Iterable[str]) -> Any:
    """Import what posts use, and make the shell.

    One torch thread: a process whose OpenMP team has run cannot be forked, and outputs must not depend on cores.
    """
    for name in modules:
        if importlib.util.find_spec(name.partition(".")[0]):
            importlib.import_module(name)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    from mlblog.press.child import run_job
    from mlblog.press.shell import PostShell

    shell = PostShell.instance()
    return lambda job, file: run_job(shell, job, file)


def serve(control: socket.socket, modules: Iterable[str]) -> None:
    """Fork a child per job until `control` closes."""
    run = preload(modules)
    wake, waker = socket.socketpair()
    wake.setblocking(False)
    waker.setblocking(False)
    signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    children: dict[int, socket.socket] = {}
    try:
        while True:
            ready, _, _ = select.select([control, wake], [], [])
            if wake in ready:
                wake.recv(4096)
                _reap(children)
            if control in ready:
                data, fds, _, _ = socket.recv_fds(control, 1, 1)
                if not data:
                    return
                line = socket.socket(fileno=fds[0])
                pid = os.fork()
                if pid == 0:
                    _child(run, line, [control, wake, waker, *children.values()])
                with contextlib.suppress(OSError):  # the child may have done it, or be gone
                    os.setpgid(pid, pid)
                children[pid] = line
    finally:
        signal.set_wakeup_fd(-1)
        for pid in children:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)


def _reap(children: dict[int, socket.socket]) -> None:
    for pid in list(children):
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            line = children.pop(pid)
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)  # processes that the post left behind
            with contextlib.suppress(OSError):  # nobody listens any more
                event = {"event": "exit", "status": os.waitstatus_to_exitcode(status)}
                line.sendall(f"\n{json.dumps(event)}\n".encode())
            line.close()


def _child(run: Any, line: socket.socket, inherited: list[socket.socket]) -> None:
    code = 1
    try:
        os.setpgid(0, 0)  # a group of its own, so that it can be killed with its own children
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in inherited:
            end.close()
        file = line.makefile("rw", encoding="utf-8", newline="\n")
        run(json.loads(file.readline()), file)
        file.flush()
        code = 0
    except BaseException:
        sys.__stderr__.write(_text_of_error())  # type: ignore[union-attr]
        sys.__stderr__.flush()  # type: ignore[union-attr]
    finally:
        os._exit(code)  # no atexit handlers, no flushing of what was inherited


def _text_of_error() -> str:
    import traceback

    return traceback.format_exc()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
