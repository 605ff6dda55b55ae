"""Run posts in processes forked from a warm one; watch over them; turn what goes wrong into a place and a message."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from mlblog.errors import CellError, MlblogError
from mlblog.lab import Project
from mlblog.press.document import Cell, Doctest, Post, Unit
from mlblog.press.output import Outputs, Ran

TIMEOUT = 300.0  # seconds a post may take; cells read records and draw, they do not train
_START = 300.0  # seconds that the server may take to import torch, on a slow disk

_KIND = {"Cell": "cell", "Doctest": "doctest", "Inline": "inline"}


class Server:
    """The warm process of one project. It starts when the first post has to run and ends with `close`."""

    def __init__(self, project: Project, timeout: float = TIMEOUT) -> None:
        self.project, self.timeout = project, timeout
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(self, post: Post) -> Outputs:
        """Run the units of `post`, from the first, in a process of its own. May be called from several threads.

        Raises:
            CellError: a unit raised, the post took too long, or its process died.
        """
        units = post.units
        job = {
            "path": post.path,
            "root": str(self.project.root),
            "shadow": post.shadow,
            "units": [_unit_to_json(unit) for unit in units],
        }
        with self._open() as line:
            line.sendall(json.dumps(job).encode() + b"\n")
            return _Conversation(post, line, self.timeout).hold()

    def close(self) -> None:
        """End the process and every post that still runs in one."""
        with self._lock:
            if self._control is not None:
                self._control.close()  # the server sees its end close, and ends its children
                self._control = None
            if self._process is not None:
                try:
                    self._process.wait(5)
                except subprocess.TimeoutExpired:
                    self._process.kill()
                    self._process.wait()
                self._process = None

    def _open(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with self._lock:
            if self._process is None or self._process.poll() is not None:
                self._start()
            assert self._control is not None
            try:
                socket.send_fds(self._control, [b"."], [theirs.fileno()])
            except OSError as error:
                raise MlblogError("the process that runs cells ended; what it said is above") from error
            finally:
                theirs.close()
        return ours

    def _start(self) -> None:
        ours, theirs = socket.socketpair()
        work = self.project.work
        work.mkdir(parents=True, exist_ok=True)
        environment = os.environ | {
            "MLBLOG_ROOT": str(self.project.root),
            "MPLBACKEND": "Agg",
            # the same order of sets and the same sums in every process, on any number of cores
            "PYTHONHASHSEED": "0",
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "OPENBLAS_NUM_THREADS": "1",
            # beside the sources they would wake who watches the sources
            "PYTHONPYCACHEPREFIX": str(work / "pycache"),
            "IPYTHONDIR": str(work / "ipython"),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mlblog.press.server", str(theirs.fileno()), *self._preload()],
            cwd=self.project.root,
            env=environment,
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=sys.__stderr__.fileno() if sys.__stderr__ else None,
            start_new_session=True,  # Ctrl-C reaches us alone; we end it
        )
        theirs.close()
        self._control = ours

    def _preload(self) -> list[str]:
        """What to import before the first fork; a post that imports more still runs, only slower."""
        folders = [self.project.root.joinpath(*name.split(".")) for name in self.project.packages]
        sources = itertools.chain(self.project.posts.rglob("*.md"), *(folder.rglob("*.py") for folder in folders))
        torch = ["torch"] if any(b"import torch" in path.read_bytes() for path in sources) else []
        return ["numpy", "safetensors", "matplotlib.pyplot", *torch]


def _unit_to_json(unit: Unit) -> dict[str, Any]:
    line = unit.code_line if isinstance(unit, (Cell, Doctest)) else unit.line
    may_raise = isinstance(unit, Cell) and "raises-exception" in unit.options.tags
    return {"kind": _KIND[type(unit).__name__], "code": unit.code, "line": line, "may_raise": may_raise}


class _Conversation:
    """What a post's process says, until it is done."""

    def __init__(self, post: Post, line: socket.socket, timeout: float) -> None:
        self._post, self._line, self._timeout = post, line, timeout
        self._deadline = time.monotonic() + _START + timeout
        self._pid = 0
        self._at: Unit | None = None

    def hold(self) -> Outputs:
        ran: list[Ran] = []
        for event in self._events():
            match event["event"]:
                case "pid":
                    self._pid = event["pid"]
                    self._deadline = time.monotonic() + self._timeout  # the post's time starts with its process
                case "begin":
                    self._at = self._post.units[event["unit"]]
                case "ran":
                    ran.append(Ran(tuple(event["outputs"]), tuple(event["reads"])))
                case "done":
                    return Outputs(tuple(ran), event["files"])
                case "failed":
                    raise self._failed(event["error"])
                case "exit":
                    status = event["status"]
                    name = signal.Signals(-status).name if status < 0 else f"exit code {status}"
                    raise self._error(f"the process of the post died here ({name})")
        raise self._error("the process that runs cells ended; what it said is above")

    def _events(self) -> Any:
        held = b""
        while True:
            self._line.settimeout(max(0.01, self._deadline - time.monotonic()))
            try:
                data = self._line.recv(1 << 16)
            except TimeoutError:
                if self._pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(self._pid, signal.SIGKILL)
                raise self._error(f"did not end within {self._timeout:g} s; move long work to an experiment") from None
            except ConnectionError:
                return
            if not data:
                return
            *lines, held = (held + data).split(b"\n")
            for text in lines:
                # a process that is killed while it writes leaves half a line
                with contextlib.suppress(ValueError):
                    if text.strip():
                        yield json.loads(text)

    def _failed(self, error: dict[str, Any]) -> CellError:
        statement = f"\n    {error['statement']}" if error.get("statement") else ""
        where = f"\n  raised at {error['where']}" if error.get("where") else ""
        text = f"{error['message']}{statement}{where}"
        return CellError(self._post.path, error["line"], text, error["traceback"])

    def _error(self, message: str) -> CellError:
        unit = self._at
        return CellError(self._post.path, unit.line if unit else 1, message)
