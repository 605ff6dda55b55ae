"""Runs on a Ray cluster, for those who outgrow one machine.

Ray ships the project's working copy to the nodes, gives each run a core or a GPU, and begins a run again where its
node died. Records come back to the driver, which alone writes to the store: each arrives once.
"""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import Future
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError

from mlblog.errors import RunError
from mlblog.lab.jobs import Job
from mlblog.lab.project import Project
from mlblog.lab.record import Record
from mlblog.lab.run import Report

# what nodes do not need: records, pages and caches are large, and the store stays with the driver
_LEFT_BEHIND = [".git", ".mlblog", ".venv", "site", "docs/results", "**/__pycache__"]


class RayExecutor:
    """Submits each job as a Ray task, with as many retries as nodes may die under it."""

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
        environment = {"working_dir": str(project.root), "excludes": _LEFT_BEHIND}
        self._mine = not ray.is_initialized()
        if self._mine:
            ray.init(address=address, runtime_env=environment, log_to_driver=False, logging_level=logging.ERROR)
        wants_gpu = gpu if gpu is not None else bool(ray.cluster_resources().get("GPU", 0))  # type: ignore[no-untyped-call]  # Ray gives it no types
        options: dict[str, Any] = {"num_cpus": 1, "max_retries": retries, "retry_exceptions": False}
        if wants_gpu:
            options["num_gpus"] = 1
        if not self._mine:
            options["runtime_env"] = environment
        self._task = ray.remote(**options)(_carry_out)
        self._references: list[Any] = []

    def submit(self, job: Job, report: Report) -> Future[Record]:
        """Hand `job` to the cluster."""
        reference = self._task.remote(job.to_json())
        self._references.append(reference)
        report("on the cluster", 0, None, "")
        future: Future[Record] = Future()
        threading.Thread(target=_collect, args=(reference, job, future), daemon=True).start()
        return future

    def close(self, *, cancel: bool = False) -> None:
        """Leave the cluster; with `cancel`, end what still runs there."""
        if cancel:
            for reference in self._references:
                ray.cancel(reference, force=True)
        if self._mine:
            ray.shutdown()


def _collect(reference: Any, job: Job, future: Future[Record]) -> None:
    try:
        text, arrays = ray.get(reference)
        future.set_result(Record.from_files(text, lambda _: arrays, path=str(job.key)))
    except RayTaskError as error:
        future.set_exception(RunError(str(error.cause)))
    except RayError as error:
        future.set_exception(RunError(f"{job.key}: lost on the cluster: {type(error).__name__}: {error}"))
    except Exception as error:
        future.set_exception(error)


def _carry_out(job: dict[str, Any]) -> tuple[bytes, bytes]:
    """What runs on a node: in the working copy that Ray has put there."""
    import os
    from pathlib import Path

    from mlblog.lab.environment import pick_device
    from mlblog.lab.load import load
    from mlblog.lab.run import execute

    root = Path.cwd()
    os.environ["MLBLOG_ROOT"] = str(root)
    found = Job.from_json(json.loads(json.dumps(job)))
    return execute(load(found, root), found.key, found.manifest, root=root, device=pick_device()).files
