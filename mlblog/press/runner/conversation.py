"""What a post's process says while it runs, watched over; what goes wrong becomes a place and a message."""

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
from mlblog.press.source.document import Cell, Post, Unit
from mlblog.press.source.notebook import by_cells, place

START = 300.0  # seconds that the server may take to import torch, on a slow disk
# share of a processor that a process uses at least that works; one that hangs waits for a lock
_WORKING = 0.05
WAKE = 5.0  # seconds that a sleeping process may take to fork, which needs milliseconds
_TICK = 0.1  # seconds from one look at a silent process to the next


_Error = TypeVar("_Error", bound=CellError)


class Lost(CellError):
    """The process of the post did not end in time, or died.

    Attributes:
        was_working: whether the unit that took too long was at work, so that it will not do better elsewhere.
    """

    was_working = False


class Gone(Lost):
    """The process that posts are forked from died, whoever killed it."""


class Unproved(CellError):
    """A woken process cannot be brought to the state of a fresh run."""


class Cancelled(CellError):
    """Nobody needs what the post leaves any more."""


@dataclass(frozen=True)
class Snapshot:
    """A process that sleeps before unit number `unit`, what wakes it, and the project's files whose code it holds."""

    unit: int
    pid: int
    control: socket.socket
    modules: tuple[str, ...]


class Conversation:
    """One run of a post, or of its last units, that is to begin within `start` seconds, and ends once `stop` is set.

    Attributes:
        ran: what units have left so far, in their turn.
        again: what those left that ran again before, by number.
        snapshots: those that were offered so far; whoever reads them closes them.
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
        self.post = post
        self._post, self._line, self._timeout, self._progress = post, line, timeout, progress
        self._deadline, self._limit = time.monotonic() + start, start
        self._post_deadline = self._deadline
        self._pid = 0
        self._at: Unit | None = None
        self._interrupted: Unit | None = None
        self._since, self._worked, self._has_shown = time.monotonic(), 0.0, False
        self._told = time.monotonic()
        self._descriptors: list[int] = []  # that came and belong to an event that has not yet come
        self._flood = Flood([])
        self._stop = stop or threading.Event()

    @property
    def seconds(self) -> float:
        """For how long the unit has run that runs now; 0 if none does."""
        return time.monotonic() - self._since if self._at else 0.0

    def still_runs(self) -> StillRuns:
        """What there is to say for now."""
        return self._error(StillRuns, f"still runs, for {self.seconds:.0f} s by now; the page comes when it has ended")

    def interrupt(self) -> bool:
        """Do to the unit that runs what Ctrl-C does to a program, from another thread; False if it was done before."""
        if self._at is None or self._at is self._interrupted:
            return False
        self._interrupted = self._at
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGINT)
        return True

    def hold(self) -> None:
        """Listen until the last unit has run.

        Raises:
            CellError: a unit raised; `Lost` if the post took too long or its process died, `Gone` if that died which
                it was forked from, `Cancelled` if it was stopped, `Unproved` if it was woken in vain.
        """
        try:
            for event in self._events():
                if self._is_last(event):
                    return
            self._kill()  # its parent cannot do it any more
            raise self._error(Gone, "the process that runs cells ended; what it said is above")
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            self._kill()
            told = f"{type(error).__name__}: {error}"
            raise self._error(Lost, f"a cell has disturbed what its process says to the build ({told})") from error
        finally:
            self._flood.close()
            for left in self._descriptors:
                os.close(left)

    def _is_last(self, event: dict[str, Any]) -> bool:
        match event["event"]:
            case "pid":
                self._flood.close()
                self._flood = Flood([self._descriptors.pop(0) for _ in range(2)])
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
                self.ran.append(self._left(event))
            case "again":
                self.again[event["unit"]] = self._left(event)
            case "unproved":
                raise self._error(Unproved, "must run from an earlier cell")
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
        held = bytearray()
        while True:
            self._line.settimeout(max(0.01, min(self._deadline - time.monotonic(), _TICK)))
            try:
                data, descriptors, _, _ = socket.recv_fds(self._line, 1 << 18, 4)
            except TimeoutError:
                self._look_after()
                continue
            except OSError:  # the other end is gone, or this one was closed by who stops the build
                return
            for descriptor in descriptors:
                os.set_inheritable(descriptor, False)
            self._descriptors += descriptors
            if not data:
                return
            held += data
            if b"\n" in data:
                *lines, held = held.split(b"\n")
                for text in lines:
                    # a process that is killed while it writes leaves half a line
                    with contextlib.suppress(ValueError):
                        if text.strip():
                            yield json.loads(text)
            self._look_after()  # also at one that never falls silent

    def _look_after(self) -> None:
        """See that a process which goes on may do so."""
        now = time.monotonic()
        if self._stop.is_set() and self._pid:
            self._kill()
            raise self._error(Cancelled, "was stopped: it has been edited since")
        if now >= self._deadline:
            raise self._ended()
        if not self._flood.free():
            self._kill()
            raise self._error(Lost, f"wrote more than {MOST / 1e9:g} GB to its output; write it to a file")
        if now - self._told >= SLOW:
            self._told = now
            self._progress.tell(self._post, self._at, now - self._since)

    def _kill(self) -> None:
        if self._pid:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGKILL)

    def _ended(self) -> Lost:
        """End the post, which has taken too long."""
        lost = self._error(Lost, f"did not end within {self._limit:g} s; move long work to an experiment")
        if self._at is not None:
            worked = _processor_time(self._pid) - self._worked
            lost.was_working = self._has_shown or worked > _WORKING * (time.monotonic() - self._since)
        self._kill()
        return lost

    def _failed(self, error: dict[str, Any]) -> CellError:
        statement = f"\n    {error['statement']}" if error.get("statement") else ""
        where = f"\n  raised at {error['where']}" if error.get("where") else ""
        cure = f"\n  {error['cure']}" if error.get("cure") else ""
        text = by_cells(self._post, f"{error['message']}{statement}{where}{cure}")
        trace = by_cells(self._post, error["traceback"])
        return CellError(self._post.path, place(self._post, error["line"]), text, trace)

    def _left(self, event: dict[str, Any]) -> Ran:
        return Ran.from_json(event | {"outputs": [self._placed(one) for one in event["outputs"]]})

    def _placed(self, output: Output) -> Output:
        """An output that names the lines of a notebook by its cells."""
        if output["output_type"] == "stream":
            return output | {"text": by_cells(self._post, output["text"])}
        if output["output_type"] == "error":
            return output | {"traceback": [by_cells(self._post, line) for line in output["traceback"]]}
        return output

    def _error(self, kind: type[_Error], message: str) -> _Error:
        unit = self._at
        return kind(self._post.path, unit.line if unit else 1, message)


def _processor_time(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 where the system does not tell."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
