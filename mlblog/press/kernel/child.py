"""One post in its own process: run its units in order and say what each left, as JSON lines."""

from __future__ import annotations

import functools
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlblog.lab import reading
from mlblog.lab.observing.fromsource import import_from_source
from mlblog.press.kernel.failure import describe, error_output
from mlblog.press.kernel.forks import Line
from mlblog.press.kernel.limits import limit_memory
from mlblog.press.kernel.snapshot import Snapshots
from mlblog.press.kernel.watch import Watch

if TYPE_CHECKING:
    from mlblog.press.kernel.shell import PostShell


def run_job(shell: PostShell, line: Line) -> None:
    """Run the job that `line` brings (`path`, `root`, `packages`, `shadow`, `units`, `keep`, `memory`).

    Events: `pid`, for each unit `begin`, `shows` (if it shows anything) and `ran`, `failed` for the first that fails
    (nothing runs after it), `done`.
    With `keep`, a number of seconds of work that are worth keeping, `asleep` brings a socket that wakes the process as
    it was before a unit; the job that comes on it has the post as it is by then, and runs from that unit on.
    """
    job = line.job()
    line.say(event="pid", pid=os.getpid())
    root = Path(job["root"])
    os.chdir(root)
    sys.path.insert(0, str(root))
    import_from_source(job["packages"])
    limit_memory(job["memory"])
    watch = Watch(root, job["packages"], job["path"])
    snapshots = Snapshots(watch)
    shell.open_post(job["path"], job["shadow"])
    number, since = 0, 0.0
    while True:
        if job["keep"] is not None and since >= job["keep"] and snapshots.is_possible(line, shell.capture.descriptors):
            woken = snapshots.keep(line, number)
            shell.capture.renew()
            since = 0.0
            if woken is not None:
                line, job = woken
                shell.show_lines(job["path"], job["shadow"])
                limit_memory(job["memory"])
            line.say(event="pid", pid=os.getpid())
        if number == len(job["units"]):
            break
        start = time.perf_counter()
        line.say(event="begin", unit=number)
        shell.on_first_output = functools.partial(line.say, event="shows")
        left = _run_unit(shell, job, number, watch)
        if "error" in left:
            line.say(event="failed", unit=number, error=left["error"])
            return
        line.say(event="ran", unit=number, **left)
        since += time.perf_counter() - start
        number += 1
    line.say(event="done")


def _run_unit(shell: PostShell, job: dict[str, Any], number: int, watch: Watch) -> dict[str, Any]:
    from mlblog.press.kernel.shell import Failed

    unit = job["units"][number]
    run = {"cell": shell.run_cell_at, "inline": shell.evaluate, "doctest": shell.check}[unit["kind"]]
    shell.raster = unit["raster"]
    watch.begin()
    with reading() as reads:
        try:
            outputs = run(unit["code"], unit["line"])
        except Failed as failed:
            error = describe(failed.error, unit, job["path"], Path(job["root"]))
            if not unit["may_raise"]:
                return {"error": error}
            outputs = [*shell.outputs, error_output(error)]
        else:
            if unit["may_raise"]:
                message = "tagged raises-exception, but it raised nothing; remove the tag"
                return {"error": {"line": unit["line"], "message": message, "traceback": ""}}
    return {
        "outputs": outputs,
        "reads": [read.to_json() for read in reads],
        "files": watch.files(),
        "lines": watch.lines_asked,
    }
