"""One post in its own process: run its units in order and say what each left, as JSON lines."""

from __future__ import annotations

import json
import linecache
import os
import sys
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from mlblog.lab import reading
from mlblog.lab.canonical import digest_file

if TYPE_CHECKING:
    from mlblog.press.shell import PostShell


def run_job(shell: PostShell, job: dict[str, Any], file: IO[str]) -> None:
    """Run `job` (`path`, `root`, `shadow`, `units`) and write an event per step to `file`.

    Events: `begin` and `ran` for each unit, `failed` for the first that fails (nothing runs after it), `done`.
    """
    from mlblog.press.shell import Failed

    def say(**event: Any) -> None:
        file.write(json.dumps(event) + "\n")
        file.flush()

    say(event="pid", pid=os.getpid())
    root = Path(job["root"])
    os.chdir(root)
    sys.path.insert(0, str(root))
    opened = _watch_files(root)
    shell.open_post(job["path"], job["shadow"])
    for number, unit in enumerate(job["units"]):
        say(event="begin", unit=number)
        run = {"cell": shell.run_cell_at, "inline": shell.evaluate, "doctest": shell.check}[unit["kind"]]
        with reading() as reads:
            try:
                outputs = run(unit["code"], unit["line"])
            except Failed as failed:
                error = describe(failed.error, unit, job["path"], root)
                if not unit["may_raise"]:
                    say(event="failed", unit=number, error=error)
                    return
                outputs = [*shell.outputs, _error_output(error)]
            else:
                if unit["may_raise"]:
                    message = "tagged raises-exception, but it raised nothing; remove the tag"
                    say(event="failed", unit=number, error={"line": unit["line"], "message": message, "traceback": ""})
                    return
        say(event="ran", unit=number, outputs=outputs, reads=[read.to_json() for read in reads])
    say(event="done", files={path: digest_file(root / path) for path in sorted(opened)})


def describe(error: BaseException, unit: dict[str, Any], path: str, root: Path) -> dict[str, Any]:
    """What went wrong, on which line of the post, in which statement, and where below it."""
    name = type(error).__name__
    text = str(error)
    frames = traceback.extract_tb(error.__traceback__)
    own = [i for i, frame in enumerate(frames) if frame.filename == path]
    message = text if unit["kind"] == "doctest" else f"{name}: {text}" if text else name
    if isinstance(error, SyntaxError) and error.filename == path:
        line, where = error.lineno or unit["line"], ""
        statement = linecache.getline(path, line).strip()  # `error.text` is the file's, by the cell's line
        message = f"{name}: {error.msg}"
        shown: list[traceback.FrameSummary] = []
    elif own:
        line = frames[own[0]].lineno or unit["line"]
        statement = (frames[own[0]].line or "").strip()
        shown = list(frames[own[0] :])
        inner = [frame for frame in shown if _in_project(frame.filename, root)][-1]
        here = (inner.filename, inner.lineno) == (frames[own[0]].filename, line)
        where = "" if here else f"{_relative(inner.filename, root)}:{inner.lineno} in {inner.name}"
    else:
        line, statement, where, shown = unit["line"], unit["code"].strip().split("\n")[0], "", list(frames)
    project = [f for f in shown if _in_project(f.filename, root)]
    return {
        "line": line,
        "message": message,
        "statement": statement,
        "where": where,
        "name": name,
        "value": text,
        "traceback": "".join(traceback.format_list(shown)) + "".join(traceback.format_exception_only(error)),
        "excerpt": "".join(f"{_relative(f.filename, root)}:{f.lineno}, in {f.name}\n    {f.line}\n" for f in project),
    }


def _error_output(error: dict[str, Any]) -> dict[str, Any]:
    lines = [*error["excerpt"].splitlines(), error["message"]]  # project frames only: no paths of this machine
    return {"output_type": "error", "ename": error["name"], "evalue": error["value"], "traceback": lines}


def _in_project(filename: str, root: Path) -> bool:
    if filename.startswith("<"):
        return False
    path = Path(filename)
    if not path.is_absolute():
        return True
    return path.is_relative_to(root) and "site-packages" not in path.parts


def _relative(filename: str, root: Path) -> str:
    path = Path(filename)
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def _watch_files(root: Path) -> set[str]:
    """Collect the files of the project that the post reads. Code and records are known by other means."""
    opened: set[str] = set()
    left_out = {".mlblog", ".venv", ".git", "site"}

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event != "open" or not isinstance(args[0], str) or (isinstance(args[1], str) and args[1][:1] in "wxa"):
            return
        path = os.path.relpath(os.path.abspath(args[0]), root).replace(os.sep, "/")
        if path.startswith(("..", "docs/results/")) or path.endswith(".pyc"):
            return
        if path.endswith(".py") and sys._getframe(1).f_code.co_filename.startswith("<frozen importlib"):
            return  # an import, which the manifest answers for; inspect.getsource, which shows comments too, is not
        if path.split("/")[0] not in left_out and os.path.isfile(args[0]):
            opened.add(path)

    sys.addaudithook(hook)
    return opened
