"""A process that sleeps and is forked on demand: the warm server, and the starts of cells kept for live preview.

It is given one end of a socket per job, forks a child that speaks JSON lines on it, and adds how the child ended. When
its own end of the control socket closes, because the build ended or was killed, it kills what still runs.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import socket
from typing import Any


class Line:
    """The child's end of the socket of one job: JSON lines, some with a socket attached."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    def job(self) -> dict[str, Any]:
        """The job, which is the first line."""
        held = b""
        while not held.endswith(b"\n"):
            data = self.end.recv(1 << 16)
            if not data:
                raise EOFError("nobody is there any more")
            held += data
        found: dict[str, Any] = json.loads(held)
        return found

    def say(self, *, attached: socket.socket | None = None, **event: Any) -> None:
        """Tell of one event."""
        # half a surrogate pair, which a file name may hold, has no place in a page
        data = f"{json.dumps(event, ensure_ascii=False)}\n".encode(errors="replace")
        if attached is not None:
            socket.send_fds(self.end, [data[:1]], [attached.fileno()])
            data = data[1:]
        self.end.sendall(data)


class Sleeper:
    """A process that waits to be forked. `control` brings a socket for each child that is asked for."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: dict[int, socket.socket] = {}

    def fork(self, line: socket.socket) -> bool:
        """Fork a child that answers on `line`; True in the child."""
        state = random.getstate()  # Python seeds `random` anew in a child; a cell must not notice that it is in one
        pid = os.fork()
        if pid == 0:
            random.setstate(state)
            os.setpgid(0, 0)  # a group of its own, so that it can be killed with its own children
            for end in [self._control, *self._children.values()]:
                end.close()
            return True
        with contextlib.suppress(OSError):  # the child may have done it, or be gone
            os.setpgid(pid, pid)
        self._children[pid] = line
        return False

    def sleep(self) -> socket.socket | None:
        """Fork a child per socket that `control` brings.

        Returns:
            In a child, its socket. In the sleeper itself None, once `control` has closed.
        """
        wake, waker = socket.socketpair()
        wake.setblocking(False)
        waker.setblocking(False)
        wakeup = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        handler = signal.signal(signal.SIGCHLD, lambda *_: None)
        is_child = False
        try:
            self._reap()  # a child may have ended before its end could wake us
            while True:
                ready, _, _ = select.select([self._control, wake], [], [])
                if wake in ready:
                    with contextlib.suppress(BlockingIOError):
                        wake.recv(4096)
                    self._reap()
                if self._control in ready:
                    data, fds, _, _ = socket.recv_fds(self._control, 1, 1)
                    if not data:
                        return None
                    line = socket.socket(fileno=fds[0])
                    line.set_inheritable(False)
                    if is_child := self.fork(line):
                        return line
        finally:
            signal.set_wakeup_fd(wakeup)
            signal.signal(signal.SIGCHLD, handler)
            wake.close()
            waker.close()
            if not is_child:
                self._end()

    def _reap(self) -> None:
        for pid in list(self._children):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                line = self._children.pop(pid)
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)  # processes that the post left behind
                with contextlib.suppress(OSError):  # nobody listens any more
                    line.sendall(b"\n")  # it may have been killed in the middle of a line
                    Line(line).say(event="exit", status=os.waitstatus_to_exitcode(status))
                line.close()

    def _end(self) -> None:
        for pid in self._children:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)
