"""One progress display for all runs: bars on a terminal, occasional lines elsewhere."""

from __future__ import annotations

import contextlib
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING

from mlblog.lab.running.in_progress import progress
from mlblog.lab.running.jobs import Job
from mlblog.lab.running.run import Report

if TYPE_CHECKING:
    from rich.progress import Progress

SECONDS_BETWEEN_LINES = 15.0


class Display:
    """Shows the progress of jobs, each with its own bar or lines.

    Use it as a context manager, and `report(job)` as what an executor reports to.
    """

    def __init__(self, jobs: list[Job]) -> None:
        """Show `jobs`."""
        self._jobs = jobs
        self._bars: Progress | None = None
        self._tasks: dict[str, int] = {}
        self._said: dict[str, float] = {}
        self._done = 0

    def __enter__(self) -> Display:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            self._bars = Progress(
                TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(),
                TextColumn("{task.fields[message]}", style="dim"), console=Console(stderr=True),
            )  # fmt: skip
            self._bars.start()
            self._tasks["all"] = self._bars.add_task("runs", total=len(self._jobs), message="")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        if self._bars:
            self._bars.stop()

    def report(self, job: Job) -> Report:
        """Return a callback for the progress of `job`."""
        name = str(job.key)

        def tell(label: str, done: int, total: int | None, message: str) -> None:
            if self._bars:
                if name not in self._tasks:
                    self._tasks[name] = self._bars.add_task(name, total=None, message="")
                self._bars.update(self._tasks[name], completed=done, total=total, message=f"{label} {message}")  # type: ignore[arg-type]
                return
            begins = not done and total is None  # nothing to report yet
            if not begins and time.monotonic() - self._said.get(name, -SECONDS_BETWEEN_LINES) >= SECONDS_BETWEEN_LINES:
                self._said[name] = time.monotonic()
                self._line(f"{name}: {progress(label, done, total, message)}")

        return tell

    def say(self, job: Job, what: str) -> None:
        """Show a message about a running `job`."""
        if self._bars:
            self._bars.console.print(f"{job.key}: {what}", highlight=False, markup=False)
        else:
            self._line(f"{job.key}: {what}")

    def finished(self, job: Job, how: str) -> None:
        """Say that `job` has ended, and how."""
        name = str(job.key)
        self._done += 1
        if self._bars:
            if name in self._tasks:
                self._bars.remove_task(self._tasks.pop(name))  # type: ignore[arg-type]
            self._bars.update(self._tasks["all"], completed=self._done)  # type: ignore[arg-type]
            self._bars.console.print(f"{name}: {how}", highlight=False, markup=False)
        else:
            self._line(f"[{self._done}/{len(self._jobs)}] {name}: {how}")

    @staticmethod
    def _line(text: str) -> None:
        with contextlib.suppress(OSError):  # a closed pipe, as with `| head`, must not end a run
            sys.stderr.write(text.rstrip() + "\n")
            sys.stderr.flush()
