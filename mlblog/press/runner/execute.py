"""Run posts in processes forked from a warm one, or, in live preview, from one that sleeps before what was edited."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

from mlblog.errors import CellError, MlblogError
from mlblog.lab import Project
from mlblog.press.kernel.limits import MEMORY, TIMEOUT
from mlblog.press.kernel.output import Outputs, Ran
from mlblog.press.runner.conversation import START, WAKE, Conversation, Lost
from mlblog.press.runner.live import WORTH, Chain, Chains
from mlblog.press.runner.progress import Progress
from mlblog.press.runner.warm import Warm
from mlblog.press.source.document import Cell, Doctest, Post, Unit

_KIND = {"Cell": "cell", "Doctest": "doctest", "Inline": "inline"}


class Server:
    """The warm process of one project. It starts when the first post has to run and ends with `close`."""

    def __init__(self, project: Project, timeout: float = TIMEOUT, *, live: bool = False, worth: float = WORTH) -> None:
        """Run posts of `project`, each for `timeout` seconds at most.

        With `live`, keep snapshots between runs, each where units have taken `worth` seconds since the last.
        """
        self.project, self.timeout, self._worth = project, timeout, worth
        self._lock = threading.Lock()
        self._warm: Warm | None = None
        self._starting: threading.Thread | None = None
        self.progress = Progress()
        self._chains = Chains(project) if live else None

    @property
    def live(self) -> bool:
        """Whether it keeps snapshots."""
        return self._chains is not None

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> None:
        """Start the process, which takes seconds, behind the caller's back: a post is going to run."""
        self._starting = threading.Thread(target=self._start, daemon=True)
        self._starting.start()

    def run(self, post: Post, keys: Sequence[str] = (), holds: Callable[[Ran], bool] = lambda _: False) -> Outputs:
        """Run the units of `post` in a process of its own. May be called from several threads, for different posts.

        Args:
            post: the post.
            keys: the key of each unit (see `cache`); with them, a live server keeps snapshots and uses those it has.
            holds: whether what a unit has read is what it was.

        Raises:
            CellError: a unit raised, the post took too long, or its process died.
        """
        if self._chains is None or len(keys) != len(post.units):
            with self._open() as line:
                talk = self._talk(post, line, keep=False)
                talk.hold()
                return Outputs(tuple(talk.ran))
        if (chain := self._chains.take(post.path)) is not None:
            outputs = self._go_on(self._chains, chain, post, keys, holds)
            if outputs is not None:
                return outputs
            chain.close()
        chain = Chain.of(post, keys, self._chains.stamps())
        with self._open() as line:
            return self._follow(self._chains, chain, self._talk(post, line, keep=True))

    def _go_on(
        self, chains: Chains, old: Chain, post: Post, keys: Sequence[str], holds: Callable[[Ran], bool]
    ) -> Outputs | None:
        """Run `post` from the last snapshot that is as a fresh run would be; None where it must run as a whole."""
        now = chains.stamps(old.stamps)
        snapshot = old.place(keys, now, holds)
        if snapshot is None:
            return None
        moved = old.has_moved(post, snapshot.unit)
        old.cut(snapshot.unit)
        chain = old.followed_by(post, keys, now, snapshot)
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(snapshot.control, [b"."], [theirs.fileno()])
        except OSError:  # it is gone
            ours.close()
            return None
        with ours as line:
            talk = self._talk(post, line, keep=True, start=WAKE)
            try:
                outputs = self._follow(chains, chain, talk)
            except Lost as lost:  # a fork may hang where a fresh process does not
                if lost.was_working:
                    raise
                with contextlib.suppress(ProcessLookupError):
                    os.kill(snapshot.pid, signal.SIGKILL)  # it may be what hangs
                return None
            except CellError:
                if moved:
                    return None  # its traceback has lines of the post as it was
                raise
        if moved and any(ran.lines or f"{post.path}:" in json.dumps(ran.outputs) for ran in talk.ran):
            return None
        return outputs

    def _follow(self, chains: Chains, chain: Chain, talk: Conversation) -> Outputs:
        try:
            talk.hold()
        finally:
            chain.ran += talk.ran
            chain.snapshots += talk.snapshots
            more = {path for snapshot in talk.snapshots for path in snapshot.modules} - set(chain.stamps)
            chain.stamps |= {path: stamp for path, stamp in chains.stamps(more).items() if path in more}
            chains.put(chain)
        return Outputs(tuple(chain.ran))

    def _talk(self, post: Post, line: socket.socket, *, keep: bool, start: float = START) -> Conversation:
        timeout = float(post.meta.get("timeout", self.timeout))
        job = {
            "path": post.path,
            "root": str(self.project.root),
            "packages": [name.replace(".", "/") for name in self.project.packages],
            "shadow": post.shadow,
            "units": [_unit_to_json(unit) for unit in post.units],
            "keep": self._worth if keep else None,
            "memory": float(post.meta.get("memory", MEMORY)),
        }
        line.sendall(json.dumps(job).encode() + b"\n")
        return Conversation(post, line, timeout, self.progress, start)

    def close(self) -> None:
        """End the process and every post that still runs in one."""
        if self._chains is not None:
            self._chains.close()
        if self._starting is not None:
            self._starting.join()  # or it would start one that nobody ends
        with self._lock:
            if self._warm is not None:
                self._warm.close()
                self._warm = None

    def _start(self) -> None:
        with self._lock, contextlib.suppress(MlblogError, OSError):  # whoever needs it tries again, and is told
            if self._warm is None:
                self._warm = Warm(self.project)

    def _open(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with self._lock, theirs:
            if self._warm is None or not self._warm.is_alive:
                self._warm = Warm(self.project)
            try:
                socket.send_fds(self._warm.control, [b"."], [theirs.fileno()])
            except OSError as error:
                raise MlblogError("the process that runs cells ended; what it said is above") from error
        return ours


def _unit_to_json(unit: Unit) -> dict[str, Any]:
    line = unit.code_line if isinstance(unit, (Cell, Doctest)) else unit.line
    may_raise = isinstance(unit, Cell) and "raises-exception" in unit.options.tags
    raster = isinstance(unit, Cell) and unit.options.raster
    kind = _KIND[type(unit).__name__]
    return {"kind": kind, "code": unit.code, "line": line, "may_raise": may_raise, "raster": raster}
