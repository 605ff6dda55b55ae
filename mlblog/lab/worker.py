"""One run in a separate process: `python -m mlblog.lab.worker`, the job as one line of JSON on standard input.

Events go to standard output, one JSON list per line: `["progress", …]`, `["error", message]`, or
`["record", sizes…]` followed by the bytes of the record's two files, so that no disk is needed for it to reach the
parent. What the experiment prints goes to standard error. When standard input closes, the parent has died, and the
worker exits.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path
from typing import BinaryIO

from mlblog.errors import MlblogError
from mlblog.lab.project import Project
from mlblog.lab.running.attempt import attempt
from mlblog.lab.running.jobs import Job
from mlblog.lab.spec import read_previews


def main() -> int:
    """Carry out the job on standard input; return the exit code."""
    orders, events = _private(0, os.O_RDONLY, "rb"), _private(1, os.O_WRONLY, "wb")
    me = os.getpid()  # a process that the experiment forks may get here too, and must not report
    asked = json.loads(orders.readline())
    job, checkpoints = Job.from_json(asked["job"]), asked["checkpoints"]
    read_previews(wanted=asked["previews"])
    threading.Thread(target=_die_with_parent, args=(orders,), daemon=True).start()

    def tell(*event: object, content: bytes = b"") -> None:
        if os.getpid() == me:
            events.write(json.dumps(event, default=str).encode() + b"\n" + content)
            events.flush()

    def report(label: str, done: int, total: int | None, message: str) -> None:
        tell("progress", label, done, total, message)

    try:
        record = attempt(job, Project.find().root, report, checkpoints and Path(checkpoints))
        text, arrays = record.files
        tell("record", len(text), len(arrays), content=text + arrays)
    except MlblogError as error:
        traceback.print_exc()
        tell("error", str(error))
        return error.exit_code
    return 0


def _private(number: int, mode: int, kind: str) -> BinaryIO:
    """Take standard input or output away from the experiment: neither its output nor its children may reach it.

    Forked children close their copies: one that outlives the run must not look like a run in progress.
    """
    mine = os.dup(number)
    os.register_at_fork(after_in_child=lambda: os.close(mine))
    if mode == os.O_RDONLY:
        os.dup2(os.open(os.devnull, mode), number)
    else:
        os.dup2(2, number)
    return os.fdopen(mine, kind)  # type: ignore[return-value]  # which of its types depends on `kind`


def _die_with_parent(orders: BinaryIO) -> None:
    while orders.read(4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
