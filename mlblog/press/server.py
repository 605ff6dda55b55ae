"""The process that posts are forked from: everything heavy imported once, no thread, no CUDA context.

It is started as `python -m mlblog.press.server FD MODULE …`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import socket
import sys
import traceback
from collections.abc import Iterable

from mlblog.press.forks import Line, Sleeper


def serve(control: socket.socket, modules: Iterable[str]) -> None:
    """Fork a child per job until `control` closes.

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
    line = Sleeper(control).sleep()
    if line is None:
        return
    code = 1
    try:
        run_job(shell, Line(line))
        code = 0
    except BaseException:
        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(code)  # no atexit handlers, no flushing of what was inherited


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
