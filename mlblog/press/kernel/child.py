"""Run one post in its own process, unit by unit, and report results as JSON lines."""

from __future__ import annotations

import functools
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlblog.lab import Project
from mlblog.lab.observing.fromsource import import_from_source
from mlblog.lab.records.reading import reading_everywhere
from mlblog.lab.spec import read_previews
from mlblog.press.kernel.again import looks_at_post, run_again, settings
from mlblog.press.kernel.failure import describe, error_output
from mlblog.press.kernel.forks import Line
from mlblog.press.kernel.job import Job
from mlblog.press.kernel.limits import limit_memory
from mlblog.press.kernel.snapshot import Snapshots
from mlblog.press.kernel.unit import Failed, NothingRaised, run_unit
from mlblog.press.kernel.watch import Watch

if TYPE_CHECKING:
    from mlblog.press.kernel.shell import PostShell


def run_job(shell: PostShell, watch: Watch, line: Line) -> None:
    """Run the job received on `line`.

    Events: `pid`; for each unit `begin`, `shows` (on first output) and `ran`; `failed` for the first failure
    (which ends the run); `done`.
    If the job says `keep`, `asleep` sends a socket that wakes the process as it was before a unit; the job sent on it
    has the current version of the post, and runs from its `start` on after its `rerun`.
    """
    job, recorder = line.job(), shell.recorder
    recorder.capture.renew()
    line.say(event="pid", pid=os.getpid(), attached=recorder.capture.descriptors)
    root = Path(job.root)
    os.chdir(root)
    sys.path.insert(0, str(root))
    import_from_source(job.packages)
    limit_memory(job.memory)
    read_previews(wanted=job.previews)
    watch.open_post(Project(root, tuple(job.packages)), job.path)
    snapshots = Snapshots(watch)
    recorder.workers.adopt()
    recorder.workers.watch()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a server started in the background ignores SIGINT
    shell.open_post(job.path, job.shadow)
    number, since = 0, 0.0
    known: list[Any] = []  # the settings before each unit
    while True:
        if job.keep is not None and since >= job.keep and snapshots.is_possible(line, recorder.capture.descriptors):
            woken = snapshots.keep(line, number)
            recorder.workers.adopt()
            recorder.capture.renew()
            since = 0.0
            if woken is not None:
                line, job = woken
                shell.show_lines(job.path, job.shadow)
                limit_memory(job.memory)
            line.say(event="pid", pid=os.getpid(), attached=recorder.capture.descriptors)
            if (rerun := job.rerun) is not None and woken is not None:
                number = job.start
                again = functools.partial(_run_again, shell, job, watch, line)
                is_edited = bool(rerun.again or rerun.was)
                is_watched = is_edited and looks_at_post(root / name for name in watch.modules())
                if is_watched or not run_again(shell, known, rerun, again):
                    line.say(event="unproved")
                    return
                known[rerun.first :] = [settings()] * (number - rerun.first)
        if number == len(job.units):
            break
        known[number:] = [settings()]
        start = time.perf_counter()
        line.say(event="begin", unit=number)
        recorder.on_first_output = functools.partial(line.say, event="shows")
        result = _run_unit(shell, job, number, watch)
        if "error" in result:
            line.say(event="failed", unit=number, error=result["error"])
            return
        line.say(event="ran", unit=number, **result)
        since += time.perf_counter() - start
        number += 1
    line.say(event="done")


def _run_again(shell: PostShell, job: Job, watch: Watch, line: Line, number: int) -> bool:
    """Run a unit out of order; return whether its outputs are those of an in-order run."""
    line.say(event="begin", unit=number)
    shell.recorder.on_first_output = None
    result = _run_unit(shell, job, number, watch)
    # a repeated warning is suppressed, so outputs could differ
    if "error" in result or any(output.get("name") == "stderr" for output in result["outputs"]):
        return False
    line.say(event="again", unit=number, **result)
    return True


def _run_unit(shell: PostShell, job: Job, number: int, watch: Watch) -> dict[str, Any]:
    task, place = job.units[number], (job.path, Path(job.root))
    with watch.watching(task.code) as found, reading_everywhere() as reads:
        try:
            outputs, allowed = run_unit(shell, task)
        except NothingRaised as error:
            return {"error": {"line": task.line, "message": str(error), "traceback": ""}}
        except Failed as failed:
            return {"error": describe(failed.error, task, *place)}
        if allowed is not None:
            outputs = [*outputs, error_output(describe(allowed, task, *place))]
    return {"outputs": outputs, "reads": [read.to_json() for read in reads], **found}
