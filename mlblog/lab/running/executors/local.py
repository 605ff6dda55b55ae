"""Runs in local processes: one per GPU or, without GPUs, one per core."""

from __future__ import annotations

import os
import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

from mlblog.errors import RunError
from mlblog.lab.project import Project
from mlblog.lab.records.record import Record
from mlblog.lab.running.environment import gpus, pick_device
from mlblog.lab.running.executors.process import Process
from mlblog.lab.running.jobs import Job
from mlblog.lab.running.run import Report


class LocalExecutor:
    """A pool of slots; a job takes one, and runs there in a fresh process."""

    resumes = True

    def __init__(
        self, project: Project, *, slots: int | None = None, timeout: float | None = None, previews: bool = False
    ) -> None:
        """Run the experiments of `project`.

        Args:
            project: whose experiments.
            slots: runs at a time; one per GPU or core if not given.
            timeout: seconds after which a run is killed; None for no limit.
            previews: whether runs may read previews of other experiments.
        """
        self._project, self._timeout, self._previews = project, timeout, previews
        self._stopped = f"stopped after {timeout or 0:g} s{{at}}; it can resume from its checkpoint, if it has one"
        device = pick_device()
        count = slots or (gpus() if device == "cuda" else os.cpu_count() or 1)
        self._free: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        for slot in range(count):
            one = visible[slot % len(visible)] if visible else str(slot % max(gpus(), 1))
            self._free.put({"CUDA_VISIBLE_DEVICES": one} if device == "cuda" else {})
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="mlblog-run")
        self._alive: set[Process] = set()
        self._lock = threading.Lock()
        self._cancelled = False

    def submit(self, job: Job, report: Report) -> Future[Record]:
        """Queue `job` for the next free slot."""
        return self._threads.submit(self._carry_out, job, report)

    def close(self, *, cancel: bool = False) -> None:
        """Wait for all runs, or kill them."""
        if cancel:
            with self._lock:
                self._cancelled = True
                for process in self._alive:
                    process.kill("interrupted{at}")
        self._threads.shutdown(wait=True, cancel_futures=cancel)

    def _carry_out(self, job: Job, report: Report) -> Record:
        slot = self._free.get()
        try:
            return self._in_process(job, report, slot)
        finally:
            self._free.put(slot)

    def _in_process(self, job: Job, report: Report, slot: dict[str, str]) -> Record:
        log = job.log(self._project.work)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            process = self._begun(job, output, slot)
            watchdog = threading.Timer(self._timeout, process.kill, [self._stopped]) if self._timeout else None
            try:
                if watchdog:
                    watchdog.start()
                return process.record(report)
            except RunError as error:
                raise RunError(f"{error} (log: {self._project.relative(log)})") from error
            finally:
                if watchdog:
                    watchdog.cancel()
                with self._lock:
                    self._alive.discard(process)

    def _begun(self, job: Job, output: BinaryIO, slot: dict[str, str]) -> Process:
        with self._lock:
            if self._cancelled:
                raise RunError(f"{job.key}: interrupted")
            checkpoints = job.checkpoints(self._project.work)
            environment = {**os.environ, **slot}
            process = Process(
                job, self._project.root, output,
                environment=environment, checkpoints=checkpoints, previews=self._previews,
            )  # fmt: skip
            self._alive.add(process)
            return process
