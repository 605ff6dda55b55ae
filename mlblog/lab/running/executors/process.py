"""A run in a separate process: start it, follow it, and explain its failure."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import IO, BinaryIO

from mlblog.errors import RunError
from mlblog.lab.records.record import Record
from mlblog.lab.running.jobs import Job
from mlblog.lab.running.run import Report

_LEAVING = 10.0  # seconds that a process may take to exit after its record has arrived


class Process:
    """A process that carries out one job; make it, then call `record`."""

    def __init__(
        self,
        job: Job,
        root: Path,
        log: BinaryIO,
        *,
        environment: Mapping[str, str],
        checkpoints: Path | None,
        previews: bool = False,
    ) -> None:
        """Start `job` of the project at `root`, with output to the file `log`; with `previews`, it may read them."""
        self._job, self._log = job, log
        kept = None if checkpoints is None else str(checkpoints)
        self._asked = {"job": job.to_json(), "checkpoints": kept, "previews": previews}
        self._killed = ""
        self._where = ""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mlblog.lab.worker"], cwd=root,
            env={**environment, "MLBLOG_ROOT": str(root)},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
        )  # fmt: skip

    def kill(self, why: str) -> None:
        """Kill it; `why` goes into the message, with `{at}` replaced by how far it was."""
        self._killed = why
        self._process.kill()

    def record(self, report: Report) -> Record:
        """Follow it to its end, passing its progress on, and return its record.

        Raises:
            RunError: it left none; the message says why.
        """
        try:
            found = self._follow(report)
        except BaseException:
            self._process.kill()
            raise
        finally:
            self._end()
        if isinstance(found, Record):
            return found
        raise RunError(found or self._explained())

    def _follow(self, report: Report) -> Record | str | None:
        """Return the record, or the error that the process reported, or None if it ended without either."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        report("starting", 0, None, "")
        try:
            process.stdin.write(json.dumps(self._asked).encode() + b"\n")
            process.stdin.flush()
            for line in process.stdout:
                kind, *told = json.loads(line)
                if kind == "error":
                    return str(told[0])
                if kind == "record":
                    return self._received(process.stdout, *told)
                label, done, total, message = told
                self._where = f" at {label} {done}"
                report(label, done, total, message)
        except (BrokenPipeError, json.JSONDecodeError):
            pass  # it died in the middle of a line; its exit code says how
        return None

    def _received(self, stream: IO[bytes], of_text: int, of_arrays: int) -> Record | None:
        text, arrays = stream.read(of_text), stream.read(of_arrays)
        if len(text) < of_text or len(arrays) < of_arrays:
            return None  # it died while writing
        return Record.from_files(text, lambda _: arrays, path=str(self._job.key))

    def _end(self) -> None:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdout.close()
            process.wait(_LEAVING)
        except subprocess.TimeoutExpired:
            process.kill()  # perhaps a thread that never ends; the record is here already
            process.wait()
        finally:
            with contextlib.suppress(BrokenPipeError):  # what it never read is still in the buffer
                process.stdin.close()

    def _explained(self) -> str:
        key, code = self._job.key, self._process.returncode
        if self._killed and code == -9:
            return f"{key}: {self._killed.replace('{at}', self._where)}"
        if code == 0:
            return f"{key}: its process exited with code 0 without a record{self._where}; an experiment must return"
        cause = f"killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        hint = "; the system kills processes when memory runs out" if code == -9 else ""
        said = f": {last}" if (last := self._last_line()) else ""
        return f"{key}: {cause}{self._where}{hint}{said}"

    def _last_line(self) -> str:
        with open(self._log.name, encoding="utf-8", errors="replace") as log:
            lines = log.read().strip().splitlines()
        return lines[-1] if lines else ""
