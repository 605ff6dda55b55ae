"""A process that sleeps and is forked on demand: the warm server, and the starts of cells kept for live preview.

It is given one end of a socket per job, forks a child that speaks JSON lines on it, and adds how the child ended. When
its own end of the control socket closes, because the build ended or was killed, or at SIGTERM, it ends what still runs.
A child may have gone to sleep itself with children of its own, which SIGKILL would leave behind: it is asked first.
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

#: Seconds that a child may take to end when asked, less for each sleeper above: the innermost must give up first.
_PATIENCE, _LESS = 3.0, 0.1


class Line:
    """The child's end of the socket of one job: JSON lines, some with descriptors attached."""

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

    def say(self, *, attached: Sequence[int] = (), **event: Any) -> None:
        """Tell of one event."""
        # half a surrogate pair, which a file name may hold, has no place in a page
        data = f"{json.dumps(event, ensure_ascii=False)}\n".encode(errors="replace")
        if attached:
            socket.send_fds(self.end, [data[:1]], attached)
            data = data[1:]
        self.end.sendall(data)


class Sleeper:
    """A process that waits to be forked. `control` brings a socket for each child that is asked for."""

    def __init__(self, control: socket.socket, above: int = 0) -> None:
        """Wait below `above` others that sleep."""
        self._control = control
        self._patience = _PATIENCE - _LESS * above
        self._children: dict[int, socket.socket] = {}

    def fork(self, line: socket.socket) -> bool:
        """Fork a child that answers on `line`; True in the child."""
        state = random.getstate()  # Python seeds `random` anew in a child; a cell must not notice that it is in one
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # until we sleep: we would leave the child behind
        pid = os.fork()
        if pid == 0:
            random.setstate(state)
            os.setpgid(0, 0)  # a group of its own, so that it can be killed with its own children
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
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
            In a child, its socket. In the sleeper itself None, once `control` has closed or SIGTERM has come.
        """
        wake, waker = socket.socketpair()
        wake.setblocking(False)
        waker.setblocking(False)
        wakeup = signal.set_wakeup_fd(waker.fileno(), warn_on_full_buffer=False)
        handlers = {name: signal.signal(name, lambda *_: None) for name in (signal.SIGCHLD, signal.SIGTERM)}
        is_child = False
        try:
            self._reap()  # a child may have ended before its end could wake us
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
                    os.killpg(pid, signal.SIGKILL)  # processes that the post left behind
                with contextlib.suppress(OSError):  # nobody listens any more
                    line.sendall(b"\n")  # it may have been killed in the middle of a line
                    Line(line).say(event="exit", status=os.waitstatus_to_exitcode(status))
                line.close()

    def _end(self) -> None:
        """End the children, each with what it has started."""
        deadline = time.monotonic() + self._patience
        for pid in self._children:
            with contextlib.suppress(OSError):
                os.killpg(pid, signal.SIGTERM)
        for pid in self._children:
            with contextlib.suppress(OSError):
                while not os.waitpid(pid, os.WNOHANG)[0] and time.monotonic() < deadline:
                    time.sleep(0.005)
            with contextlib.suppress(OSError):  # it, if it did not listen, and what it has started
                os.killpg(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):
                os.waitpid(pid, 0)
