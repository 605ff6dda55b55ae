"""Follow the events of a post's process while it runs; failures become errors with file and line."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from mlblog.errors import CellError, StillRuns
from mlblog.press.kernel.output import Output, Ran
from mlblog.press.runner.flood import MOST, Flood
from mlblog.press.runner.progress import SLOW, Progress
from mlblog.press.source.document import Post, Unit
from mlblog.press.source.notebook import by_cells, place

START = 300.0  # seconds the server may take to import torch from a slow disk
# least CPU share of a working process; a hung one waits for a lock
_WORKING = 0.05
WAKE = 5.0  # seconds a sleeping process may take to fork, which normally takes milliseconds
_TICK = 0.1  # seconds between checks on a silent process


_Error = TypeVar("_Error", bound=CellError)


class Lost(CellError):
    """The post timed out, or its process died.

    Attributes:
        was_working: whether the unit was using CPU when it timed out, so that a fresh process would not help.
    """

    was_working = False


class Gone(Lost):
    """The warm process died."""


class Unproved(CellError):
    """A snapshot cannot be brought to the state of a fresh run."""


class Cancelled(CellError):
    """The run was cancelled because its result is no longer needed."""


@dataclass(frozen=True)
class Snapshot:
    """A process asleep before unit number `unit`, the socket that wakes it, and the project files it has loaded."""

    unit: int
    pid: int
    control: socket.socket
    modules: tuple[str, ...]


class Conversation:
    """One run of a post, or of its last units, which must begin within `start` seconds and ends when `stop` is set.

    Attributes:
        ran: results so far of units that ran in order.
        again: results of units that were rerun before, by number.
        snapshots: snapshots offered so far; the reader must close them.
    """

    def __init__(
        self,
        post: Post,
        line: socket.socket,
        timeout: float,
        progress: Progress,
        start: float = START,
        stop: threading.Event | None = None,
    ) -> None:
        self.ran: list[Ran] = []
        self.again: dict[int, Ran] = {}
        self.snapshots: list[Snapshot] = []
        self.post, self._line, self._timeout, self._progress = post, line, timeout, progress
        self._deadline, self._limit = time.monotonic() + start, start
        self._post_deadline = self._deadline
        self._pid = 0
        self._at: Unit | None = None
        self._interrupted: Unit | None = None
        self._since, self._worked, self._has_shown = time.monotonic(), 0.0, False
        self._reported = time.monotonic()
        self._descriptors: list[int] = []  # received before the event that they belong to
        self._flood = Flood([])
        self._stop = stop or threading.Event()

    @property
    def seconds(self) -> float:
        """How long the current unit has been running; 0 if none is."""
        return time.monotonic() - self._since if self._at else 0.0

    def still_runs(self) -> StillRuns:
        """The interim result."""
        return self._error(StillRuns, f"still running after {self.seconds:.0f} s; the page follows when it finishes")

    def interrupt(self) -> bool:
        """Interrupt the running unit, from another thread; return False if it was interrupted before."""
        if self._at is None or self._at is self._interrupted:
            return False
        self._interrupted = self._at
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGINT)
        return True

    def hold(self) -> None:
        """Handle events until the last unit has run.

        Raises:
            CellError: a unit raised; `Lost` if the post timed out or its process died, `Gone` if the
                warm process died, `Cancelled` if it was stopped, `Unproved` if the snapshot cannot be used.
        """
        try:
            for event in self._events():
                if self._is_last(event):
                    return
            self._kill()  # its parent no longer can
            raise self._error(Gone, "the kernel process exited; its output is above")
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            self._kill()
            cause = f"{type(error).__name__}: {error}"
            raise self._error(Lost, f"a cell corrupted its process's connection to the build ({cause})") from error
        finally:
            self._flood.close()
            for left in self._descriptors:
                os.close(left)

    def _is_last(self, event: dict[str, Any]) -> bool:
        match event["event"]:
            case "pid":
                self._flood.close()
                self._flood = Flood([self._descriptors.pop(0) for _ in range(2)])
                if not self._pid:  # the timeout starts with the process
                    self._post_deadline = time.monotonic() + self._timeout
                self._pid = event["pid"]
                self._within(self._post_deadline, self._timeout)
            case "begin":
                self._at = unit = self.post.units[event["unit"]]
                self._within(self._post_deadline, self._timeout)
                self._since, self._worked, self._has_shown = time.monotonic(), _processor_time(self._pid), False
                if own := unit.options.timeout:
                    self._within(time.monotonic() + own, own)
            case "shows":
                self._has_shown = True
            case "ran":
                self.ran.append(self._left(event))
            case "again":
                self.again[event["unit"]] = self._left(event)
            case "unproved":
                raise self._error(Unproved, "must be rerun from an earlier cell")
            case "asleep":
                control = socket.socket(fileno=self._descriptors.pop(0))
                self.snapshots.append(Snapshot(event["unit"], event["pid"], control, tuple(event["modules"])))
            case "done":
                return True
            case "failed":
                raise self._failed(event["error"])
            case "exit":
                status = event["status"]
                name = signal.Signals(-status).name if status < 0 else f"exit code {status}"
                raise self._error(Lost, f"the process of the post died here ({name})")
        return False

    def _within(self, deadline: float, limit: float) -> None:
        self._deadline, self._limit = deadline, limit

    def _events(self) -> Iterator[dict[str, Any]]:
        buffer = bytearray()
        while True:
            self._line.settimeout(max(0.01, min(self._deadline - time.monotonic(), _TICK)))
            try:
                data, descriptors, _, _ = socket.recv_fds(self._line, 1 << 18, 4)
            except TimeoutError:
                self._look_after()
                continue
            except OSError:  # closed by the other end, or here to stop the build
                return
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)
            self._descriptors += descriptors
            if not data:
                return
            buffer += data
            if b"\n" in data:
                *lines, buffer = buffer.split(b"\n")
                for text in lines:
                    # a process killed while writing leaves a partial line
                    with contextlib.suppress(ValueError):
                        if text.strip():
                            yield json.loads(text)
            self._look_after()  # even if it never stops sending events

    def _look_after(self) -> None:
        """Raise if the process must not continue."""
        now = time.monotonic()
        if self._stop.is_set() and self._pid:
            self._kill()
            raise self._error(Cancelled, "stopped, because the post was edited")
        if now >= self._deadline:
            raise self._ended()
        if not self._flood.free():
            self._kill()
            raise self._error(Lost, f"wrote more than {MOST / 1e9:g} GB to its output; write it to a file")
        if now - self._reported >= SLOW:
            self._reported = now
            self._progress.tell(self.post, self._at, now - self._since)

    def _kill(self) -> None:
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)

    def _ended(self) -> Lost:
        """Kill the post, which has timed out."""
        lost = self._error(Lost, f"timed out after {self._limit:g} s; move long work to an experiment")
        if self._at is not None:
            worked = _processor_time(self._pid) - self._worked
            lost.was_working = self._has_shown or worked > _WORKING * (time.monotonic() - self._since)
        self._kill()
        return lost

    def _failed(self, error: dict[str, Any]) -> CellError:
        statement = f"\n    {error['statement']}" if error.get("statement") else ""
        where = f"\n  raised at {error['where']}" if error.get("where") else ""
        cure = f"\n  {error['cure']}" if error.get("cure") else ""
        text = by_cells(self.post, f"{error['message']}{statement}{where}{cure}")
        trace = by_cells(self.post, error["traceback"])
        return CellError(self.post.path, place(self.post, error["line"]), text, trace)

    def _left(self, event: dict[str, Any]) -> Ran:
        return Ran.from_json(event | {"outputs": [self._placed(one) for one in event["outputs"]]})

    def _placed(self, output: Output) -> Output:
        """An output with line numbers of a notebook replaced by cells."""
        if output["output_type"] == "stream":
            return output | {"text": by_cells(self.post, output["text"])}
        if output["output_type"] == "error":
            return output | {"traceback": [by_cells(self.post, line) for line in output["traceback"]]}
        return output

    def _error(self, kind: type[_Error], message: str) -> _Error:
        unit = self._at
        return kind(self.post.path, unit.line if unit else 1, message)


def _processor_time(pid: int) -> float:
    """CPU seconds used by a process; 0 if the system does not report them."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
