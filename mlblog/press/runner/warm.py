"""The build's handle on the warm process: started for this build, or kept from an earlier one.

`MLBLOG_WARM` is the number of seconds an idle warm process waits for another build; without it, the process exits
with its build. Its address is a digest of everything its imports could depend on.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from mlblog.errors import InputError, MlblogError
from mlblog.lab import Project
from mlblog.press.kernel.basis import PASSING, environment

#: Environment variable: seconds an idle process waits for another build.
VARIABLE = "MLBLOG_WARM"
PATIENCE = 300.0  # seconds it may take to import torch from a slow disk
_LONGEST = 90  # bytes of its address; systems allow 104 or more, and the temporary name is longer
#: Processes meant to outlive this one; dropping a `Popen` of a running process would warn.
_STAYING: list[subprocess.Popen[bytes]] = []


def wanted(environment: Mapping[str, str] = os.environ) -> float:
    """Seconds the warm process should outlive its build.

    Raises:
        InputError: the variable has an invalid value.
    """
    text = environment.get(VARIABLE, "0")
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= 86_400:
        raise InputError(f"{VARIABLE}={text}: must be a number of seconds, at most a day; 0 turns this off")
    return seconds


class Warm:
    """A process that posts are forked from, and its control socket.

    When `control` closes, it terminates its children and exits (or the part of it that serves this build does).
    """

    def __init__(self, project: Project) -> None:
        """Connect to a waiting process, or start one."""
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = 0
        seconds = wanted()
        if seconds:
            self.control = self._join(project, seconds)
        else:
            self.control = self._start(project)

    def close(self) -> None:
        """Stop all running posts, and the process unless it waits for another build."""
        with contextlib.suppress(OSError):  # it may have exited
            self.control.shutdown(socket.SHUT_RDWR if self._process else socket.SHUT_WR)
        if self._process is not None:
            try:
                self._process.wait(5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        else:
            self.control.settimeout(5)
            try:
                self.control.recv(1)  # returns when the process exits
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._pid, signal.SIGKILL)
            except OSError:
                pass
        self.control.close()

    @property
    def is_alive(self) -> bool:
        """Whether it still accepts jobs."""
        if self._process is not None:
            return self._process.poll() is None
        try:
            return self.control.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def _start(self, project: Project) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = _server(project, "--serve", str(theirs.fileno()), keep=theirs.fileno())
        return ours

    def _join(self, project: Project, seconds: float) -> socket.socket:
        """Ask the waiting process, or a new one, to fork a server for this build."""
        path = _address(project)
        for attempt in range(2):
            started = None
            if attempt or not path.exists():
                started = _server(project, "--stay", str(path), str(seconds))
                _STAYING.append(started)
            ours = socket.socket(socket.AF_UNIX)
            try:
                _connect(ours, path, started)
                # output that bypasses capture goes to our stderr
                socket.send_fds(ours, [b"."], [sys.__stderr__.fileno() if sys.__stderr__ else 2])
                ours.settimeout(PATIENCE)
                if pid := ours.recv(16):
                    self._pid = int(pid)
                    ours.settimeout(None)
                    return ours
            except OSError:
                pass  # it has exited, or its imports are out of date: start a new one
            ours.close()
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        raise MlblogError("the kernel process did not start; its output is above")


def _connect(ours: socket.socket, path: Path, started: subprocess.Popen[bytes] | None) -> None:
    """Connect to the listener at `path`, waiting for it if a process was just started."""
    end = time.monotonic() + 10
    while True:
        try:
            ours.connect(str(path))
        except FileNotFoundError:
            if started is None or started.poll() is not None or time.monotonic() > end:
                raise
            time.sleep(0.005)
        else:
            return


def _address(project: Project) -> Path:
    """The address for processes with the same program, path, variables and imports as a new one."""
    variables = sorted(item for item in os.environ.items() if item[0] not in {*PASSING, VARIABLE})
    depends = json.dumps([str(project.root), sys.executable, sys.path, preload(project), variables])
    name = hashlib.blake2b(depends.encode(errors="replace"), digest_size=8).hexdigest()
    # socket paths must be short, so not in the project
    folder = Path(tempfile.gettempdir(), f"mlblog-{os.getuid()}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o077:
        raise InputError(f"{folder}: writable by others; remove it, or unset {VARIABLE}")
    path = folder / f"{name}.sock"
    if len(os.fsencode(path)) > _LONGEST:
        raise InputError(f"{path}: too long for a socket; set TMPDIR to a shorter folder, or unset {VARIABLE}")
    return path


def _server(project: Project, *how: str, keep: int | None = None) -> subprocess.Popen[bytes]:
    work = project.work
    work.mkdir(parents=True, exist_ok=True)
    return subprocess.Popen(
        [sys.executable, "-m", "mlblog.press.kernel.server", *how, *preload(project)],
        cwd=project.root,
        env=os.environ | environment(project),
        pass_fds=[] if keep is None else [keep],
        stdin=subprocess.DEVNULL,
        stdout=sys.__stderr__.fileno() if sys.__stderr__ else None,
        start_new_session=True,  # Ctrl-C reaches us only; we stop it
    )


def preload(project: Project) -> list[str]:
    """Modules to import before the first fork; other imports work, but take longer."""
    folders = [project.root.joinpath(*name.split(".")) for name in project.packages]
    posts = [path.read_bytes() for kind in ("md", "ipynb") for path in project.posts.rglob(f"*.{kind}")]
    code = (path.read_bytes() for folder in folders for path in folder.rglob("*.py"))
    torch = ["torch"] if any(b"import torch" in text for text in itertools.chain(posts, code)) else []
    # imported by an optimiser's first step, which takes seconds in every post that trains
    dynamo = ["torch._dynamo"] if torch and any(b"optim" in text for text in posts) else []
    return ["numpy", "safetensors", "matplotlib.pyplot", *torch, *dynamo]
