"""Runs on a Ray cluster.

Ray ships the project's working copy to the nodes, gives each run a core or a GPU, and begins a run again where its
node died. On the node, as on this machine, each run has its own process. Records and logs come back to the driver,
which alone writes to the store: each arrives once. Nodes keep no checkpoints: a node may die, and its disk with it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import ray
from ray.exceptions import RayError

from mlblog.errors import RunError
from mlblog.files.atomic import write_atomically
from mlblog.lab.declared import experiments
from mlblog.lab.project import Project
from mlblog.lab.records.record import Record
from mlblog.lab.running.jobs import Job
from mlblog.lab.running.run import Report

# what nodes do not need: records, pages and caches are large, and the store stays with the driver
_LEFT_BEHIND = [".git", ".mlblog", ".venv", "site", "**/__pycache__"]
_BETWEEN = 0.5  # seconds between two looks at how far the runs are
_LOG = 2**20  # bytes of a log's end that come home


def _unread(project: Project) -> list[str]:
    """The folders of records that no experiment reads."""
    read = {name for declaration in experiments(project).values() for name in declaration.reads}
    folders = sorted(project.results.iterdir()) if project.results.is_dir() else []
    return [project.relative(folder) for folder in folders if folder.name not in read]


class RayExecutor:
    """Submits each job as a Ray task, with as many retries as nodes may die under it."""

    resumes = False

    def __init__(
        self, project: Project, *, address: str | None = None, retries: int = 5, gpu: bool | None = None
    ) -> None:
        """Join a cluster.

        Args:
            project: whose experiments; its files are shipped to the nodes.
            address: of an existing cluster (`ray://…` or `host:port`); the one that Ray finds, or a new local one.
            retries: how often a run is begun again after its node was lost.
            gpu: whether a run needs a GPU; by default if the cluster has any.
        """
        environment = {"working_dir": str(project.root), "excludes": [*_LEFT_BEHIND, *_unread(project)]}
        self._project, self._retries = project, retries
        ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR)
        wants_gpu = gpu if gpu is not None else bool(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]  # Ray gives it no types
        # one task a process: what the last run left in memory and in the environment must not reach the next
        options: dict[str, Any] = {"num_cpus": 1, "max_retries": retries, "retry_exceptions": False, "max_calls": 1}
        if wants_gpu:
            options["num_gpus"] = 1
        self._task = ray.remote(**options)(_carry_out)
        self._board: Any = ray.remote(num_cpus=0, max_restarts=-1)(_Board).remote()
        self._lock = threading.Lock()
        self._under_way: dict[str, tuple[Any, Report]] = {}
        self._closed = threading.Event()
        self._teller = threading.Thread(target=self._tell, daemon=True)
        self._teller.start()

    def submit(self, job: Job, report: Report) -> Future[Record]:
        """Hand `job` to the cluster."""
        reference = self._task.remote(job.to_json(), self._board)
        with self._lock:
            self._under_way[job.key.stem] = reference, report
        future: Future[Record] = Future()
        threading.Thread(target=self._collect, args=(reference, job, future), daemon=True).start()
        return future

    def close(self, *, cancel: bool = False) -> None:
        """Leave the cluster; with `cancel`, end what still runs there."""
        self._closed.set()
        self._teller.join()
        if cancel:
            with self._lock:
                references = [reference for reference, _ in self._under_way.values()]
            for reference in references:
                ray.cancel(reference, force=True)
        ray.kill(self._board)
        ray.shutdown()

    def _collect(self, reference: Any, job: Job, future: Future[Record]) -> None:
        try:
            text, arrays, error, log = ray.get(reference)
            path = job.log(self._project.work)
            write_atomically(path, log)
            if error:
                raise RunError(f"{error} (log: {self._project.relative(path)})")
            found = Record.from_files(text, lambda _: arrays, path=str(job.key))
        except RayError as error:
            lost = f"lost on the cluster, with its output: {type(error).__name__}: {error}"
            self._forget(job)
            future.set_exception(RunError(f"{job.key}: {lost} (retried up to {self._retries} times)"))
        except Exception as error:
            self._forget(job)
            future.set_exception(error)
        else:
            self._forget(job)
            future.set_result(found)

    def _forget(self, job: Job) -> None:
        with self._lock:
            self._under_way.pop(job.key.stem, None)

    def _tell(self) -> None:
        """Pass on the progress on the board; a board that is unreachable for a while harms no run."""
        while not self._closed.wait(_BETWEEN):
            with contextlib.suppress(RayError):
                for stem, progress in ray.get(self._board.taken.remote(), timeout=10).items():
                    with self._lock:
                        if stem in self._under_way:
                            self._under_way[stem][1](*progress)


class _Board:
    """An actor: the latest progress of each run, until the driver takes it."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[Any, ...]] = {}

    def put(self, stem: str, progress: tuple[Any, ...]) -> None:
        self._latest[stem] = progress

    def taken(self) -> dict[str, tuple[Any, ...]]:
        latest, self._latest = self._latest, {}
        return latest


def _carry_out(asked: dict[str, Any], board: Any) -> tuple[bytes, bytes, str, bytes]:
    """What runs on a node, in the working copy that Ray has put there.

    Returns:
        The record's two files, or nothing and what went wrong; and the end of the log. An experiment's exception is
        not raised here, as Ray would have to pickle it.
    """
    import os
    import tempfile
    from pathlib import Path

    from mlblog.lab.running.executors.process import Process

    job = Job.from_json(asked)
    with tempfile.NamedTemporaryFile(prefix="mlblog-", suffix=".log") as log:
        text, arrays, error = b"", b"", ""
        try:
            process = Process(job, Path.cwd(), log, environment=os.environ, checkpoints=None)  # type: ignore[arg-type]
            text, arrays = process.record(_putting(board, job.key.stem)).files
        except RunError as failure:
            error = str(failure)
        size = log.seek(0, os.SEEK_END)
        log.seek(max(size - _LOG, 0))
        return text, arrays, error, log.read()


def _putting(board: Any, stem: str) -> Callable[[str, int, int | None, str], None]:
    import time

    last = 0.0

    def put(*progress: Any) -> None:
        nonlocal last
        if time.monotonic() - last >= _BETWEEN:
            last = time.monotonic()
            with contextlib.suppress(RayError):  # the board's node may have died; the run goes on
                board.put.remote(stem, progress)

    return put
