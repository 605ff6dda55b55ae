"""Describe the failure of a unit: line of the post, statement, and location in called code."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from mlblog.press.kernel.examples import ExampleFailed
from mlblog.press.kernel.unit import Task

#: Advice for errors whose own messages assume a terminal, by class name.
_CURES = {
    "SystemExit": "posts must not exit; remove this call, or mark the block `.noeval`",
    "EOFError": "`input()` does not work in a post; put the value into the cell",
    "KeyboardInterrupt": "interrupted from the keyboard; save the post to run it again",
    "BdbQuit": "posts cannot open a debugger; use `pytest --pdb posts_src`",
}
#: Advice for missing libraries, by import name.
_EXTRAS = dict.fromkeys(("altair", "plotly", "vl_convert"), "pip install 'mlblog[charts]'")


def describe(error: BaseException, task: Task, path: str, root: Path) -> dict[str, Any]:
    """The failure of `task` of the post at `path`, as JSON values."""
    if isinstance(error, ExampleFailed):
        return _example(error, task, path, root)
    name = type(error).__name__
    text = without_machine(_message_of(error), root)
    frames = traceback.extract_tb(error.__traceback__)
    own = [i for i, frame in enumerate(frames) if frame.filename == path]
    message = f"{name}: {text}" if text else name
    if isinstance(error, SyntaxError) and error.filename == path:
        line, where = error.lineno or task.line, ""
        # `error.text` comes from the file by the cell's line number; non-Python lines are commented out in the shadow
        statement = linecache.getline(path, line).strip().removeprefix("# ")
        message = f"{name}: {error.msg}"
        shown: list[traceback.FrameSummary] = []
    elif own:
        line = frames[own[0]].lineno or task.line
        statement = (frames[own[0]].line or "").strip()
        shown = list(frames[own[0] :])
        inner = [frame for frame in shown if _in_project(frame.filename, root)][-1]
        here = (inner.filename, inner.lineno) == (frames[own[0]].filename, line)
        where = "" if here else f"{_relative(inner.filename, root)}:{inner.lineno} in {inner.name}"
    else:
        line, statement, where, shown = task.line, task.code.strip().split("\n")[0], "", list(frames)
    last = traceback.format_exception_only(error)
    project = [f for f in shown if _in_project(f.filename, root)]
    return {
        "line": line,
        "message": message,
        "statement": statement,
        "where": where,
        "cure": _cure(error),
        "name": name,
        "value": text,
        "traceback": without_machine("".join([*traceback.format_list(shown), *last]), root),
        "excerpt": "".join(f"{_relative(f.filename, root)}:{f.lineno}, in {f.name}\n    {f.line}\n" for f in project),
    }


def _example(error: ExampleFailed, task: Task, path: str, root: Path) -> dict[str, Any]:
    """The failure of a doctest, reported on its own line."""
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
    return describe(cause, task, path, root) | own | {"where": where}


def error_output(error: dict[str, Any]) -> dict[str, Any]:
    """The error of a `raises-exception` cell as a notebook output."""
    lines = [*error["excerpt"].splitlines(), error["message"]]  # project frames only, without local paths
    return {"output_type": "error", "ename": error["name"], "evalue": error["value"], "traceback": lines}


def without_machine(text: str, root: Path) -> str:
    """`text` with local paths made relative to the project or the library."""
    places = {str(root), str(root.resolve()), *sys.path, *map(os.path.realpath, sys.path)}
    for place in sorted((place for place in places if len(place) > 1), key=len, reverse=True):
        text = text.replace(f"{place}/", "")
    return text


def _cure(error: BaseException) -> str:
    if isinstance(error, ImportError) and error.name in _EXTRAS:
        return _EXTRAS[error.name]
    return next((cure for kind, cure in _CURES.items() if kind in _kinds(error)), "")


def _kinds(error: BaseException) -> set[str]:
    return {kind.__name__ for kind in type(error).__mro__}


def _message_of(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as inner:  # a cell may define any class
        return f"the error message is not available: {type(inner).__name__}"


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
