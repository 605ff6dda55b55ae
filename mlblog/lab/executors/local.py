"""Runs in processes of this machine: one a GPU, or, where there is none, one a core."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

from mlblog.errors import RunError
from mlblog.lab.environment import gpus, pick_device
from mlblog.lab.jobs import Job
from mlblog.lab.project import Project
from mlblog.lab.record import Record
from mlblog.lab.run import Report


class LocalExecutor:
    """A pool of slots; a job takes one, and runs there in a fresh process."""

    def __init__(self, project: Project, *, slots: int | None = None, timeout: float | None = None) -> None:
        """Run the experiments of `project`.

        Args:
            project: whose experiments.
            slots: runs at a time; one a GPU or one a core if not given.
            timeout: seconds after which a run is ended; None for no limit.
        """
        self._project, self._timeout = project, timeout
        device = pick_device()
        count = slots or (gpus() if device == "cuda" else os.cpu_count() or 1)
        self._free: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()
        visible = [name for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name]
        for slot in range(count):
            one = visible[slot % len(visible)] if visible else str(slot % max(gpus(), 1))
            self._free.put({"CUDA_VISIBLE_DEVICES": one} if device == "cuda" else {})
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="mlblog-run")
        self._alive: set[subprocess.Popen[str]] = set()
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
                    process.kill()
        self._threads.shutdown(wait=True, cancel_futures=cancel)

    def _carry_out(self, job: Job, report: Report) -> Record:
        slot = self._free.get()
        try:
            with tempfile.TemporaryDirectory(prefix="mlblog-run-") as folder:
                return self._in_process(job, report, Path(folder), slot)
        finally:
            self._free.put(slot)

    def _in_process(self, job: Job, report: Report, folder: Path, slot: dict[str, str]) -> Record:
        log = self._project.work / "logs" / f"{job.key.stem}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, **slot, "MLBLOG_ROOT": str(self._project.root)}
        with log.open("w", encoding="utf-8") as errors:
            with self._lock:
                if self._cancelled:
                    raise RunError(f"{job.key}: interrupted")
                process = subprocess.Popen(
                    [sys.executable, "-m", "mlblog.lab.worker", str(folder)],
                    cwd=self._project.root, env=environment, text=True, encoding="utf-8",
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                )  # fmt: skip
                self._alive.add(process)
            watchdog = threading.Timer(self._timeout, process.kill) if self._timeout else None
            try:
                if watchdog:
                    watchdog.start()
                step = _follow(process, job, report)
            finally:
                if watchdog:
                    watchdog.cancel()
                with self._lock:
                    self._alive.discard(process)
        if process.returncode == 0:
            arrays = (folder / "record.safetensors").read_bytes()
            return Record.from_files((folder / "record.json").read_bytes(), lambda _: arrays, path=str(job.key))
        raise RunError(
            self._explain(job, process.returncode, folder, log, step, bool(watchdog and watchdog.finished.is_set()))
        )

    def _explain(self, job: Job, code: int, folder: Path, log: Path, step: str, timed_out: bool) -> str:
        error = folder / "error.txt"
        if error.is_file():
            return f"{error.read_text(encoding='utf-8')} (log: {self._project.relative(log)})"
        if self._cancelled:
            return f"{job.key}: interrupted{step}"
        if timed_out and code == -9:
            return (
                f"{job.key}: stopped after {self._timeout:g} s{step}; it goes on from its checkpoint, if it keeps one"
            )
        cause = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        hint = "; the system kills processes when memory runs out" if code == -9 else ""
        last = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        said = f": {last[0]}" if last else ""
        return f"{job.key}: {cause}{step}{hint}{said} (log: {self._project.relative(log)})"


def _follow(process: subprocess.Popen[str], job: Job, report: Report) -> str:
    """Hand the job over, pass on its progress until it ends; return where it was, for messages."""
    assert process.stdin is not None
    assert process.stdout is not None
    where = ""
    try:
        process.stdin.write(json.dumps(job.to_json()) + "\n")
        process.stdin.flush()
        for line in process.stdout:
            label, done, total, message = json.loads(line)
            where = f" at {label} {done}"
            report(label, done, total, message)
    except (BrokenPipeError, json.JSONDecodeError):
        pass  # it died in the middle of a line; its exit code tells
    finally:
        process.stdout.close()
        process.wait()
        process.stdin.close()
    return where
