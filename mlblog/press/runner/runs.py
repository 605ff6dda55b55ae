"""Running posts, one thread each. In live preview, a run may outlive the build that started it.

A build that finds a run of the same units under the same keys waits for it; a run that no build needs any
more, because its post was edited, is cancelled.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, field

from mlblog.files.state import Mark
from mlblog.press.kernel.output import Outputs
from mlblog.press.source.document import Post

#: Seconds after which live preview shows the other pages without waiting for a cell.
PATIENCE = 5.0
#: Runs a post until an event is set.
Work = Callable[[threading.Event], Outputs]
Sources = dict[str, Mark]


@dataclass(eq=False)
class Run:
    """One run of a post; `sources` are the states of project modules at its start."""

    post: Post
    keys: Sequence[str]
    sources: Sources
    stop: threading.Event = field(default_factory=threading.Event)
    future: Future[Outputs] = field(default_factory=Future)
    is_left: bool = False  # left by the build that started it, not yet claimed by another

    def is_of(self, post: Post, keys: Sequence[str]) -> bool:
        """Whether a run of `post` would be identical, with the same lines and limits."""
        return self.keys == keys and self.post.units == post.units and self.post.limits == post.limits


class Runs:
    """The runs of one server."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        #: Whether files were saved since the build began, so that a newer build is due.
        self.is_superseded: Callable[[], bool] = lambda: False
        #: Requests another build.
        self.ask_again: Callable[[], None] = lambda: None

    def begin(self, pool: Executor, post: Post, keys: Sequence[str], sources: Sources, work: Work) -> Run:
        """Run `post` in `pool`, or join the run in progress."""
        old = self._runs.get(post.path)
        if old is not None and old.is_of(post, keys) and not old.future.cancelled():
            old.is_left = False
            return old
        run = self._runs[post.path] = Run(post, keys, sources)

        def turn() -> Outputs:
            if old is not None:
                wait([old.future])  # it was cancelled, and holds the snapshots of the post
            return work(run.stop)

        if old is not None:
            old.stop.set()
        run.future = pool.submit(turn)
        return run

    def end(self, run: Run) -> None:
        """Forget a run whose outputs were collected."""
        if self._runs.get(run.post.path) is run:
            del self._runs[run.post.path]

    def keep_only(self, paths: Iterable[str]) -> None:
        """Cancel the runs of all posts except `paths`."""
        for path in self._runs.keys() - set(paths):
            self._runs.pop(path).stop.set()

    def leave(self) -> None:
        """Request another build when one of the current runs finishes."""
        for run in self._runs.values():
            run.is_left = True
            run.future.add_done_callback(functools.partial(self._ended, run))

    def _ended(self, run: Run, _: Future[Outputs]) -> None:
        if run.is_left and not run.stop.is_set():
            self.ask_again()
