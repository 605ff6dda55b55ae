"""What went wrong in a unit: on which line of the post, in which statement, and where below it."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from mlblog.press.kernel.examples import ExampleFailed


def describe(error: BaseException, unit: dict[str, Any], path: str, root: Path) -> dict[str, Any]:
    """The failure of `unit` of the post at `path`, as JSON values."""
    if isinstance(error, ExampleFailed):
        return _example(error, unit, path, root)
    name = type(error).__name__
    text = without_machine(str(error), root)
    frames = traceback.extract_tb(error.__traceback__)
    own = [i for i, frame in enumerate(frames) if frame.filename == path]
    message = f"{name}: {text}" if text else name
    if isinstance(error, SyntaxError) and error.filename == path:
        line, where = error.lineno or unit["line"], ""
        # `error.text` is the file's, by the cell's line; lines that are no Python are comments to tracebacks
        statement = linecache.getline(path, line).strip().removeprefix("# ")
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
    said = traceback.format_exception_only(error)
    project = [f for f in shown if _in_project(f.filename, root)]
    return {
        "line": line,
        "message": message,
        "statement": statement,
        "where": where,
        "name": name,
        "value": text,
        "traceback": without_machine("".join([*traceback.format_list(shown), *said]), root),
        "excerpt": "".join(f"{_relative(f.filename, root)}:{f.lineno}, in {f.name}\n    {f.line}\n" for f in project),
    }


def _example(error: ExampleFailed, unit: dict[str, Any], path: str, root: Path) -> dict[str, Any]:
    """The failure of an example: on its own line, wherever below it something was raised."""
    cause = error.cause or error
    inner = [frame for frame in traceback.extract_tb(cause.__traceback__) if _in_project(frame.filename, root)]
    own = {"line": error.line, "statement": error.statement}
    if error.cause is None:
        text = without_machine(str(error), root)
        return own | {
            "message": text,
            "where": "",
            "name": "AssertionError",
            "value": text,
            "traceback": "",
            "excerpt": "",
        }
    where = f"{_relative(inner[-1].filename, root)}:{inner[-1].lineno} in {inner[-1].name}" if inner else ""
    return describe(cause, unit, path, root) | own | {"where": where}


def error_output(error: dict[str, Any]) -> dict[str, Any]:
    """The failure of a cell that may fail, as an output of the notebook format."""
    lines = [*error["excerpt"].splitlines(), error["message"]]  # project frames only: no paths of this machine
    return {"output_type": "error", "ename": error["name"], "evalue": error["value"], "traceback": lines}


def without_machine(text: str, root: Path) -> str:
    """`text` with the paths of this machine cut to what they are in the project or in the library that they are of."""
    places = {str(root), str(root.resolve()), *sys.path, *map(os.path.realpath, sys.path)}
    for place in sorted((place for place in places if len(place) > 1), key=len, reverse=True):
        text = text.replace(f"{place}/", "")
    return text


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
