"""Run posts in processes forked from a warm one, or, in live preview, from a snapshot before the edited unit."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence

from mlblog.errors import CellError, MlblogError
from mlblog.lab import Project
from mlblog.press.kernel.job import Job
from mlblog.press.kernel.limits import MEMORY, TIMEOUT
from mlblog.press.kernel.output import Outputs, Ran
from mlblog.press.runner.conversation import START, WAKE, Cancelled, Conversation, Gone, Lost, Unproved
from mlblog.press.runner.live import WORTH, Asleep, Chain, Chains, Plan, Stamps
from mlblog.press.runner.progress import Progress
from mlblog.press.runner.runs import Runs
from mlblog.press.runner.tasks import task
from mlblog.press.runner.warm import Warm
from mlblog.press.source.document import Post


class Server:
    """The warm process of one project. It starts with the first post that has to run, and exits on `close`."""

    def __init__(
        self,
        project: Project,
        timeout: float = TIMEOUT,
        *,
        live: bool = False,
        previews: bool = False,
        worth: float = WORTH,
    ) -> None:
        """Run posts of `project`.

        Args:
            project: the project with the posts.
            timeout: default limit of a post, in seconds.
            live: whether to keep snapshots between runs.
            previews: whether posts see previews where records are missing.
            worth: seconds of work that justify a snapshot.
        """
        self.project, self.timeout, self.previews, self._worth = project, timeout, previews, worth
        self._lock = threading.Lock()
        self._warm: Warm | None = None
        self._starting: threading.Thread | None = None
        self.progress = Progress()
        self._chains = Chains(project) if live else None
        self.base: dict[str, str] = {}  # dependencies of the warm process, once a post has run
        self.runs = Runs()
        self._talks: set[Conversation] = set()
        self._own: set[Warm] = set()
        self._closings = 0

    @property
    def live(self) -> bool:
        """Whether it keeps snapshots."""
        return self._chains is not None

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def begin(self) -> None:
        """Start the process in the background, which takes seconds, because a post is going to run."""
        if self._starting is None or not self._starting.is_alive():
            self._starting = threading.Thread(target=self._start, daemon=True)
            self._starting.start()

    def run(
        self,
        post: Post,
        keys: Sequence[str] = (),
        holds: Callable[[Ran], bool] = lambda _: False,
        stop: threading.Event | None = None,
    ) -> Outputs:
        """Run the units of `post` in a separate process. May be called from several threads, for different posts.

        Args:
            post: the post.
            keys: the key of each unit (see `cache`), with which a live server keeps and reuses snapshots.
            holds: whether everything that a unit read is unchanged.
            stop: set it to cancel the run.

        Raises:
            CellError: a unit raised, the post timed out, or its process died.
        """
        outputs = self._run(post, keys, holds, stop or threading.Event())
        for ran in outputs.ran[:1]:
            self.base = {name: state for name, state in ran.rests.items() if name.startswith("base:")}
        return outputs

    def _run(self, post: Post, keys: Sequence[str], holds: Callable[[Ran], bool], stop: threading.Event) -> Outputs:
        closings = self._closings
        try:
            if self._chains is None or len(keys) != len(post.units):
                with self._open() as line:
                    return self._whole(post, line, stop)
            return self._kept(self._chains, post, keys, holds, stop)
        except Gone:
            if self._closings > closings:
                raise
        # a cell of some post killed the warm process: from now on each post gets its own
        with self._alone() as warm, _ask(warm) as line:
            return self._whole(post, line, stop)

    def interrupt(self) -> bool:
        """Interrupt the running units; return whether there were any."""
        interrupted = [talk.interrupt() for talk in list(self._talks)]
        return any(interrupted)

    def talk_of(self, path: str) -> Conversation | None:
        """The current conversation with the post at `path`."""
        return next((talk for talk in list(self._talks) if talk.post.path == path), None)

    def _whole(self, post: Post, line: socket.socket, stop: threading.Event) -> Outputs:
        talk = self._talk(post, line, stop, keep=False)
        self._hold(talk)
        return Outputs(tuple(talk.ran))

    def _kept(
        self, chains: Chains, post: Post, keys: Sequence[str], holds: Callable[[Ran], bool], stop: threading.Event
    ) -> Outputs:
        """Run `post`, from a snapshot if one is usable, and keep snapshots."""
        if (chain := chains.take(post.path)) is not None:
            now = chains.stamps(chain.stamps)
            for plan in chain.plans(post, keys, now, holds):
                try:
                    outputs = self._go_on(chains, chain, plan, post, keys, now, stop)
                except Unproved:
                    continue
                if outputs is not None:
                    return outputs
                break
            chain.close()
        chain = Chain(post.path, chains.stamps())
        with self._open() as line:
            return self._follow(chains, chain, self._talk(post, line, stop, keep=True), keys)

    def _hold(self, talk: Conversation) -> None:
        self._talks.add(talk)
        try:
            talk.hold()
        finally:
            self._talks.discard(talk)

    def _go_on(
        self,
        chains: Chains,
        chain: Chain,
        plan: Plan,
        post: Post,
        keys: Sequence[str],
        now: Stamps,
        stop: threading.Event,
    ) -> Outputs | None:
        """Continue `post` from a snapshot; None if it must run from the start, `Unproved` if from an earlier one."""
        snapshot, moved = plan.asleep.snapshot, plan.has_moved(post)
        if moved and any(ran.shows_lines(post.path) for ran in plan.asleep.ran):
            return None
        chain.cut(plan.asleep)
        chain.stamps = now | {path: chain.stamps[path] for path in snapshot.modules if path in chain.stamps}
        ours, theirs = socket.socketpair()
        try:
            with theirs:
                socket.send_fds(snapshot.control, [b"."], [theirs.fileno()])
        except OSError:  # it has exited
            ours.close()
            return None
        with ours as line:
            talk = self._talk(post, line, stop, keep=True, start=WAKE, plan=plan)
            try:
                outputs = self._follow(chains, chain, talk, keys, plan)
            except Lost as lost:  # a fork may hang where a fresh process would not
                if lost.was_working:
                    raise
                with contextlib.suppress(ProcessLookupError):
                    os.kill(snapshot.pid, signal.SIGKILL)  # it may be the one that hangs
                return None
            except (Cancelled, Unproved):
                raise
            except CellError:
                if moved:
                    return None  # its traceback has line numbers of the old version
                raise
        if moved and any(ran.shows_lines(post.path) for ran in talk.ran):
            return None
        return outputs

    def _follow(
        self, chains: Chains, chain: Chain, talk: Conversation, keys: Sequence[str], plan: Plan | None = None
    ) -> Outputs:
        is_proved = True
        try:
            self._hold(talk)
        except Unproved:
            is_proved = False
            raise
        finally:
            if is_proved:
                came = plan is not None and len(talk.again) == len(plan.replay.again)
                ran = (*(plan.before(talk.again) if plan is not None and came else ()), *talk.ran)
                chain.asleep += [Asleep(one, talk.post, keys, ran[: one.unit]) for one in talk.snapshots]
                more = {path for one in talk.snapshots for path in one.modules} - set(chain.stamps)
                chain.stamps |= {path: stamp for path, stamp in chains.stamps(more).items() if path in more}
                chains.put(chain)
        return Outputs(ran)

    def _talk(
        self,
        post: Post,
        line: socket.socket,
        stop: threading.Event,
        *,
        keep: bool,
        start: float = START,
        plan: Plan | None = None,
    ) -> Conversation:
        timeout = float(post.meta.get("timeout", self.timeout))
        job = Job(
            post.path,
            str(self.project.root),
            list(self.project.packages),
            post.shadow,
            [task(unit) for unit in post.units],
            float(post.meta.get("memory", MEMORY)),
            self.previews,
            keep=self._worth if keep else None,
            start=plan.replay.start if plan else 0,
            rerun=plan.rerun(post) if plan else None,
        )
        line.sendall(job.to_line())
        return Conversation(post, line, timeout, self.progress, start, stop)

    def renew(self) -> None:
        """Start a new warm process, since imports or inputs of this one have changed."""
        self.base = {}
        self.close()

    def close(self) -> None:
        """Stop the process and all running posts."""
        self._closings += 1
        if self._chains is not None:
            self._chains.close()
        if self._starting is not None:
            self._starting.join()  # or it would start a process that is never stopped
        with self._lock:
            if self._warm is not None:
                self._warm.close()
                self._warm = None
            while self._own:
                self._own.pop().close()

    def _start(self) -> None:
        with self._lock, contextlib.suppress(MlblogError, OSError):  # the next user tries again and gets the error
            if self._warm is None:
                self._warm = Warm(self.project)

    def _open(self) -> socket.socket:
        with self._lock:
            if self._warm is not None and not self._warm.is_alive:
                self._warm.close()
                self._warm = None
            self._warm = self._warm or Warm(self.project)
            return _ask(self._warm)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[Warm]:
        """A separate warm process for one run."""
        warm = Warm(self.project)
        with self._lock:
            self._own.add(warm)
        try:
            yield warm
        finally:
            with self._lock:
                self._own.discard(warm)
            warm.close()


def _ask(warm: Warm) -> socket.socket:
    """Ask for a process that runs one post; return our end of its socket."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            socket.send_fds(warm.control, [b"."], [theirs.fileno()])
        except OSError as error:
            ours.close()
            raise MlblogError("the kernel process exited; its output is above") from error
    return ours
