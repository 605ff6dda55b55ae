"""A process that sleeps and forks on demand: the warm server, and the snapshots of live preview.

It receives a socket per job, forks a child that writes JSON lines to it, and appends the child's exit status. When
the control socket closes, because the build ended or was killed, or on SIGTERM, it terminates running children.
A child may be a sleeper with its own children, which SIGKILL would orphan, so it gets SIGTERM first.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import socket
import time
from collections.abc import Sequence
from typing import Any

from mlblog.press.kernel.job import Job

#: Seconds that a child may take to exit, less for each sleeper above it: the innermost must give up first.
_PATIENCE, _LESS = 3.0, 0.1


class Line:
    """The child's end of a job socket: JSON lines, some with attached descriptors."""

    def __init__(self, end: socket.socket) -> None:
        self.end = end

    def job(self) -> Job:
        """The job, from the first line."""
        line = b""
        while not line.endswith(b"\n"):
            data = self.end.recv(1 << 16)
            if not data:
                raise EOFError("the other end closed the socket")
            line += data
        return Job.from_line(line)

    def say(self, *, attached: Sequence[int] = (), **event: Any) -> None:
        """Send one event."""
        # file names may contain lone surrogates, which a page cannot
        data = f"{json.dumps(event, ensure_ascii=False)}\n".encode(errors="replace")
        if attached:
            socket.send_fds(self.end, [data[:1]], attached)
            data = data[1:]
        self.end.sendall(data)


class Sleeper:
    """A process that waits to be forked. `control` receives a socket for each requested child."""

    def __init__(self, control: socket.socket, above: int = 0) -> None:
        """Wait with `above` sleepers as ancestors."""
        self._control = control
        self._patience = _PATIENCE - _LESS * above
        self._children: dict[int, socket.socket] = {}

    def fork(self, line: socket.socket) -> bool:
        """Fork a child that answers on `line`; True in the child."""
        state = random.getstate()  # Python reseeds `random` after a fork; cells must not notice
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # SIGTERM before `sleep` would orphan the child
        pid = os.fork()
        if pid == 0:
            random.setstate(state)
            os.setpgid(0, 0)  # a process group, so that it can be killed with its children
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
            for end in [self._control, *self._children.values()]:
                end.close()
            return True
        with contextlib.suppress(OSError):  # the child may have done it already, or exited
            os.setpgid(pid, pid)
        self._children[pid] = line
        return False

    def sleep(self) -> socket.socket | None:
        """Fork a child per socket received on `control`.

        Returns:
            In a child, its socket; in the sleeper None, after `control` closes or SIGTERM arrives.
        """
        wake, waker = socket.socketpair()
        wake.setblocking(False)
        waker.setblocking(False)
        wakeup = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        handlers = {name: signal.signal(name, lambda *_: None) for name in (signal.SIGCHLD, signal.SIGTERM)}
        is_child = False
        try:
            self._reap()  # a child may have exited before the wakeup was set
            while True:
                signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
                ready, _, _ = select.select([self._control, wake], [], [])
                if wake in ready:
                    signals = wake.recv(4096)
                    self._reap()
                    if signal.SIGTERM in signals:
                        return None
                if self._control in ready:
                    data, fds, _, _ = socket.recv_fds(self._control, 1, 1)
                    if not data:
                        return None
                    line = socket.socket(fileno=fds[0])
                    line.set_inheritable(False)
                    if is_child := self.fork(line):
                        return line
        finally:
            if not is_child:
                self._end()
            signal.set_wakeup_fd(wakeup)
            for name, handler in handlers.items():
                signal.signal(name, handler)
            wake.close()
            waker.close()

    def _reap(self) -> None:
        for pid in list(self._children):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                line = self._children.pop(pid)
                with contextlib.suppress(OSError):
                    os.killpg(pid, signal.SIGKILL)  # processes the post left running
                with contextlib.suppress(OSError):  # the build has closed its end
                    line.sendall(b"\n")  # it may have been killed mid-line
                    Line(line).say(event="exit", status=os.waitstatus_to_exitcode(status))
                line.close()

    def _end(self) -> None:
        """Terminate the children and their process groups."""
        deadline = time.monotonic() + self._patience
        for pid in self._children:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGTERM)
        for pid in self._children:
            with contextlib.suppress(OSError):
                while not os.waitpid(pid, os.WNOHANG)[0] and time.monotonic() < deadline:
                    time.sleep(0.005)
            with contextlib.suppress(OSError):  # the child if it ignored SIGTERM, and its group
                os.killpg(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)
