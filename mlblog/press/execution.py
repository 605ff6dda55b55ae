"""Run the posts whose outputs are missing, several at a time; live preview does not wait for slow cells."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor, wait
from pathlib import Path

from mlblog.errors import StillRuns, Superseded
from mlblog.files.state import Mark, marks
from mlblog.lab import Code, Lab
from mlblog.press.cache.outputs import OutputCache, keys, manifest, settled
from mlblog.press.kernel.basis import Basis
from mlblog.press.kernel.output import Outputs
from mlblog.press.page.published import Published
from mlblog.press.runner.execute import Server
from mlblog.press.runner.runs import PATIENCE, Run, Sources
from mlblog.press.source.document import Post
from mlblog.press.stages import Executed, Failed, Parsed, Stage, Unchanged


def executed(parsed: Parsed, outputs: Outputs, code: Code, *, ran: bool) -> Executed:
    """A post with its outputs, which this build made (`ran`) or found in the cache."""
    published = Published.of(parsed.post, outputs, manifest(parsed.post, code))
    return Executed(parsed, outputs, published, ran)


class Execution:
    """Runs posts in the kernel process of one build, and caches their outputs."""

    def __init__(
        self, lab: Lab, server: Server, cache: OutputCache, basis: Basis, meanwhile: Callable[[], None]
    ) -> None:
        """Run posts in `server`; call `meanwhile` once they run."""
        self._lab, self._server, self._cache, self._basis = lab, server, cache, basis
        self._meanwhile = meanwhile

    def run(self, posts: Sequence[Stage], fail_fast: bool) -> list[Unchanged | Executed | Failed]:
        """Run the posts that are only parsed, and return all; after a failure, `fail_fast` leaves out the rest.

        Raises:
            Superseded: in live preview, if files were saved meanwhile.
        """
        due = [post for post in posts if isinstance(post, Parsed)]
        results = self._results(due, fail_fast) if due else {}
        stages = (results.get(post.path) if isinstance(post, Parsed) else post for post in posts)
        return [stage for stage in stages if stage is not None]

    def _results(self, due: Sequence[Parsed], fail_fast: bool) -> dict[Path, Executed | Failed]:
        live, sources = self._server.live, self._sources()
        if not self._basis.holds(self._server.base):
            self._server.renew()
        self._server.progress.begin(len(due))
        results: dict[Path, Executed | Failed] = {}
        pool = ThreadPoolExecutor(min(len(due), os.cpu_count() or 1))
        try:
            runs = [(self._begin(pool, parsed.post, sources), parsed) for parsed in due]
            running = {run.future: (run, parsed) for run, parsed in runs}
            self._meanwhile()
            while running:
                for future in wait(running, timeout=0.1 if live else 1.0, return_when="FIRST_COMPLETED").done:
                    run, parsed = running.pop(future)
                    if future.cancelled():
                        continue
                    if live and run.sources is not sources and not self._still_holds(run):
                        run = self._begin(pool, parsed.post, sources)
                        running[run.future] = run, parsed
                        continue
                    result = results[parsed.path] = self._take(run, parsed)
                    if isinstance(result, Failed) and fail_fast:
                        for other in running:
                            other.cancel()
                if running and live:
                    if self._server.runs.is_superseded():
                        raise Superseded("files were saved while their posts ran")
                    if all(self._is_slow(run) for run, _ in running.values()):
                        for run, parsed in running.values():
                            results[parsed.path] = Failed(parsed.path, self._still_runs(run), parsed)
                        break
        except Superseded:
            raise
        except BaseException:
            self._server.close()  # wakes waiting threads
            raise
        finally:
            pool.shutdown(wait=not live, cancel_futures=True)
        return results

    def _begin(self, pool: Executor, post: Post, sources: Sources) -> Run:
        def work(stop: threading.Event) -> Outputs:
            return settled(post, self._lab.code, self._server.run(post, unit_keys, self._cache.holds, stop))

        unit_keys = keys(post, self._lab.code) if self._server.live else ()
        return self._server.runs.begin(pool, post, unit_keys, sources, work)

    def _take(self, run: Run, parsed: Parsed) -> Executed | Failed:
        """Take and cache the outputs of a run that has ended."""
        self._server.runs.end(run)
        self._server.progress.ended(parsed.post.path)
        try:
            outputs = run.future.result()
        except Exception as error:
            return Failed.of(error, parsed.path, self._lab.project, parsed)
        if self._sources() == run.sources:  # otherwise its keys may not match the code that ran
            self._cache.put(parsed.post, self._lab.code, outputs)
        return executed(parsed, outputs, self._lab.code, ran=True)

    def _still_holds(self, run: Run) -> bool:
        """Whether the inputs of a run begun by an earlier build are unchanged."""
        return run.future.exception() is not None or all(map(self._cache.holds, run.future.result().ran))

    def _is_slow(self, run: Run) -> bool:
        if run.future.done():
            return False
        talk = self._server.talk_of(run.post.path)
        return talk.seconds > PATIENCE if talk else not run.future.running()  # queued behind slow runs

    def _still_runs(self, run: Run) -> StillRuns:
        talk = self._server.talk_of(run.post.path)
        return talk.still_runs() if talk else StillRuns(run.post.path, 1, "waiting for other posts to finish")

    def _sources(self) -> dict[str, Mark]:
        """The current state of every project module on disk."""
        return marks(self._lab.code.modules().values())
