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
from mlblog.press.kernel.output import Output, Ran
from mlblog.press.runner.progress import SLOW, Progress
from mlblog.press.source.document import Cell, Post, Unit
from mlblog.press.source.notebook import by_cells, place

START = 300.0  # seconds that the server may take to import torch, on a slow disk
# share of a processor that a process uses at least that works; one that hangs waits for a lock
_WORKING = 0.05
WAKE = 5.0  # seconds that a sleeping process may take to fork, which needs milliseconds


class Lost(CellError):
    """The process of the post did not end in time, or died.

    Attributes:
        was_working: whether the unit that took too long was at work, so that it will not do better elsewhere.
    """

    was_working = False


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

    def __init__(
        self, post: Post, line: socket.socket, timeout: float, progress: Progress, start: float = START
    ) -> None:
        self.ran: list[Ran] = []
        self.snapshots: list[Snapshot] = []
        self._post, self._line, self._timeout, self._progress = post, line, timeout, progress
        self._deadline, self._limit = time.monotonic() + start, start
        self._post_deadline = self._deadline
        self._pid = 0
        self._at: Unit | None = None
        self._since, self._worked, self._has_shown = time.monotonic(), 0.0, False
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
                self._since, self._worked, self._has_shown = time.monotonic(), _processor_time(self._pid), False
                own = unit.options.timeout if isinstance(unit, Cell) else 0
                if own:
                    self._within(time.monotonic() + own, own)
            case "shows":
                self._has_shown = True
            case "ran":
                self.ran.append(Ran.from_json(event | {"outputs": [self._placed(one) for one in event["outputs"]]}))
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
            now = time.monotonic()
            self._line.settimeout(max(0.01, min(self._deadline - now, SLOW - (now - self._since) % SLOW)))
            try:
                data, descriptors, _, _ = socket.recv_fds(self._line, 1 << 16, 4)
            except TimeoutError:
                if time.monotonic() >= self._deadline:
                    raise self._ended() from None
                self._progress.tell(self._post, self._at, time.monotonic() - self._since)
                continue
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

    def _ended(self) -> Lost:
        """End the post, which has taken too long."""
        lost = self._lost(f"did not end within {self._limit:g} s; move long work to an experiment")
        if self._at is not None:
            worked = _processor_time(self._pid) - self._worked
            lost.was_working = self._has_shown or worked > _WORKING * (time.monotonic() - self._since)
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)
        return lost

    def _failed(self, error: dict[str, Any]) -> CellError:
        statement = f"\n    {error['statement']}" if error.get("statement") else ""
        where = f"\n  raised at {error['where']}" if error.get("where") else ""
        text = by_cells(self._post, f"{error['message']}{statement}{where}")
        trace = by_cells(self._post, error["traceback"])
        return CellError(self._post.path, place(self._post, error["line"]), text, trace)

    def _placed(self, output: Output) -> Output:
        """An output that names the lines of a notebook by its cells."""
        if output["output_type"] == "stream":
            return output | {"text": by_cells(self._post, output["text"])}
        if output["output_type"] == "error":
            return output | {"traceback": [by_cells(self._post, line) for line in output["traceback"]]}
        return output

    def _lost(self, message: str) -> Lost:
        unit = self._at
        return Lost(self._post.path, unit.line if unit else 1, message)


def _processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
