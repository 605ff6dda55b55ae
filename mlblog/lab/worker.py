"""One run in a process of its own: `python -m mlblog.lab.worker FOLDER`, the job as one line of JSON on standard input.

Progress goes to standard output, one JSON object a line; the record's files, or the error, into FOLDER. What the
experiment itself prints goes to standard error. When standard input closes, the parent has died: so does the worker.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import traceback
from pathlib import Path

from mlblog.errors import MlblogError
from mlblog.lab.atomic import write_atomically
from mlblog.lab.attempt import attempt
from mlblog.lab.jobs import Job
from mlblog.lab.project import Project


def main(folder: Path) -> int:
    """Carry out the job on standard input; return the exit code."""
    job = Job.from_json(json.loads(sys.stdin.readline()))
    threading.Thread(target=_die_with_parent, daemon=True).start()
    # progress keeps the real standard output; the experiment's own prints must not mix with it
    events = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def report(label: str, done: int, total: int | None, message: str) -> None:
        events.write(json.dumps([label, done, total, message]) + "\n")

    project = Project.find()
    try:
        record = attempt(job, project.root, report, job.checkpoints(project.work))
    except MlblogError as error:
        traceback.print_exc()
        write_atomically(folder / "error.txt", str(error).encode())
        return error.exit_code
    text, arrays = record.files
    write_atomically(folder / "record.safetensors", arrays)
    write_atomically(folder / "record.json", text)
    return 0


def _die_with_parent() -> None:
    while sys.stdin.read(4096):
        pass
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
