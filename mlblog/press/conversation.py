"""What a post's process says while it runs, watched over; what goes wrong becomes a place and a message."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from mlblog.errors import CellError
from mlblog.press.document import Cell, Post, Unit
from mlblog.press.output import Ran

START = 300.0  # seconds that the server may take to import torch, on a slow disk
WAKE = 5.0  # seconds that a sleeping process may take to fork, which needs milliseconds


class Lost(CellError):
    """The process of the post did not end in time, or died."""


@dataclass(frozen=True)
class Snapshot:
    """A process that sleeps before unit number `unit`, what wakes it, and the project's files whose code it holds."""

    unit: int
    pid: int
    control: socket.socket
    modules: tuple[str, ...]


class Conversation:
    """One run of a post, or of its last units, that is to begin within `start` seconds.

    Attributes:
        ran: what units have left so far.
        snapshots: those that were offered so far; whoever reads them closes them.
    """

    def __init__(self, post: Post, line: socket.socket, timeout: float, start: float = START) -> None:
        self.ran: list[Ran] = []
        self.snapshots: list[Snapshot] = []
        self._post, self._line, self._timeout = post, line, timeout
        self._deadline, self._limit = time.monotonic() + start, start
        self._post_deadline = self._deadline
        self._pid = 0
        self._at: Unit | None = None
        self._sockets: list[socket.socket] = []

    def hold(self) -> None:
        """Listen until the last unit has run.

        Raises:
            CellError: a unit raised; `Lost` if the post took too long or its process died.
        """
        try:
            for event in self._events():
                if self._is_last(event):
                    return
            raise self._lost("the process that runs cells ended; what it said is above")
        finally:
            for left in self._sockets:
                left.close()

    def _is_last(self, event: dict[str, Any]) -> bool:
        match event["event"]:
            case "pid":
                if not self._pid:  # the post's time starts with its process
                    self._post_deadline = time.monotonic() + self._timeout
                self._pid = event["pid"]
                self._within(self._post_deadline, self._timeout)
            case "begin":
                self._at = unit = self._post.units[event["unit"]]
                self._within(self._post_deadline, self._timeout)
                own = unit.options.timeout if isinstance(unit, Cell) else 0
                if own:
                    self._within(time.monotonic() + own, own)
            case "ran":
                self.ran.append(Ran.from_json(event))
            case "asleep":
                self.snapshots.append(
                    Snapshot(event["unit"], event["pid"], self._sockets.pop(0), tuple(event["modules"]))
                )
            case "done":
                return True
            case "failed":
                raise self._failed(event["error"])
            case "exit":
                status = event["status"]
                name = signal.Signals(-status).name if status < 0 else f"exit code {status}"
                raise self._lost(f"the process of the post died here ({name})")
        return False

    def _within(self, deadline: float, limit: float) -> None:
        self._deadline, self._limit = deadline, limit

    def _events(self) -> Iterator[dict[str, Any]]:
        held = b""
        while True:
            self._line.settimeout(max(0.01, self._deadline - time.monotonic()))
            try:
                data, descriptors, _, _ = socket.recv_fds(self._line, 1 << 16, 4)
            except TimeoutError:
                if self._pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(self._pid, signal.SIGKILL)
                raise self._lost(f"did not end within {self._limit:g} s; move long work to an experiment") from None
            except OSError:  # the other end is gone, or this one was closed by who stops the build
                return
            for descriptor in descriptors:
                attached = socket.socket(fileno=descriptor)
                attached.set_inheritable(False)
                self._sockets.append(attached)
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

    def _lost(self, message: str) -> Lost:
        unit = self._at
        return Lost(self._post.path, unit.line if unit else 1, message)
